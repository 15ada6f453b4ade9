/* SPDX-License-Identifier: MIT
 *
 * The formats that core and console share: sizes, durations, times, GUIDs. All arithmetic is in
 * integers and rounds down, so that "1.0 GiB" is never printed for less. No state, no threads.
 */
#include "core/base/text.h"

#include <stdio.h>
#include <string.h>

#include "core/base/os/os.h"

#define MS_PER_DAY 86400000

void text_bytes(char *out, size_t size, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes < 1024) {
        (void)snprintf(out, size, "%u B", (unsigned)bytes);
        return;
    }
    size_t unit = 0;
    uint64_t scale = 1024;
    while (bytes / scale >= 1024 && unit + 1 < sizeof units / sizeof units[0]) {
        scale *= 1024;
        unit++;
    }
    unsigned whole = (unsigned)(bytes / scale);
    if (whole >= 100) {
        (void)snprintf(out, size, "%u %s", whole, units[unit]);
        return;
    }
    /* bytes % scale < 2^60, so that ten times it still fits. */
    unsigned tenth = (unsigned)((bytes % scale) * 10 / scale);
    (void)snprintf(out, size, "%u.%u %s", whole, tenth, units[unit]);
}

void text_duration(char *out, size_t size, uint64_t ms)
{
    unsigned long long seconds = ms / 1000;
    unsigned long long minutes = seconds / 60;
    unsigned long long hours = minutes / 60;
    if (ms < 1000) {
        (void)snprintf(out, size, "%u ms", (unsigned)ms);
    } else if (seconds < 60) {
        (void)snprintf(out, size, "%llu.%u s", seconds, (unsigned)(ms % 1000 / 100));
    } else if (minutes < 60) {
        (void)snprintf(out, size, "%llum%02llus", minutes, seconds % 60);
    } else if (hours < 24) {
        (void)snprintf(out, size, "%lluh%02llum", hours, minutes % 60);
    } else {
        (void)snprintf(out, size, "%llud%lluh", hours / 24, hours % 24);
    }
}

void text_clock(char *out, size_t size, int64_t unix_ms)
{
    struct os_local_time local;
    if (!os_local_time(unix_ms, &local)) {
        (void)snprintf(out, size, "--:--:--");
        return;
    }
    (void)snprintf(out, size, "%02d:%02d:%02d", local.hour, local.minute, local.second);
}

/* Days since 1970-01-01 of a date of the Gregorian calendar, and back. The year is counted from
 * March, so that the leap day is its last day (the "days from civil" method). */
static int64_t days_of_date(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_of_days(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    *month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2 ? 1 : 0));
}

/* 0001-01-01 and 9999-12-31: what the four digits of the year can say. */
static const int64_t first_ms = -62135596800000;
static const int64_t last_ms = 253402300799999;

void text_iso(char *out, size_t size, int64_t unix_ms)
{
    int64_t ms = unix_ms < first_ms ? first_ms : unix_ms;
    ms = ms > last_ms ? last_ms : ms;
    int64_t days = (ms >= 0 ? ms : ms - (MS_PER_DAY - 1)) / MS_PER_DAY;
    int rest = (int)(ms - days * MS_PER_DAY);
    int year, month, day;
    date_of_days(days, &year, &month, &day);
    (void)snprintf(out, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day,
                   rest / 3600000, rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
}

/* Reads exactly `digits` digits and the character behind them (0: none). */
static bool read_field(const char **s, int digits, char behind, int *out)
{
    int value = 0;
    for (int i = 0; i < digits; i++) {
        char c = (*s)[i];
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    *s += digits;
    if (behind != '\0') {
        if (**s != behind) {
            return false;
        }
        (*s)++;
    }
    *out = value;
    return true;
}

/* ".1234567" as milliseconds; Windows writes seven digits. */
static bool read_fraction(const char **s, int *ms)
{
    *ms = 0;
    if (**s != '.') {
        return true;
    }
    (*s)++;
    int digits = 0;
    int scale = 100;
    for (; **s >= '0' && **s <= '9'; (*s)++, digits++) {
        *ms += (**s - '0') * scale;
        scale /= 10;
    }
    return digits > 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool text_from_iso(const char *s, int64_t *unix_ms)
{
    int year, month, day, hour, minute, second, ms;
    if (s == NULL || !read_field(&s, 4, '-', &year) || !read_field(&s, 2, '-', &month) ||
        !read_field(&s, 2, 'T', &day) || !read_field(&s, 2, ':', &hour) ||
        !read_field(&s, 2, ':', &minute) || !read_field(&s, 2, '\0', &second) ||
        !read_fraction(&s, &ms) || s[0] != 'Z' || s[1] != '\0') {
        return false;
    }
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) ||
        hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    int64_t seconds = (int64_t)hour * 3600 + minute * 60 + second;
    *unix_ms = days_of_date(year, month, day) * MS_PER_DAY + seconds * 1000 + ms;
    return true;
}

void guid_new(char out[GUID_TEXT])
{
    unsigned char b[16];
    os_random(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0Fu) | 0x40u); /* version 4: random */
    b[8] = (unsigned char)((b[8] & 0x3Fu) | 0x80u); /* variant of RFC 4122 */
    (void)snprintf(out, GUID_TEXT,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool guid_is_valid(const char *s)
{
    if (s == NULL) {
        return false;
    }
    for (int i = 0; i < GUID_TEXT - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s[i] != '-' : !is_hex(s[i])) {
            return false;
        }
    }
    return s[GUID_TEXT - 1] == '\0';
}
