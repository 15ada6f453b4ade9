/* SPDX-License-Identifier: MIT
 *
 * From 24-bit colours to what a terminal has. 256: the nearest entry of xterm's cube and grey ramp.
 * 16 and 8: by hue, because the nearest of so few is grey for every soft colour, and a state that
 * is grey says nothing. Pure functions.
 */
#include "console/theme.h"

static int square(int value)
{
    return value * value;
}

static int distance(struct colour a, int red, int green, int blue)
{
    return square(a.red - red) + square(a.green - green) + square(a.blue - blue);
}

/* Index 0..5 on the cube's axis 0, 95, 135, 175, 215, 255. */
static int cube_index(int value)
{
    if (value < 48) {
        return 0;
    }
    return value < 115 ? 1 : (value - 35) / 40;
}

static int cube_value(int index)
{
    return index == 0 ? 0 : 55 + 40 * index;
}

int colour_to_256(struct colour colour)
{
    int red = cube_index(colour.red), green = cube_index(colour.green);
    int blue = cube_index(colour.blue);
    int in_cube = distance(colour, cube_value(red), cube_value(green), cube_value(blue));
    int average = (colour.red + colour.green + colour.blue) / 3;
    int step = average < 3 ? 0 : (average - 3) / 10; /* greys are 8, 18, ... 238 */
    step = step > 23 ? 23 : step;
    int grey = 8 + 10 * step;
    if (distance(colour, grey, grey, grey) < in_cube) {
        return 232 + step;
    }
    return 16 + 36 * red + 6 * green + blue;
}

static int largest(struct colour c)
{
    int most = c.red > c.green ? c.red : c.green;
    return most > c.blue ? most : c.blue;
}

static int smallest(struct colour c)
{
    int least = c.red < c.green ? c.red : c.green;
    return least < c.blue ? least : c.blue;
}

/* Hue as one of 1 red, 2 green, 3 yellow, 4 blue, 5 magenta, 6 cyan; 0: it is a grey. */
static int hue_of(struct colour c)
{
    int most = largest(c), least = smallest(c), spread = most - least;
    if (spread * 5 < most || spread < 24) {
        return 0;
    }
    /* A component counts when it stands in the upper half between least and most. */
    int middle = least + spread / 2;
    int hue = 0;
    hue |= c.red > middle ? 1 : 0;
    hue |= c.green > middle ? 2 : 0;
    hue |= c.blue > middle ? 4 : 0;
    return hue;
}

int colour_to_8(struct colour colour)
{
    int hue = hue_of(colour);
    if (hue != 0) {
        return hue;
    }
    return largest(colour) + smallest(colour) > 192 ? 7 : 0;
}

int colour_to_16(struct colour colour)
{
    int hue = hue_of(colour), light = largest(colour) + smallest(colour);
    if (hue != 0) {
        return largest(colour) > 176 ? hue + 8 : hue;
    }
    if (light < 96) {
        return 0;
    }
    return light < 288 ? 8 : light < 448 ? 7 : 15;
}

static int number_of(struct colour colour, int depth)
{
    if (!colour.set) {
        return -1;
    }
    switch (depth) {
    case 8:
        return colour_to_8(colour);
    case 16:
        return colour_to_16(colour);
    case 256:
        return colour_to_256(colour);
    default:
        return colour.red << 16 | colour.green << 8 | colour.blue;
    }
}

void colour_resolve(const struct style *style, int depth, int *fg, int *bg)
{
    /* Which of the eight colours carry black text. */
    static const bool light[8] = {[2] = true, [3] = true, [6] = true, [7] = true};
    *fg = number_of(style->fg, depth);
    *bg = number_of(style->bg, depth);
    if ((depth == 8 || depth == 16) && *bg >= 0 && *fg >= 0) {
        bool same = *bg % 8 == *fg % 8, faint = *fg == 8 && *bg != 0;
        if (same || faint) {
            *fg = light[*bg % 8] ? 0 : 7;
        }
    }
}
