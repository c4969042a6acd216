/* SPDX-License-Identifier: MIT */
/*
 * What is known of a bound source (src/async/io_slot.[ch]): its bits and the tick, the waker that a
 * future leaves, and a slot that is closed and used again.
 *
 * A peer writes to a source. Each write is an edge, which the worker's poll reports once. A future
 * reads all that there is. At any time somebody other than the future may close the source. Its
 * slot is then used for a second source with its own peer and future, perhaps while the worker
 * still holds an event of the first source.
 *
 * What is checked:
 * - A future is woken if it waits while there is something to read, or if its source is closed.
 *   Otherwise it would wait for ever, which is an invalid end state.
 * - A future of the closed source neither takes the place of the second source's future nor waits
 *   there.
 * - The slot is not handed out while the wait that may report the closed source goes on.
 *
 * Only the reader's direction is modelled. The writer's is the same. An event of one direction
 * moves the tick of both, which costs the other direction one more try.
 *
 * spin assumes sequential consistency. The code relies on less. Waker, generation and bits meet
 * under the slot's lock. An event sets its bit before it takes the lock, and a future looks at the
 * bits again after it has released the lock. Whichever takes the lock first, the other one sees it.
 * Bits and tick are one word, changed by compare-and-exchange.
 *
 * FAULT_CLEARS_WITHOUT_TICK: -EAGAIN clears the bit although an event came meanwhile.
 * FAULT_LEAVES_WITHOUT_LOOK: a future leaves its waker and does not look again.
 * FAULT_WAKES_BEFORE_BIT: an event takes the waker first and then sets the bit.
 * FAULT_HAS_NO_GENERATION: a future leaves its waker without checking the generation.
 * FAULT_CLOSE_IS_SILENT: a close does not wake the waiting future.
 * FAULT_REUSED_AT_ONCE: a closed slot can be taken before the worker's next wait is over.
 */

#define WRITES 2
#define USERS 2 /* of the slot, one after the other, each with a source */

/* The sources */
byte unread[USERS];
bool is_registered[USERS];
bool edge[USERS]; /* in the poll, not reported yet */
byte tokens_out = 0; /* events of the first source that a wait took but nobody dispatched yet */

/* The slot */
bool readable = true;
byte tick = 0;
byte generation = 0;
bool is_locked = false;
byte who = USERS; /* the future whose waker is there; USERS: none */
bool is_closed = false;  /* in the worker's list of closed ones */
bool is_unused = false;  /* may be taken */

bool woken[USERS];
byte finished = 0;

inline take_lock() { d_step { !is_locked -> is_locked = true } }
inline release_lock() { is_locked = false }

inline wake_waiter() {
    d_step {
        if
        :: who < USERS -> woken[who] = true; who = USERS
        :: else
        fi
    }
}

proctype peer(byte source) {
    byte i;
    for (i : 1 .. WRITES) {
        d_step {
            unread[source]++;
            if
            :: is_registered[source] -> edge[source] = true
            :: else
            fi
        }
    }
}

inline set_bit() { d_step { readable = true; tick++ } }

inline event() {
#ifdef FAULT_WAKES_BEFORE_BIT
    take_lock();
    wake_waiter();
    release_lock();
    set_bit()
#else
    set_bit();
    take_lock();
    wake_waiter();
    release_lock()
#endif
}

/* The worker waits, makes slots usable that were closed before the wait, and dispatches. */
proctype reactor() {
    bool taken, first;
    do
    :: edge[0] || edge[1] || is_closed ->
        d_step { taken = is_closed; is_closed = false };
        d_step { /* the wait: all events that there are */
            first = edge[0];
            if
            :: edge[0] -> edge[0] = false; tokens_out++
            :: else
            fi
        };
        if
        :: edge[1] -> edge[1] = false; event()
        :: else
        fi;
        if
        :: taken -> assert(!first); is_unused = true
        :: else
        fi;
        if
        :: first -> event(); tokens_out--
        :: else
        fi;
        taken = false;
        first = false
    :: finished == USERS -> break
    od
}

inline forget(me) {
    take_lock();
    if
    :: who == me -> who = USERS
    :: else
    fi;
    release_lock()
}

/* Leaves the waker. refused: the slot no longer belongs to the source. */
inline leave_waker(me) {
    take_lock();
    d_step {
#ifdef FAULT_HAS_NO_GENERATION
        refused = false;
#else
        refused = generation != me;
#endif
        if
        :: !refused -> assert(who == USERS || who == me); who = me
        :: else
        fi
    };
    release_lock()
}

inline clear() {
    d_step {
#ifdef FAULT_CLEARS_WITHOUT_TICK
        readable = false
#else
        if
        :: tick == seen -> readable = false
        :: else
        fi
#endif
    }
}

/* The future of a source. It polls until it has read everything or finds its source closed. */
proctype reader(byte me) {
    byte seen, got = 0;
    bool ready, refused = false;
    do
    :: got < WRITES ->
        d_step { ready = readable; seen = tick };
        if
        :: !ready ->
            leave_waker(me);
            if
            :: refused -> break
            :: else
            fi;
#ifndef FAULT_LEAVES_WITHOUT_LOOK
            d_step { ready = readable; seen = tick };
#endif
            if
            :: ready -> forget(me)
            :: else -> d_step { woken[me] -> woken[me] = false }
            fi
        :: else
        fi;
        if
        :: ready && !is_registered[me] -> break /* it was closed: the read fails */
        :: ready && is_registered[me] && unread[me] > 0 -> d_step { got = got + unread[me]; unread[me] = 0 }
        :: ready && is_registered[me] && unread[me] == 0 -> clear()
        :: else
        fi;
        ready = false;
        seen = 0
    :: else -> break
    od;
    forget(me);
    finished++
}

/* Closes the first source, and binds the second one to the slot once the slot may be taken. */
proctype owner() {
    d_step { is_registered[0] = false; edge[0] = false };
    take_lock();
    d_step {
        generation++;
#ifdef FAULT_CLOSE_IS_SILENT
        who = USERS
#else
        if
        :: who < USERS -> woken[who] = true; who = USERS
        :: else
        fi
#endif
    };
    release_lock();
#ifdef FAULT_REUSED_AT_ONCE
    is_unused = true;
#else
    is_closed = true;
#endif
    is_unused;
    assert(tokens_out == 0);
    d_step { readable = true; tick++ };
    d_step { is_registered[1] = true; edge[1] = unread[1] > 0 };
    run reader(1)
}

init {
    atomic {
        is_registered[0] = true;
        run reactor();
        run reader(0);
        run peer(0);
        run peer(1);
        run owner();
    }
    (_nr_pr == 1) -> assert(finished == USERS && who == USERS)
}
