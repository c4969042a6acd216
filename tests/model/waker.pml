/* SPDX-License-Identifier: MIT */
/*
 * How wakes reach a wait that sleeps (src/core/waker.c): pending, woken, and the event in the
 * kernel. The steps have the names that they have there.
 *
 * Two threads wake one waker, another thread wakes a second waker. Each wakes twice, after it has
 * stored something for the waiting thread. That thread waits until it has seen everything. A batch
 * has room for one event, so the kernel keeps others. A wait that finds no event sleeps. If a wake
 * is lost, the thread sleeps for ever, which is an invalid end state.
 *
 * An event is an edge: the kernel reports it once, and several that nobody took are one. The first
 * wait may be cancelled after it has taken an event and before it has cleared the flags. Another
 * thread waits then.
 *
 * At the end, no waker is pending without an event in the kernel or woken being set: it would never
 * wake again.
 *
 * FAULT_LOOKS_BEFORE_IT_ASKS: a wait looks at woken before it asks the kernel, not after it.
 * FAULT_CLEARS_BEFORE_IT_ASKS: a wait clears the flags before it asks the kernel, not after it.
 * FAULT_WOKEN_AFTER_THE_EVENT: a wake sets woken after it has made the event.
 * FAULT_CLEARS_PENDING_FIRST: a wait clears woken after the wakers' flags, not before them.
 * FAULT_CLEARS_ONE: a wait clears only the flag of the waker whose event it got.
 * FAULT_STORES_AFTER: a thread that finds its waker pending stores what it has to say afterwards,
 * as a processor may if the wake only reads the flag.
 * FAULT_CANCELLED_IN_SILENCE: a cancelled wait does not repeat the events of pending wakers.
 */

#define WAKERS 2
#define THREADS 3
#define WAKES 2
#define NOBODY 255

byte said[THREADS];  /* what each thread has stored */
byte heard[THREADS]; /* what the waiting thread has seen */
bool pending[WAKERS];
bool woken = false;
bool event[WAKERS]; /* in the kernel */
byte awake = 0;     /* threads that still wake */

inline exchange(flag, was) { d_step { was = flag; flag = true } }

inline wake(which) {
    exchange(pending[which], was); /* W1 */
    if
    :: was
    :: else ->
#ifdef FAULT_WOKEN_AFTER_THE_EVENT
        event[which] = true;
        woken = true
#else
        woken = true;       /* W2 */
        event[which] = true /* W3 */
#endif
    fi
}

proctype waking(byte me; byte which) {
    bool was;
    byte i;
    for (i : 1 .. WAKES) {
#ifdef FAULT_STORES_AFTER
        if
        :: pending[which] -> said[me]++
        :: else -> said[me]++; wake(which)
        fi
#else
        said[me]++;
        wake(which)
#endif
    }
    awake--
}

inline clear_flags() {
    if
    :: !woken /* R1 */
    :: else ->
#ifdef FAULT_CLEARS_ONE
        woken = false;
        if
        :: got != NOBODY -> pending[got] = false
        :: else
        fi
#else
#ifdef FAULT_CLEARS_PENDING_FIRST
        pending[0] = false;
        pending[1] = false;
        woken = false
#else
        woken = false;      /* R2 */
        pending[0] = false; /* R3 */
        pending[1] = false
#endif
#endif
    fi
}

inline repeat_pending() {
    i = 0;
    do
    :: i < WAKERS ->
        if
        :: pending[i] -> woken = true; event[i] = true
        :: else
        fi;
        i++
    :: else -> break
    od;
    i = 0
}

/* K: sleeps until there is an event, and takes one. */
inline ask_kernel() {
    d_step {
        event[0] || event[1];
        if
        :: event[0] && (!event[1] || !turn) -> event[0] = false; got = 0
        :: else -> event[1] = false; got = 1
        fi;
        turn = !turn
    }
}

inline hear() {
    d_step {
        i = 0;
        do
        :: i < THREADS -> heard[i] = said[i]; i++
        :: else -> break
        od;
        i = 0
    }
}

active proctype waiting() {
    byte got = NOBODY, i;
    bool turn = false, may_be_cancelled = true, was_woken;
    awake = THREADS;
    atomic {
        run waking(0, 0);
        run waking(1, 0);
        run waking(2, 1);
    }
    do
    :: heard[0] == WAKES && heard[1] == WAKES && heard[2] == WAKES -> break
    :: else ->
#ifdef FAULT_CLEARS_BEFORE_IT_ASKS
        clear_flags();
#endif
#ifdef FAULT_LOOKS_BEFORE_IT_ASKS
        was_woken = woken;
#endif
        ask_kernel();
        if
        :: may_be_cancelled -> /* the event is lost with the thread */
            may_be_cancelled = false;
#ifndef FAULT_CANCELLED_IN_SILENCE
            repeat_pending();
#endif
            got = NOBODY
        :: true ->
#ifdef FAULT_LOOKS_BEFORE_IT_ASKS
            if
            :: was_woken -> clear_flags()
            :: else
            fi;
#else
#ifndef FAULT_CLEARS_BEFORE_IT_ASKS
            clear_flags();
#endif
#endif
            got = NOBODY;
            hear()
        fi
    od;
    awake == 0;
    assert(!pending[0] || event[0] || woken);
    assert(!pending[1] || event[1] || woken)
}
