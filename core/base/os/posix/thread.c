/* SPDX-License-Identifier: MIT
 *
 * Threads, mutexes and condition variables on pthreads. Conditions count on the monotonic clock, so
 * that a change of the wall clock neither shortens nor stretches a deadline. Threads start with all
 * signals blocked: signals belong to the thread that draws.
 *
 * A thread object has two owners, the thread and the one who joins; the last one frees it. That is
 * what lets os_thread_join_within() walk away from a thread that hangs.
 */
#include "core/base/os/os.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "core/base/os/posix/posix.h"
#include "core/base/text.h"

struct os_mutex {
    pthread_mutex_t handle;
};

struct os_cond {
    pthread_cond_t handle;
};

struct os_thread {
    pthread_t handle;
    void (*run)(void *context);
    void *context;
    struct os_mutex *mutex; /* guards what follows */
    struct os_cond *ended_cond;
    bool ended;
    bool abandoned;
    char name[16]; /* what Linux shows in lists of threads: 15 bytes */
};

static void thread_free(struct os_thread *thread)
{
    os_cond_free(thread->ended_cond);
    os_mutex_free(thread->mutex);
    free(thread);
}

static void *thread_main(void *argument)
{
    struct os_thread *thread = argument;
    posix_name_thread(thread->name);
    thread->run(thread->context);
    os_mutex_lock(thread->mutex);
    thread->ended = true;
    bool is_last = thread->abandoned;
    os_cond_broadcast(thread->ended_cond);
    os_mutex_unlock(thread->mutex);
    if (is_last) {
        thread_free(thread);
    }
    return NULL;
}

static int start_blocked(struct os_thread *thread)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&thread->handle, NULL, thread_main, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

enum hvgpu_status os_thread_start(struct os_thread **out, const char *name,
                                  void (*run)(void *context), void *context)
{
    *out = NULL;
    struct os_thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL) {
        return HVGPU_MEMORY;
    }
    thread->run = run;
    thread->context = context;
    text_clean(thread->name, sizeof thread->name, name);
    thread->mutex = os_mutex_new();
    thread->ended_cond = os_cond_new();
    if (thread->mutex == NULL || thread->ended_cond == NULL) {
        thread_free(thread);
        return HVGPU_MEMORY;
    }
    int result = start_blocked(thread);
    if (result != 0) {
        thread_free(thread);
        return result == EAGAIN ? HVGPU_LIMIT : os_errno_status(result);
    }
    *out = thread;
    return HVGPU_OK;
}

void os_thread_join(struct os_thread *thread)
{
    if (thread == NULL) {
        return;
    }
    pthread_join(thread->handle, NULL);
    thread_free(thread);
}

bool os_thread_join_within(struct os_thread *thread, unsigned timeout_ms)
{
    if (thread == NULL) {
        return true;
    }
    int64_t deadline = os_now_ns() + (int64_t)timeout_ms * 1000000;
    os_mutex_lock(thread->mutex);
    bool in_time = true;
    while (!thread->ended && in_time) {
        in_time = os_cond_wait(thread->ended_cond, thread->mutex, deadline);
    }
    if (thread->ended) {
        os_mutex_unlock(thread->mutex);
        os_thread_join(thread);
        return true;
    }
    /* Detached before the mutex is let go: afterwards the thread may free its object at any time.
     */
    thread->abandoned = true;
    pthread_detach(thread->handle);
    os_mutex_unlock(thread->mutex);
    return false;
}

struct os_mutex *os_mutex_new(void)
{
    struct os_mutex *mutex = malloc(sizeof *mutex);
    if (mutex != NULL && pthread_mutex_init(&mutex->handle, NULL) != 0) {
        free(mutex);
        mutex = NULL;
    }
    return mutex;
}

void os_mutex_free(struct os_mutex *mutex)
{
    if (mutex != NULL) {
        pthread_mutex_destroy(&mutex->handle);
        free(mutex);
    }
}

void os_mutex_lock(struct os_mutex *mutex)
{
    pthread_mutex_lock(&mutex->handle);
}

void os_mutex_unlock(struct os_mutex *mutex)
{
    pthread_mutex_unlock(&mutex->handle);
}

struct os_cond *os_cond_new(void)
{
    struct os_cond *cond = malloc(sizeof *cond);
    if (cond != NULL && posix_cond_init(&cond->handle) != 0) {
        free(cond);
        cond = NULL;
    }
    return cond;
}

void os_cond_free(struct os_cond *cond)
{
    if (cond != NULL) {
        pthread_cond_destroy(&cond->handle);
        free(cond);
    }
}

bool os_cond_wait(struct os_cond *cond, struct os_mutex *mutex, int64_t deadline_ns)
{
    if (deadline_ns == INT64_MAX) {
        pthread_cond_wait(&cond->handle, &mutex->handle);
        return true;
    }
    int result = posix_cond_wait_until(&cond->handle, &mutex->handle, deadline_ns);
    return result != ETIMEDOUT;
}

void os_cond_signal(struct os_cond *cond)
{
    pthread_cond_signal(&cond->handle);
}

void os_cond_broadcast(struct os_cond *cond)
{
    pthread_cond_broadcast(&cond->handle);
}
