/* SPDX-License-Identifier: MIT */

/*
 * The same program on two backends must be told the same. The reference is the system's best
 * backend; the subject is the one that the suite runs on. Each scene runs on the reference first,
 * which records what its owner is told after each step and what its calls answer. Then it runs on
 * the subject:
 *
 *   - Readable or writable that the reference told must come, for as long as it takes within the
 *     suite's patience, unless the subject has told it already and the owner has not acted on it.
 *   - What the subject tells beyond that is spurious, and allowed, but must not make waits spin.
 *   - Hints (error, closed, priority) must be the same by the end of each step.
 *   - The owner's calls must answer the same.
 *
 * What is otherwise all the same is in the table of differences.
 *
 * The system may deliver late on a busy machine and so tell the reference of it a step later: a
 * scene fails when it has failed three times.
 */

#include "backend/rig.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "support/scale.h"

enum { TRIES = 3, MOST_REPEATED = 10, LONGEST_PROBLEM = 256 };

#define QUIET (5 * CMIO_MILLISECOND)
#define PATIENCE (5 * CMIO_SECOND)
#define LASTING (100 * CMIO_MILLISECOND)

#define BEFORE SIZE_MAX /* the first step */

static const uint32_t portable = CMIO_READABLE | CMIO_WRITABLE;

/*
 * What a reference does otherwise than poll(2) on the same system, and docs/platform-notes.md tells
 * of. epoll: nothing.
 */
struct difference {
    const char *reference;
    bool has_other_hints; /* "kqueue: how real kernels answer"; tabled in expectations.c */
    bool lacks_priority;  /* the same note */
};

static const struct difference differences[] = {
    {"kqueue", .has_other_hints = true, .lacks_priority = true},
    {"epoll", .has_other_hints = false},
    {"poll", .has_other_hints = false},
};

static const struct difference *find_difference(const char *reference) {
    for (size_t i = 0; i < sizeof differences / sizeof *differences; i++)
        if (strcmp(differences[i].reference, reference) == 0)
            return &differences[i];
    fail_msg("%s is not in the table", reference);
    return NULL;
}

/* What a run was told. */
struct record {
    int registered;                /* what register answered; nothing follows an error */
    uint32_t at_first;             /* told before the first step */
    uint32_t told[RIG_MOST_STEPS]; /* after each step, and not before it */
    long result[RIG_MOST_STEPS];
    int repeated; /* waits that returned with an event, at the end */
};

static char problem[LONGEST_PROBLEM];

static bool differs(const struct rig_scene *scene, size_t step, const char *what, long detail) {
    const char *name = step == BEFORE ? "register" : scene->steps[step].name;
    (void)snprintf(problem, sizeof problem, "%s, step %zu (%s): %s (%#lx)", scene->name, step + 1,
                   name, what, (unsigned long)detail);
    return false;
}

/* One wait: what came. */
static uint32_t wait_once(struct rig *rig, int64_t timeout) {
    const int count = test_loop_wait(&rig->loop, timeout);
    assert_true(count >= 0 || count == -EINTR);
    const uint32_t came = rig->loop.came[RIG_TOKEN];
    rig->loop.came[RIG_TOKEN] = 0;
    return came;
}

static void run_step(struct rig *rig, const struct rig_scene *scene, size_t step,
                     struct record *record) {
    rig->answered = 0;
    rig->result = 0;
    scene->steps[step].run(rig);
    record->result[step] = rig->result;
}

static size_t count_steps(const struct rig_scene *scene) {
    size_t count = 0;
    while (count < RIG_MOST_STEPS && scene->steps[count].run != NULL)
        count++;
    return count;
}

/* Waits until nothing comes, or too much: what came. */
static uint32_t listen_once(struct rig *rig, bool *spins) {
    uint32_t told = 0;
    uint32_t came;
    int waits = 0;
    while ((came = wait_once(rig, QUIET)) != 0 && waits++ < 2 * MOST_REPEATED)
        told |= came;
    *spins = came != 0;
    return told;
}

/* The owner does what it did last, at each event, for a while: how many there were. */
static int count_repeated(struct rig *rig, const struct rig_scene *scene) {
    const size_t last = count_steps(scene) - 1;
    const int64_t end = test_now() + LASTING;
    int64_t left;
    int repeated = 0;
    if (strncmp(scene->steps[last].name, "owner", 5) != 0)
        return 0;
    while ((left = end - test_now()) > 0 && repeated < 1000)
        if (wait_once(rig, left) != 0) {
            scene->steps[last].run(rig);
            repeated++;
        }
    return repeated;
}

static void record_steps(struct rig *rig, const struct rig_scene *scene, struct record *record) {
    bool spins;
    record->at_first = listen_once(rig, &spins);
    for (size_t step = 0; step < count_steps(scene); step++) {
        run_step(rig, scene, step, record);
        record->told[step] = listen_once(rig, &spins);
    }
    if (wait_once(rig, QUIET) != 0)
        record->repeated = count_repeated(rig, scene);
}

/* false: the system has no such thing. */
static bool run_reference(const struct rig_scene *scene, const char *backend,
                          struct record *record) {
    struct rig rig;
    memset(record, 0, sizeof *record);
    if (!rig_open(&rig, scene, backend))
        return false;
    record->registered = rig_register(&rig, scene);
    if (record->registered == 0)
        record_steps(&rig, scene, record);
    rig_close(&rig);
    return true;
}

/* What the subject was told and has not acted on, and all that was told so far. */
struct hand {
    uint32_t held;
    uint32_t by_subject;
    uint32_t by_reference;
};

/* A hint of either that the other has not given by now: 0 where there is none. */
static uint32_t other_hint(const struct hand *hand) {
    return (hand->by_subject ^ hand->by_reference) & ~portable;
}

static bool judge_step(struct rig *rig, const struct rig_scene *scene, size_t step, uint32_t told,
                       const struct difference *difference, struct hand *hand) {
    const uint32_t owed = told & portable;
    const int64_t give_up = test_now() + PATIENCE;
    bool spins;
    hand->held &= ~rig->answered;
    while ((owed & ~hand->held) != 0) {
        const int64_t left = give_up - test_now();
        if (left <= 0)
            return differs(scene, step, "missed", owed & ~hand->held);
        hand->held |= wait_once(rig, left);
    }
    hand->held |= listen_once(rig, &spins);
    if (spins)
        return differs(scene, step, "waits spin, telling", hand->held);
    hand->by_reference |= told;
    hand->by_subject |= hand->held;
    if (!difference->has_other_hints && other_hint(hand) != 0)
        return differs(scene, step, "only one of the two gives the hint", other_hint(hand));
    return true;
}

static bool judge_steps(struct rig *rig, const struct rig_scene *scene,
                        const struct difference *difference, const struct record *reference) {
    struct hand hand = {0};
    struct record record = {0};
    if (!judge_step(rig, scene, BEFORE, reference->at_first, difference, &hand))
        return false;
    for (size_t step = 0; step < count_steps(scene); step++) {
        run_step(rig, scene, step, &record);
        if (record.result[step] != reference->result[step])
            return differs(scene, step, "the call answers another result", record.result[step]);
        if (!judge_step(rig, scene, step, reference->told[step], difference, &hand))
            return false;
    }
    const int repeated = count_repeated(rig, scene);
    if (repeated > reference->repeated + MOST_REPEATED)
        return differs(scene, count_steps(scene) - 1, "waits return with an event", repeated);
    return true;
}

static bool run_subject(const struct rig_scene *scene, const char *backend,
                        const struct difference *difference, const struct record *reference) {
    struct rig rig;
    if (!rig_open(&rig, scene, backend))
        return differs(scene, BEFORE, "the second time there is no such thing", 0);
    const int registered = rig_register(&rig, scene);
    bool same = registered == reference->registered;
    if (!same)
        (void)differs(scene, BEFORE, "register answers otherwise", registered);
    else if (registered == 0)
        same = judge_steps(&rig, scene, difference, reference);
    rig_close(&rig);
    return same;
}

/* Whether the scene is the same on both; also where there is no such thing. */
static bool compare_once(const struct rig_scene *scene, const char *reference_name,
                         const char *subject) {
    struct record reference;
    const struct difference *difference = find_difference(reference_name);
    if (!run_reference(scene, reference_name, &reference))
        return true;
    if (reference.registered == -ENOTSUP && difference->lacks_priority)
        return true;
    return run_subject(scene, subject, difference, &reference);
}

static bool compare(const struct rig_scene *scene) {
    const char *best;
    assert_true(cmio_backends(&best, 1) > 0);
    const char *subject = test_backend() != NULL ? test_backend() : best;
    for (int i = 0; i < TRIES; i++)
        if (compare_once(scene, best, subject))
            return true;
    print_error("%s\n", problem);
    return false;
}

static void compare_all(struct rig_scenes scenes) {
    int failed = 0;
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < scenes.count; i++)
        failed += !compare(&scenes.list[i]);
    (void)signal(SIGPIPE, before);
    assert_int_equal(failed, 0);
}

static void sockets_pipes_and_terminals_tell_the_same_on_every_backend(void **state) {
    (void)state;
    compare_all(rig_portable_scenes());
}

static void what_this_system_has_beside_tells_the_same_on_every_backend(void **state) {
    (void)state;
    compare_all(rig_system_scenes());
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(sockets_pipes_and_terminals_tell_the_same_on_every_backend),
    cmocka_unit_test(what_this_system_has_beside_tells_the_same_on_every_backend),
};
TEST_GROUP(backend_differential, tests)
