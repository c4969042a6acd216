/* SPDX-License-Identifier: MIT */
/*
 * How workers go to sleep and are woken (src/async/schedule.c, executor.h): the list of idle
 * workers, the number of searching ones, tasks in the workers' rings, injected tasks, and the stop.
 *
 * There are two workers. One thread injects tasks. Some task spawns others into the ring of the
 * worker that runs it. Some task, whichever spin chooses, runs until all others are done. So the
 * model shows more than whether all workers sleep while there is work: it shows whether one sleeps
 * while the work lies with a worker that does not get to it. A worker that sleeps then sleeps for
 * ever, which is an invalid end state. When all tasks are done, the executor is stopped, and every
 * worker must end.
 *
 * A worker's `next` is left out: another worker takes it only to relieve its owner
 * (src/async/relief.c). Locks are atomic steps here.
 *
 * spin assumes sequential consistency, and the code asks for it. idle_count, searching and
 * injected_count are changed with seq_cst read-modify-writes. A thread that pushed into a ring has
 * a seq_cst fence between that and its look at idle_count. A worker that is about to sleep has a
 * fence between its announcement and its look at the rings. Without either, the two could miss each
 * other.
 *
 * FAULT_LOOKS_BEFORE_IT_SAYS_SO: a worker looks for work and only then announces that it is idle.
 * FAULT_DOES_NOT_LOOK_AGAIN: a worker announces that it is idle and sleeps without a look for work.
 * FAULT_FINDS_IN_SILENCE: the last worker to search finds something and wakes nobody.
 * FAULT_TAKES_IN_SILENCE: a worker that moves several injected tasks to its ring wakes nobody.
 * FAULT_SPAWNS_IN_SILENCE: a task that was spawned into the ring wakes nobody.
 * FAULT_STOP_IS_NO_WORK: a worker that is about to sleep does not look whether the executor was
 * stopped, and the stop wakes only idle workers.
 */

#define WORKERS 2
#define INJECTS 2
#define SPAWNS 1
#define TOTAL (INJECTS + spawned)

byte ring[WORKERS];
byte injected = 0;

bool idle[WORKERS]; /* the list, under its lock; spin chooses which of them is taken */
byte idle_count = 0;
byte searching = 0;
bool token[WORKERS]; /* of the worker's waker */
bool has_stopped = false;

byte spawned = 0;
byte done = 0;
bool long_begun = false;

inline unpark_one() {
    if
    :: idle_count == 0
    :: else ->
        if
        :: searching != 0
        :: else ->
            d_step { /* under the lock of the idle list */
                if
                :: idle[0] -> idle[0] = false; chosen = 0
                :: !idle[0] && idle[1] -> idle[1] = false; chosen = 1
                :: else -> chosen = WORKERS
                fi;
                if
                :: chosen < WORKERS -> searching++; idle_count--
                :: else
                fi
            };
            if
            :: chosen < WORKERS -> token[chosen] = true
            :: else
            fi;
            chosen = 0
        fi
    fi
}

proctype injecting() {
    byte chosen, i;
    for (i : 1 .. INJECTS) {
        injected++;
        unpark_one()
    }
}

/* Runs one task. It may spawn others, and may be the one that runs until all others are done. */
inline run_task() {
    do
    :: d_step { spawned < SPAWNS -> spawned++ };
        ring[me]++;
#ifndef FAULT_SPAWNS_IN_SILENCE
        unpark_one()
#endif
    :: break
    od;
    if
    :: d_step { !long_begun -> long_begun = true }; done == TOTAL - 1
    :: true
    fi;
    done++
}

inline end_search(was_last) {
    is_searching = false;
    d_step { was_last = (searching == 1); searching-- }
}

inline found_one() {
    if
    :: is_searching ->
        end_search(flag);
#ifndef FAULT_FINDS_IN_SILENCE
        if
        :: flag -> unpark_one()
        :: else
        fi;
#endif
        flag = false
    :: else
    fi
}

/* Moves the injected tasks to the ring, one by one. */
inline take_injected() {
    d_step { count = injected; injected = 0 };
    if
    :: count > 0 ->
        flag = count > 1;
        do
        :: count > 0 -> ring[me]++; count--
        :: else -> break
        od;
#ifndef FAULT_TAKES_IN_SILENCE
        if
        :: flag -> unpark_one()
        :: else
        fi;
#endif
        flag = false
    :: else
    fi
}

inline pop(from) {
    d_step {
        if
        :: ring[from] > 0 -> ring[from]--; has = true
        :: else
        fi
    }
}

inline begin_search() {
    if
    :: is_searching
    :: !is_searching && 2 * searching >= WORKERS
    :: else -> d_step { searching++; is_searching = true }
    fi
}

inline steal() {
    begin_search();
    if
    :: is_searching ->
        other = 1;
        do
        :: !has && other < WORKERS ->
            d_step {
                if
                :: ring[(me + other) % WORKERS] > 0 ->
                    count = (ring[(me + other) % WORKERS] + 1) / 2;
                    ring[(me + other) % WORKERS] = ring[(me + other) % WORKERS] - count;
                    has = true
                :: else
                fi
            };
            if
            :: has -> ring[me] = ring[me] + count - 1
            :: else
            fi;
            count = 0;
            other++
        :: else -> break
        od;
        other = 0
    :: else
    fi
}

inline look_for_work() {
    other = 0;
    flag = injected > 0;
#ifndef FAULT_STOP_IS_NO_WORK
    flag = flag || has_stopped;
#endif
    do
    :: other < WORKERS -> flag = flag || ring[other] > 0; other++
    :: else -> break
    od;
    other = 0
}

inline become_idle() { d_step { idle[me] = true; idle_count++ } }

inline become_busy() {
    d_step {
        is_searching = !idle[me];
        if
        :: idle[me] -> idle[me] = false; idle_count--
        :: else
        fi
    }
}

inline sleep() { d_step { token[me] -> token[me] = false } }

inline park() {
#ifdef FAULT_LOOKS_BEFORE_IT_SAYS_SO
    look_for_work();
    become_idle();
    if
    :: is_searching -> is_searching = false; searching--
    :: else
    fi;
#else
    become_idle();
    if
    :: is_searching -> is_searching = false; searching--
    :: else
    fi;
#ifdef FAULT_DOES_NOT_LOOK_AGAIN
    flag = false;
#else
    look_for_work();
#endif
#endif
    if
    :: !flag -> sleep()
    :: else
    fi;
    flag = false;
    become_busy()
}

proctype worker(byte me) {
    byte chosen, count, other;
    bool is_searching = false, has = false, flag = false;
    do
    :: has_stopped -> break
    :: !has_stopped ->
        if /* every so many polls a worker looks at the injected tasks first */
        :: take_injected()
        :: true
        fi;
        pop(me);
        if
        :: !has -> take_injected(); pop(me)
        :: else
        fi;
        if
        :: !has -> steal()
        :: else
        fi;
        if
        :: has -> has = false; found_one(); run_task()
        :: else -> park()
        fi
    od
}

proctype shutdown() {
    byte i;
    done == TOTAL;
    has_stopped = true;
    for (i : 0 .. WORKERS - 1) {
#ifdef FAULT_STOP_IS_NO_WORK
        if
        :: idle[i] -> token[i] = true
        :: else
        fi
#else
        token[i] = true
#endif
    }
}

init {
    atomic {
        run worker(0);
        run worker(1);
        run injecting();
        run shutdown();
    }
    (_nr_pr == 1) -> assert(done == TOTAL && injected == 0)
}
