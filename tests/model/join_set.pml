/* SPDX-License-Identifier: MIT */
/*
 * How the children of a join set are woken (src/async/join_set.c, join_set.h): the mark of a place,
 * the list of woken places, the list that the poll has taken, and the waker of whoever waits.
 *
 * There are two places and three children. The third child is added to the first place once the
 * child there was reported, while wakers of that child may still be woken. Each child has a thread
 * that wakes it for nothing, then lets it end and wakes it, and wakes it once more. One task awaits
 * the ends of the children, one after the other, and ends when it has all three. Its turn may end
 * in the middle of a poll, whenever spin chooses. A lost wake leaves the task waiting for ever,
 * which is an invalid end state. A place that is in two lists, or twice in one, would break the
 * lists, which are linked through the places; an assertion catches it.
 *
 * A task's waker is a flag here, which the task clears when it begins to poll (task_state.pml).
 * Locks are atomic steps. Changes of the mark are atomic read-modify-writes in the code. The lock
 * orders the rest.
 *
 * FAULT_CLEARS_THE_MARK_LATE: the mark is cleared only after the child was polled.
 * FAULT_TAKES_BEFORE_IT_WAITS: the list is taken first, and the waker left afterwards.
 * FAULT_LEAVES_THE_REST_IN_SILENCE: a poll whose turn is over does not wake its task for the rest.
 * FAULT_ADDS_WITHOUT_A_MARK: adding a child appends its place whether it is marked or not.
 * FAULT_FIRST_WAKE_ONLY: a place that is appended to an empty list wakes nobody if the poll has
 * places left in the list that it has taken.
 */

#define PLACES 2
#define CHILDREN 3
#define NOBODY 255

chan woken = [PLACES] of { byte };
chan taken = [PLACES] of { byte };
bool mark[PLACES];
bool listed[PLACES]; /* in one of the lists */
byte child[PLACES];  /* which child is there, or NOBODY */
bool may_end[CHILDREN];

bool waits = false;      /* the set has the task's waker */
bool task_woken = false; /* the task is to be polled */

inline append(place) {
    d_step {
        assert(!listed[place]);
        listed[place] = true;
        if
#ifdef FAULT_FIRST_WAKE_ONLY
        :: empty(woken) && waits && empty(taken) -> task_woken = true
#else
        :: empty(woken) && waits -> task_woken = true
#endif
        :: else
        fi;
        woken ! place
    }
}

inline wake_place(place) {
    d_step { was = mark[place]; mark[place] = true };
    if
    :: was
    :: else -> append(place)
    fi
}

proctype waking(byte which; byte place) {
    bool was;
    wake_place(place);
    may_end[which] = true;
    wake_place(place);
    wake_place(place)
}

/* Polls the taken places until a child has ended or the turn is over. */
inline poll_taken() {
    do
    :: found != NOBODY || over -> break
    :: found == NOBODY && !over && empty(taken) -> break
    :: found == NOBODY && !over && nempty(taken) ->
        if
        :: true
        :: turns > 0 -> turns--; over = true
        fi;
        if
        :: over
        :: else ->
            d_step { taken ? place; listed[place] = false };
#ifndef FAULT_CLEARS_THE_MARK_LATE
            mark[place] = false;
#endif
            if
            :: child[place] != NOBODY && may_end[child[place]] -> found = place
            :: else
            fi;
#ifdef FAULT_CLEARS_THE_MARK_LATE
            mark[place] = false;
#endif
        fi
    od;
#ifndef FAULT_LEAVES_THE_REST_IN_SILENCE
    if
    :: over -> task_woken = true
    :: else
    fi
#endif
}

inline take() {
    if
    :: empty(taken) ->
        do
        :: nempty(woken) -> woken ? place; taken ! place
        :: empty(woken) -> break
        od
    :: else
    fi
}

inline wait_and_take() {
#ifdef FAULT_TAKES_BEFORE_IT_WAITS
    d_step { take() };
    waits = true
#else
    d_step { waits = true; take() }
#endif
}

/* The place is free; the first one gets the third child. */
inline report() {
    waits = false;
    reported++;
    child[found] = NOBODY;
    if
    :: found == 0 && !added ->
        added = true;
        child[0] = 2;
        run waking(2, 0);
#ifdef FAULT_ADDS_WITHOUT_A_MARK
        mark[0] = true;
        append(0)
#else
        wake_place(0)
#endif
    :: else
    fi
}

proctype task() {
    byte reported = 0, found, place, turns = 2;
    bool over, was, added = false;
    do
    :: reported == CHILDREN -> break
    :: reported < CHILDREN && task_woken ->
        task_woken = false;
        over = false;
        do
        :: found = NOBODY;
            poll_taken();
            if
            :: found == NOBODY -> wait_and_take(); poll_taken()
            :: else
            fi;
            if
            :: found == NOBODY -> break
            :: else -> report()
            fi;
            if
            :: reported == CHILDREN -> break
            :: else
            fi
        od
    od
}

init {
    atomic {
        byte i;
        bool was;
        for (i : 0 .. PLACES - 1) {
            child[i] = i;
            mark[i] = true;
            listed[i] = true;
            woken ! i
        }
        task_woken = true;
        run waking(0, 0);
        run waking(1, 1);
        run task()
    }
}
