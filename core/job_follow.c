/* SPDX-License-Identifier: MIT
 *
 * For steps that follow something else: a process whose input is over, a step inside a step.
 */
#include "core/base/text.h"
#include "core/job_private.h"

void job_close_input(struct job *job)
{
    os_mutex_lock(job->mutex);
    job->input_ended = true;
    job->input_len = 0; /* nobody is left to read it */
    os_cond_broadcast(job->cond);
    os_mutex_unlock(job->mutex);
}

void job_step_evidence(struct job *job, char *out, size_t size)
{
    const char *evidence = NULL;
    os_mutex_lock(job->mutex);
    if (job->current < job->step_count) {
        evidence = job->steps[job->current].evidence;
    }
    text_clean(out, size, evidence);
    os_mutex_unlock(job->mutex);
}
