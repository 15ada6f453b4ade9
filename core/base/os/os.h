/* SPDX-License-Identifier: MIT
 *
 * What the program needs of an operating system, one header, one folder per system with the same
 * function names (posix/, later win32/). Threads, wake-up, clocks, files, folders, locks.
 */
#ifndef HVGPU_BASE_OS_H
#define HVGPU_BASE_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/status.h"

/* ---- threads ---- */
struct os_thread;
struct os_mutex;
struct os_cond;

enum hvgpu_status os_thread_start(struct os_thread **out, const char *name,
                                  void (*run)(void *context), void *context) HVGPU_MUST_USE;
void os_thread_join(struct os_thread *thread); /* frees it; NULL is fine */
/* Joins when it ended within timeout_ms; otherwise leaves it running, detached, and returns false.
 */
bool os_thread_join_within(struct os_thread *thread, unsigned timeout_ms);

struct os_mutex *os_mutex_new(void); /* NULL when out of memory */
void os_mutex_free(struct os_mutex *mutex);
void os_mutex_lock(struct os_mutex *mutex);
void os_mutex_unlock(struct os_mutex *mutex);

struct os_cond *os_cond_new(void);
void os_cond_free(struct os_cond *cond);
/* Waits until signalled or until the monotonic time deadline_ns (INT64_MAX: for ever). Returns
 * false when the deadline passed. Spurious returns are possible. */
bool os_cond_wait(struct os_cond *cond, struct os_mutex *mutex, int64_t deadline_ns);
void os_cond_signal(struct os_cond *cond);
void os_cond_broadcast(struct os_cond *cond);

/* ---- wake-up: the one object that a loop blocks on beside the terminal ---- */
struct os_wakeup;
struct os_wakeup *os_wakeup_new(void);
void os_wakeup_free(struct os_wakeup *wakeup);
void os_wakeup_set(struct os_wakeup *wakeup); /* any thread, and signal handlers */
void os_wakeup_reset(struct os_wakeup *wakeup);
/* A file descriptor to poll() for reading (POSIX) or a HANDLE cast to intptr_t (Windows). */
intptr_t os_wakeup_handle(const struct os_wakeup *wakeup);
/* Waits for set, at most timeout_ms (-1: for ever). True: it is set. Does not reset. */
bool os_wakeup_wait(struct os_wakeup *wakeup, int timeout_ms);

/* ---- clocks ---- */
int64_t os_now_ns(void);  /* monotonic */
int64_t os_wall_ms(void); /* Unix time in ms */
void os_sleep_ms(unsigned ms);
void os_random(void *out, size_t size); /* from the system's generator; aborts when it has none */
uint32_t os_process_id(void);
struct os_local_time {
    int hour, minute, second;
};
/* The wall clock of the user's time zone at a Unix time; false: the system cannot tell. */
bool os_local_time(int64_t unix_ms, struct os_local_time *out);

/* ---- memory ---- */
/* For a program, at its start: blocks of a megabyte and more go back to the system when they are
 * freed. Lists of megabytes come and go with every look at a large host. */
void os_memory_return_large(void);

/* ---- the system's error numbers: their status and their words ---- */
enum hvgpu_status os_errno_status(int number);
void os_errno_words(int number, char *out, size_t size);

/* ---- files. Paths are UTF-8. ---- */
/* Reads a whole file into new memory (free()), terminated. Larger than max bytes: HVGPU_LIMIT. */
enum hvgpu_status os_file_read(const char *path, size_t max, char **out, size_t *len,
                               struct hvgpu_error *err) HVGPU_MUST_USE;
/* Replaces the file as a whole: a reader sees the old or the new content, never a part; the data
 * is on disk before the old content is gone. Owner-only access (0600). */
enum hvgpu_status os_file_replace(const char *path, const char *data, size_t len,
                                  struct hvgpu_error *err) HVGPU_MUST_USE;
/* The same without waiting for the disk: whole for every process at any moment, also when the
 * writer is killed, but perhaps not after a loss of power. For state that can be made anew. */
enum hvgpu_status os_file_swap(const char *path, const char *data, size_t len,
                               struct hvgpu_error *err) HVGPU_MUST_USE;
enum hvgpu_status os_file_remove(const char *path, struct hvgpu_error *err); /* absent is OK */
bool os_file_exists(const char *path);
/* Makes the folder and its parents, owner only (0700). */
enum hvgpu_status os_folder_make(const char *path, struct hvgpu_error *err) HVGPU_MUST_USE;
enum hvgpu_status os_folder_remove(const char *path); /* only when empty */
/* A number that changes when an entry of the folder is made, replaced or removed; 0: unreadable. */
uint64_t os_folder_stamp(const char *path);
/* Calls each(name) for every entry except "." and "..", in no order, until it returns false. */
enum hvgpu_status os_folder_list(const char *path, bool (*each)(void *context, const char *name),
                                 void *context, struct hvgpu_error *err);
/* The real, absolute form of a path whose last part need not exist. New memory; NULL on failure. */
char *os_path_real(const char *path);

enum os_place {
    OS_PLACE_CONFIG, /* $XDG_CONFIG_HOME/hvgpu or ~/.config/hvgpu */
    OS_PLACE_STATE,  /* $XDG_STATE_HOME/hvgpu or ~/.local/state/hvgpu */
    OS_PLACE_DATA    /* installed themes: the folder given at build time (HVGPU_DATADIR) */
};
/* New memory (free()); NULL when the system names no such place (no HOME). */
char *os_place(enum os_place place);

/* ---- locks between processes: held until unlocked or until the process ends, however it ends ----
 */
struct os_lock;
/* HVGPU_BUSY: somebody else holds it. Makes the file when absent. wait: block until free. */
enum hvgpu_status os_lock_take(const char *path, bool wait, struct os_lock **out,
                               struct hvgpu_error *err) HVGPU_MUST_USE;
void os_lock_release(struct os_lock *lock); /* NULL is fine; keeps the file */
/* The same, and removes the file: for locks whose names never come again. Safe against takers that
 * wait for it or open it at this moment: they notice and make the file anew. */
void os_lock_release_and_remove(struct os_lock *lock);

#endif
