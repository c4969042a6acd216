/* SPDX-License-Identifier: MIT */
/*
 * How wakes reach a wait that spins before it sleeps (src/core/spin.c, and waker.c for what it is
 * added to). The steps have the names that they have there.
 *
 * Two threads wake one waker, and another thread wakes a second waker. Each wakes once, after it
 * has stored something for the waiting thread, which waits until it has seen everything. Each wait
 * spins until there is an offer, the kernel has an event, or its time is up, which may be at any
 * moment. If it has no event then, it sleeps. A batch has room for one event. If a wake is lost,
 * the thread sleeps for ever, which is an invalid end state.
 *
 * One wait may be cancelled while it spins. Another thread waits then. The model of waker.c has the
 * cancellation of a wait that sleeps.
 *
 * No wake makes two events: there are never more of a waker than wakes that found it not pending.
 * At the end, no offer is left, and no waker is pending without an event in the kernel or woken
 * being set.
 *
 * spin assumes sequential consistency, and the code asks for it where it matters: O3, O4, S3, S4.
 *
 * FAULT_LOADS_SPINNING_FIRST: a wake looks at spinning before it sets offers, not after it.
 * FAULT_OFFERED_AFTER_OFFERS: a wake sets offers before the waker's own flag.
 * FAULT_KEEPS_ITS_OFFER: a wake that finds spinning cleared makes the event and leaves its offer.
 * FAULT_LOOKS_BEFORE_IT_STOPS: a wait looks at offers before it clears spinning, not after it.
 * FAULT_NO_SECOND_LOOK: a wait whose time is up does not look at offers again.
 * FAULT_EVENTS_KEEP_SPINNING: a wait that got an event from the kernel leaves spinning set.
 * FAULT_CLEARS_OFFERS_LAST: a wait clears offers after it has taken them.
 * FAULT_CLEARS_PENDING_FIRST: a wait clears a waker's pending before it takes the offer away, and
 * makes the event whether or not there is one.
 * FAULT_DROPS_WHAT_DOES_NOT_FIT: a wait takes offers for which the batch has no room.
 * FAULT_LEAVES_WHAT_DOES_NOT_FIT: a wait leaves such offers, with offers cleared.
 * FAULT_CANCELLED_IN_SILENCE: a wait that is cancelled clears spinning and drops the offers.
 */

#define WAKERS 2
#define THREADS 3
#define NOBODY 255

bool said[THREADS];  /* what each thread has stored */
bool heard[THREADS]; /* what the waiting thread has seen */
bool pending[WAKERS];
bool offered[WAKERS];
bool spinning = false;
bool offers = false;
bool woken = false;
bool event[WAKERS]; /* in the kernel */
byte leaders[WAKERS];
byte made[WAKERS];
byte awake = 0; /* threads that still wake */

inline make_event(which) {
    d_step { made[which]++; assert(made[which] <= leaders[which]) }
    woken = true;       /* W2 */
    event[which] = true /* W3 */
}

inline offer(which) {
#ifdef FAULT_LOADS_SPINNING_FIRST
    is_taken = spinning;
    offered[which] = true;
    offers = true;
#else
#ifdef FAULT_OFFERED_AFTER_OFFERS
    offers = true;
    offered[which] = true;
#else
    offered[which] = true; /* O2 */
    offers = true;         /* O3 */
#endif
    is_taken = spinning;   /* O4 */
#endif
    if
    :: is_taken
    :: else ->
#ifndef FAULT_KEEPS_ITS_OFFER
        d_step { is_taken = !offered[which]; offered[which] = false } /* O5 */
#else
        skip
#endif
    fi
}

inline wake(which) {
    d_step {
        was = pending[which]; /* W1 */
        pending[which] = true;
        if
        :: was
        :: else -> leaders[which]++
        fi
    };
    is_taken = was;
    if
    :: !was && spinning -> offer(which) /* O1 */
    :: else
    fi;
    if
    :: is_taken
    :: else -> make_event(which)
    fi
}

proctype waking(byte me; byte which) {
    bool was, is_taken;
    said[me] = true;
    wake(which);
    awake--
}

inline clear_flags() {
    if
    :: !woken /* R1 */
    :: else ->
        woken = false;      /* R2 */
        pending[0] = false; /* R3 */
        pending[1] = false
    fi
}

inline pass_on(which) {
    pending[which] = true;
    make_event(which)
}

inline take_offer(which) {
#ifdef FAULT_CLEARS_PENDING_FIRST
    if
    :: got == NOBODY && pending[which] ->
        pending[which] = false;
        offered[which] = false;
        d_step { made[which]++; assert(made[which] <= leaders[which]) };
        got = which
    :: else
    fi
#else
#ifdef FAULT_LEAVES_WHAT_DOES_NOT_FIT
    d_step { is_offered = offered[which] && got == NOBODY;
        if
        :: is_offered -> offered[which] = false
        :: else
        fi
    };
#else
    d_step { is_offered = offered[which]; offered[which] = false };
#endif
    if
    :: is_offered && got == NOBODY ->
        pending[which] = false;
        d_step { made[which]++; assert(made[which] <= leaders[which]) };
        got = which
    :: is_offered && got != NOBODY ->
#ifdef FAULT_DROPS_WHAT_DOES_NOT_FIT
        pending[which] = false
#else
        pass_on(which)
#endif
    :: else
    fi;
    is_offered = false
#endif
}

inline take_offers() {
#ifndef FAULT_CLEARS_OFFERS_LAST
    offers = false;
#endif
    take_offer(0);
    take_offer(1);
#ifdef FAULT_CLEARS_OFFERS_LAST
    offers = false
#endif
}

inline end_spinning() {
#ifdef FAULT_LOOKS_BEFORE_IT_STOPS
    has_offers = offers;
    spinning = false; /* S3 */
#else
#ifdef FAULT_EVENTS_KEEP_SPINNING
    if
    :: got == NOBODY -> spinning = false
    :: else
    fi;
#else
    spinning = false; /* S3 */
#endif
#endif
    if
    :: got != NOBODY -> clear_flags()
    :: else
    fi;
#ifndef FAULT_LOOKS_BEFORE_IT_STOPS
    has_offers = offers; /* S4 */
#endif
#ifdef FAULT_NO_SECOND_LOOK
    has_offers = has_offers && !is_late;
#endif
    if
    :: has_offers -> take_offers() /* S5 */
    :: else
    fi;
    is_late = false;
    has_offers = false
}

inline take_event() {
    if
    :: event[0] -> event[0] = false; got = 0
    :: event[1] -> event[1] = false; got = 1
    fi
}

inline hear() {
    d_step {
        heard[0] = said[0];
        heard[1] = said[1];
        heard[2] = said[2];
        got = NOBODY
    }
}

/* The batch of a cancelled wait is nobody's: it has no room. */
inline cancel() {
    may_be_cancelled = false;
    spinning = false;
#ifdef FAULT_CANCELLED_IN_SILENCE
    offers = false;
    offered[0] = false;
    offered[1] = false;
#else
    got = WAKERS;
    if
    :: offers -> take_offers()
    :: else
    fi;
#endif
    got = NOBODY
}

active proctype waiting() {
    byte got = NOBODY;
    bool may_be_cancelled = true, has_offers = false, is_offered = false, is_late = false;
    awake = THREADS;
    atomic {
        run waking(0, 0);
        run waking(1, 0);
        run waking(2, 1);
    }
    do
    :: heard[0] && heard[1] && heard[2] -> break
    :: else ->
        spinning = true; /* S1 */
        if               /* S2 */
        :: offers
        :: atomic { event[0] || event[1] -> take_event() }
        :: is_late = true
        :: may_be_cancelled -> cancel(); goto ended
        fi;
        end_spinning();
        if
        :: got == NOBODY -> /* S6: K */
            atomic { event[0] || event[1] -> take_event() };
            clear_flags()
        :: else
        fi;
        hear();
ended:  skip
    od;
    awake == 0;
    assert(!offered[0] && !offered[1]);
    assert(!pending[0] || event[0] || woken);
    assert(!pending[1] || event[1] || woken)
}
