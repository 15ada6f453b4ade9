/* SPDX-License-Identifier: MIT
 *
 * Where the POSIX systems differ, as functions: linux.c and other.c fill them, and exactly one of
 * the two is compiled to something. For the files of this folder only.
 */
#ifndef HVGPU_BASE_OS_POSIX_H
#define HVGPU_BASE_OS_POSIX_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names the calling thread in lists of threads, as far as the system can. */
void posix_name_thread(const char *name);

/* A condition that counts on the monotonic clock; results as of pthread_cond_*. */
int posix_cond_init(pthread_cond_t *cond);
int posix_cond_wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, int64_t deadline_ns);

/* The two ends of a wake-up, non-blocking and closed on exec; they may be the same descriptor. */
bool posix_wakeup_open(int *read_end, int *write_end);
/* Makes the read end ready, and takes that back. Async-signal-safe. */
void posix_wakeup_signal(int write_end);
void posix_wakeup_drain(int read_end);

/* Fills out from the system's random generator. */
bool posix_random(void *out, size_t size);

/* Nanoseconds part of a file's time of change. */
struct stat;
int64_t posix_changed_ns(const struct stat *info);

#endif
