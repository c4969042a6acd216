/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_CONTEXT_H
#define CMIO_ASYNC_CONTEXT_H

/*
 * The turn of a task. A worker makes a context for each poll of a task. A future that polls others
 * with a waker of its own (a join set) gives them a copy with that waker, and takes over what is
 * left of the budget afterwards.
 */

#include <stdbool.h>
#include <stdint.h>

#include <cmio/async/task.h>

#include "async/inline.h"

enum { CMIO__TURN = 128 }; /* leaf futures that a task may complete in one poll */

struct cmio__task;
struct cmio__worker;

struct cmio_context {
    struct cmio_task_waker waker; /* borrowed */
    struct cmio__task *task;
    struct cmio__worker *worker; /* the one that polls the task */
    unsigned budget;             /* leaves left in this turn */
};

/* Does the work of cmio_context_spend() for the library's own leaves. */
CMIO__INLINE bool cmio__context_spend(struct cmio_context *context) {
    if (CMIO__UNLIKELY(context->budget == 0)) {
        cmio_task_waker_wake(&context->waker);
        return false;
    }
    context->budget--;
    return true;
}

#endif
