/* SPDX-License-Identifier: MIT */
#include "async/lock.h"

#include <sched.h>

enum { SPINS = 100 }; /* looks before it yields the processor: about a microsecond */

CMIO__COLD void cmio__lock_wait(struct cmio__lock *lock) {
    do {
        for (int spins = 0; atomic_load_explicit(&lock->taken, memory_order_relaxed); spins++)
            if (spins >= SPINS)
                (void)sched_yield(); /* cannot fail */
    } while (!cmio__lock_try(lock));
}
