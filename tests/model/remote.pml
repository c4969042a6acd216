/* SPDX-License-Identifier: MIT */
/*
 * Wakes on an executor with a single worker (src/async/task.c, schedule.c). The worker's thread
 * changes `wakes` with plain loads and stores. Other threads set `remote` and inject the task.
 *
 * The worker polls the task, which is ready once it has seen what both threads published. The
 * worker then stops, and whoever frees the executor takes what was still injected. Each thread
 * publishes, wakes twice and drops its clone of the waker, before or after the task's end.
 *
 * What is checked:
 * - No wake is lost.
 * - The task is in the worker's list at most once, and never after its end.
 * - The task is in the injected list at most once.
 * - Its block is freed once, when nothing refers to it any more, and not touched afterwards.
 *
 * spin assumes sequential consistency. The code relies on this: `remote` is changed by exchanges
 * with acquire and release, so the worker sees what a thread did before a wake that found it set;
 * and `stopped` is written and read under the lock of the injected tasks.
 *
 * FAULT_COUNTS_FROM_OUTSIDE: a thread counts the wake itself, with the worker's loads and stores.
 * FAULT_LIST_HAS_NO_REFERENCE: the injected list does not keep the block.
 * FAULT_CLEARS_AFTER_THE_POLL: `remote` is cleared only after the poll that answers it.
 * FAULT_LOOKS_WITHOUT_LOCK: a thread checks for the stop before it takes the lock.
 */

#define THREADS 2
#define ENDED 100

byte wakes = 1;
byte list = 1;      /* how often the task is in the worker's list */
byte injected = 0;
bool injected_lock = false;
bool remote = false;
bool has_stopped = false;
bool drained = false;
byte references = 3; /* the task's own, and the clones */
bool freed = false;
bool ended = false;
byte published = 0;

inline touch() { assert(!freed) }

inline take_lock() { d_step { !injected_lock -> injected_lock = true } }
inline release_lock() { injected_lock = false }

inline drop_reference() {
    d_step {
        assert(!freed && references > 0);
        references--;
        if
        :: references == 0 -> freed = true
        :: else
        fi
    }
}

inline wake_local(was) {
    touch();
    was = wakes;
    if
    :: was < ENDED ->
        if
        :: was == 0 -> d_step { list++; assert(list == 1 && !ended) }
        :: else
        fi;
        wakes = was + 1
    :: else
    fi;
    was = 0
}

inline inject(refused) {
#ifdef FAULT_LOOKS_WITHOUT_LOCK
    refused = has_stopped;
    take_lock();
#else
    take_lock();
    refused = has_stopped;
#endif
    if
    :: !refused -> d_step { injected++; assert(injected == 1) }
    :: else
    fi;
    release_lock()
}

inline wake_remote(was, refused) {
    touch();
    d_step { was = remote; remote = true };
    if
    :: !was ->
#ifndef FAULT_LIST_HAS_NO_REFERENCE
        d_step { assert(!freed); references++ };
#endif
        inject(refused);
        if
        :: refused ->
            remote = false;
#ifndef FAULT_LIST_HAS_NO_REFERENCE
            drop_reference()
#endif
        :: else
        fi
    :: else
    fi;
    was = 0;
    refused = false
}

proctype thread() {
    byte was;
    bool refused, first = true;
    d_step { published++ };
    do
    :: true ->
#ifdef FAULT_COUNTS_FROM_OUTSIDE
        wake_local(was);
#else
        wake_remote(was, refused);
#endif
        if
        :: first -> first = false
        :: else -> break
        fi
    od;
    drop_reference()
}

/* Takes the injected task, if there is one, and does the wake. */
inline take_injected(was, any) {
    take_lock();
    any = injected > 0;
    injected = 0;
    release_lock();
    if
    :: any ->
        touch();
#ifdef FAULT_CLEARS_AFTER_THE_POLL
        owed = true;
#else
        remote = false;
#endif
        wake_local(was);
#ifndef FAULT_LIST_HAS_NO_REFERENCE
        drop_reference()
#endif
    :: else
    fi;
    any = false
}

proctype worker() {
    byte was, answered;
    bool any, owed = false;
    do
    :: injected > 0 -> take_injected(was, any)
    :: list > 0 ->
        list--;
        touch();
        assert(!ended);
        answered = wakes;
        if
        :: published == THREADS ->
            ended = true;
            wakes = ENDED;
            drop_reference();
            break
        :: else
        fi;
        if
        :: owed -> remote = false; owed = false
        :: else
        fi;
        was = wakes;
        wakes = was - answered;
        if
        :: was != answered -> d_step { list++; assert(list == 1) }
        :: else
        fi;
        was = 0;
        answered = 0
    od;
    take_lock();
    has_stopped = true;
    release_lock();
    take_injected(was, any); /* the executor is freed */
    drained = true
}

init {
    byte i;
    atomic {
        run worker();
        run thread();
        run thread();
    }
    (_nr_pr == 1) -> assert(ended && drained && freed && references == 0 && injected == 0 && list == 0)
}
