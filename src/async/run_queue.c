/* SPDX-License-Identifier: MIT */
#include "async/run_queue.h"

struct cmio__task *cmio__run_queue_steal(struct cmio__run_queue *to, struct cmio__run_queue *from) {
    struct cmio__task *first;
    unsigned count;
    const unsigned end = atomic_load_explicit(&to->tail, memory_order_relaxed);
    unsigned head = atomic_load_explicit(&from->head, memory_order_acquire);
    do {
        count = atomic_load_explicit(&from->tail, memory_order_acquire) - head;
        if (count == 0 || count > CMIO__RING) /* the head is stale: nothing to take now */
            return NULL;
        count -= count / 2;
        first = atomic_load_explicit(&from->tasks[head % CMIO__RING], memory_order_relaxed);
        for (unsigned i = 1; i < count; i++)
            atomic_store_explicit(
                &to->tasks[(end + i - 1) % CMIO__RING],
                atomic_load_explicit(&from->tasks[(head + i) % CMIO__RING], memory_order_relaxed),
                memory_order_relaxed);
    } while (!atomic_compare_exchange_weak_explicit(&from->head, &head, head + count,
                                                    memory_order_acq_rel, memory_order_acquire));
    atomic_store_explicit(&to->tail, end + count - 1, memory_order_seq_cst);
    return first;
}
