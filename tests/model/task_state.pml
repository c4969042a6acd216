/* SPDX-License-Identifier: MIT */
/*
 * The life of a task on an executor with several workers (src/async/task.[ch]): the count of wakes,
 * the abort, and the place where the task meets its join handle.
 *
 * Two workers take the task from the queues. Two threads each publish something, wake the task and
 * then drop their clone of its waker. One of them also aborts. The task is ready once it has seen
 * everything. A third thread holds the handle. It joins, gives joining up, joins again, or
 * detaches.
 *
 * What is checked:
 * - No two workers poll the task at once, and none polls it after its end.
 * - The task is in at most one queue.
 * - No wake is lost: a worker that waits for ever is an invalid end state.
 * - Whoever joins is woken and finds the result.
 * - The block is freed once, at the end, and never touched afterwards.
 * - The clone that a join leaves is dropped once.
 *
 * spin interleaves whole steps: it assumes sequential consistency. The code relies on less:
 * - `wakes` is changed only by read-modify-writes with acquire and release. Such a chain is one
 *   release sequence, so the poll that answers a wake sees what came before the wake. A plain load
 *   in front (has the task ended? are there too many wakes?) only decides whether to add.
 * - FINISHED and DETACHED are set by acquire-release exchanges on one word. The `joiner` is written
 *   before the exchange that sets JOINING and read after the exchange that sets TAKEN.
 * - A reference is dropped with acquire and release. Taking one needs no order, because the taker
 *   already has one.
 *
 * FAULT_WAKE_IS_NO_RMW: a wake loads the count and stores it, one greater.
 * FAULT_ANSWERED_READ_LATE: the worker reads the count only after the poll.
 * FAULT_FORGETS_WAKES: the worker does not check whether wakes are left after the poll.
 * FAULT_ENDED_IS_ZERO: a finished task leaves 0 in the count.
 * FAULT_ENDS_WITHOUT_TAKING: the task sets FINISHED without checking who joins.
 * FAULT_WITHDRAW_ALWAYS_DROPS: a join that is given up drops a clone that the task may have.
 * FAULT_DETACH_IS_NO_RMW: the drop of the handle loads the meeting place and stores DETACHED.
 */

#define WAKERS 2
#define ENDED 100

mtype = { RUNNING, JOINING, TAKEN, FINISHED, DETACHED };

byte wakes = 1; /* it was spawned */
byte queued = 1;
bool aborted = false;
mtype meeting = RUNNING;
byte references = 3; /* the one that task and handle share, and the two clones */
bool freed = false;

byte published = 0;
byte polling = 0;
bool ended = false;  /* the future */
byte drops = 0;
byte clones = 0;       /* of the joining task's waker */
byte joiner_woken = 0;

inline touch() { assert(!freed) }

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

inline schedule() {
    d_step {
        queued++;
        assert(queued == 1 && !ended);
    }
}

inline wake(was) {
    touch();
#ifdef FAULT_WAKE_IS_NO_RMW
    was = wakes;
    if
    :: was < ENDED ->
        if
        :: was == 0 -> schedule()
        :: else
        fi;
        wakes = was + 1
    :: else
    fi;
#else
    was = wakes;
    if
    :: was < ENDED ->
        d_step { was = wakes; wakes = wakes + 1 };
        if
        :: was == 0 -> schedule()
        :: else
        fi
    :: else
    fi;
#endif
    was = 0
}

inline drop_clone() {
    d_step { assert(clones > 0); clones-- }
}

proctype waking(bool aborts) {
    byte was;
    if
    :: aborts -> aborted = true; wake(was)
    :: true
    fi;
    d_step { published++ };
    wake(was);
    drop_reference()
}

inline meet_as_task() {
#ifdef FAULT_ENDS_WITHOUT_TAKING
    d_step { met = meeting; meeting = FINISHED };
#else
    do
    :: d_step { meeting == RUNNING -> meeting = FINISHED; met = RUNNING }; break
    :: d_step { meeting == JOINING -> meeting = TAKEN; took = true }
    :: d_step { meeting == TAKEN -> meeting = FINISHED; met = TAKEN }; break
    :: meeting == DETACHED -> met = DETACHED; break
    od;
#endif
    if
    :: met == DETACHED -> drop_reference()
    :: else
    fi;
    if
    :: took -> joiner_woken = 1; drop_clone()
    :: else
    fi
}

inline finish() {
    d_step { assert(!ended); ended = true };
    polling--;
#ifdef FAULT_ENDED_IS_ZERO
    wakes = 0;
#else
    wakes = ENDED;
#endif
    meet_as_task()
}

proctype worker() {
    byte answered, woken;
    mtype met;
    bool took = false;
    do
    :: d_step { queued > 0 -> queued-- };
        touch();
        d_step { assert(polling == 0 && !ended); polling++ };
        answered = wakes;
        if
        :: aborted -> drops++; finish(); break
        :: else
        fi;
        if /* the poll */
        :: published == WAKERS -> finish(); break
        :: else
        fi;
#ifdef FAULT_ANSWERED_READ_LATE
        answered = wakes;
#endif
        polling--;
        d_step { woken = wakes; wakes = wakes - answered };
#ifndef FAULT_FORGETS_WAKES
        if
        :: woken != answered -> schedule()
        :: else
        fi;
#endif
        answered = 0;
        woken = 0
    :: ended -> break
    od
}

/* The handle, and the join futures made from it. left: the future has left a clone of the waker. */
inline leave() {
    d_step { clones++ };
    left = true;
    if
    :: d_step { meeting == RUNNING -> meeting = JOINING }
    :: else -> drop_clone(); left = false /* it has ended meanwhile */
    fi
}

inline withdraw() {
#ifdef FAULT_WITHDRAW_ALWAYS_DROPS
    if
    :: d_step { meeting == JOINING -> meeting = RUNNING }
    :: else
    fi;
    drop_clone();
#else
    if
    :: d_step { meeting == JOINING -> meeting = RUNNING }; drop_clone()
    :: else
    fi;
#endif
    left = false
}

inline drop_handle() {
    touch();
#ifdef FAULT_DETACH_IS_NO_RMW
    found = meeting;
    meeting = DETACHED;
#else
    d_step { found = meeting; meeting = DETACHED };
#endif
    if
    :: found == FINISHED -> drop_reference()
    :: else
    fi
}

proctype handle() {
    bool left = false;
    mtype found;
    byte given_up = 0;
    do
    :: meeting == FINISHED -> /* the join is ready */
        assert(ended);
        touch();
        left = false;
        break
    :: meeting == TAKEN && left -> left = false
    :: meeting == RUNNING && !left -> leave()
    :: joiner_woken -> joiner_woken = 0
    :: given_up < 2 && left -> withdraw(); given_up++
    :: !left -> break /* detach */
    od;
    drop_handle()
}

init {
    atomic {
        run worker();
        run worker();
        run waking(false);
        run waking(true);
        run handle();
    }
    /* All have come to their end. */
    (_nr_pr == 1) -> assert(ended && freed && references == 0 && queued == 0 && clones == 0 && drops <= 1)
}
