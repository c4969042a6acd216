/* SPDX-License-Identifier: MIT */
/*
 * The ring from which other workers steal (src/async/run_queue.[ch]).
 *
 * The owner pushes tasks and pops some. Two thieves steal half of what they find, copying one task
 * at a time into rings of their own. The model counts the tasks there. The ring has four places, so
 * that they are reused, and the thieves may be slow.
 *
 * What is checked: each task is taken once, and none is lost.
 *
 * spin assumes sequential consistency. The code relies on this:
 * - The owner publishes a task by releasing the tail, which a thief acquires.
 * - Only an owner that acquired the head uses a place again. Whoever emptied the place released it.
 * - The exchange of the head is acquire and release.
 *
 * FAULT_POP_IS_NO_RMW: the owner takes a task with a load and a store of the head.
 * FAULT_MOVES_BEFORE_COPY: a thief moves the head and then copies.
 * FAULT_PUSH_OVERRUNS: the owner uses one place too many.
 */

#define RING 4
#define TASKS 6
#define THIEVES 2

byte head = 0;
byte tail = 0;
byte place[RING];
byte taken[TASKS];
byte count_taken = 0;

inline take(task) {
    d_step {
        assert(taken[task] == 0);
        taken[task]++;
        count_taken++
    }
}

inline push(fits) {
    at = head;
#ifdef FAULT_PUSH_OVERRUNS
    fits = tail - at < RING + 1;
#else
    fits = tail - at < RING;
#endif
    if
    :: fits -> place[tail % RING] = next; tail++; next++
    :: else
    fi;
    at = 0
}

inline pop() {
    at = head;
    if
    :: at != tail ->
        task = place[at % RING];
#ifdef FAULT_POP_IS_NO_RMW
        head = at + 1;
        take(task);
#else
        d_step { has = (head == at); head = (has -> at + 1 : head) };
        if
        :: has -> take(task)
        :: else
        fi;
        has = false;
#endif
        task = 0
    :: else
    fi;
    at = 0
}

proctype owner() {
    byte at, task, next = 0;
    bool fits = false, has = false;
    do
    :: next < TASKS -> push(fits); fits = false
    :: pop()
    :: next == TASKS && count_taken == TASKS -> break
    od
}

proctype thief() {
    byte at, count, i;
    byte copy[RING];
    bool has = false;
    do
    :: count_taken < TASKS && head != tail ->
        at = head;
        count = tail - at;
        if
        :: count == 0 || count > RING
        :: else ->
            count = count - count / 2;
#ifdef FAULT_MOVES_BEFORE_COPY
            d_step { has = (head == at); head = (has -> at + count : head) };
#endif
            i = 0;
            do
            :: i < count -> copy[i] = place[(at + i) % RING]; i++
            :: else -> break
            od;
#ifndef FAULT_MOVES_BEFORE_COPY
            skip;
            d_step { has = (head == at); head = (has -> at + count : head) };
#endif
            i = 0;
            do
            :: has && i < count -> take(copy[i]); i++
            :: else -> break
            od
        fi;
        skip;
        d_step { copy[0] = 0; copy[1] = 0; copy[2] = 0; copy[3] = 0; has = false; at = 0; count = 0; i = 0 }
    :: count_taken == TASKS -> break
    od
}

init {
    byte i;
    atomic {
        run owner();
        for (i : 1 .. THIEVES) { run thief() }
    }
    (_nr_pr == 1) -> assert(count_taken == TASKS && head == tail)
}
