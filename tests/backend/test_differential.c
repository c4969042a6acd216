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
 *   - A hint (error, closed, priority) must be one that the reference gave by then.
 *   - The owner's calls must answer the same.
 *
 * What two backends do differently all the same is in the table of differences.
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

enum { TRIES = 2, MOST_REPEATED = 10, LONGEST_PROBLEM = 256 };

#define QUIET (10 * CMIO_MILLISECOND)
#define PATIENCE (1 * CMIO_SECOND)
#define LASTING (100 * CMIO_MILLISECOND)

static const uint32_t portable = CMIO_READABLE | CMIO_WRITABLE;

struct difference {
    const char *scene;
    const char *step;
    const char *reference; /* the backend's name */
    const char *subject;
    uint32_t missing; /* told by the reference alone, and rightly */
    uint32_t beyond;  /* hints of the subject alone */
};

/* docs/platform-notes.md tells of each. */
static const struct difference differences[] = {
    {"", "", "", "", 0, 0},
};

static const struct difference *find_difference(const struct rig_scene *scene, size_t step,
                                                const char *reference, const char *subject) {
    static const struct difference none;
    for (size_t i = 0; i < sizeof differences / sizeof *differences; i++) {
        const struct difference *row = &differences[i];
        if (strcmp(row->scene, scene->name) == 0 &&
            strcmp(row->step, scene->steps[step].name) == 0 &&
            strcmp(row->reference, reference) == 0 && strcmp(row->subject, subject) == 0)
            return row;
    }
    return &none;
}

/* What a run was told. */
struct record {
    uint32_t told[RIG_MOST_STEPS]; /* after each step, and not before it */
    long result[RIG_MOST_STEPS];
    int repeated; /* waits that returned with an event, at the end */
};

static char problem[LONGEST_PROBLEM];

static bool differs(const struct rig_scene *scene, size_t step, const char *what, long detail) {
    (void)snprintf(problem, sizeof problem, "%s, step %zu (%s): %s (%#lx)", scene->name, step + 1,
                   scene->steps[step].name, what, (unsigned long)detail);
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

static bool run_reference(const struct rig_scene *scene, const char *backend,
                          struct record *record) {
    struct rig rig;
    bool spins;
    memset(record, 0, sizeof *record);
    if (!rig_open(&rig, scene->kind, backend,
                  scene->interest != 0 ? scene->interest : scene->kind->interest))
        return false;
    (void)listen_once(&rig, &spins); /* what held at the register: tested elsewhere */
    for (size_t step = 0; step < count_steps(scene); step++) {
        run_step(&rig, scene, step, record);
        record->told[step] = listen_once(&rig, &spins);
    }
    record->repeated = count_repeated(&rig, scene);
    rig_close(&rig);
    return true;
}

/* What the subject was told and has not acted on, and all that was told so far. */
struct hand {
    uint32_t held;
    uint32_t by_subject;
    uint32_t by_reference;
};

static bool judge_step(struct rig *rig, const struct rig_scene *scene, size_t step,
                       const struct record *reference, const struct difference *difference,
                       struct hand *hand) {
    const uint32_t owed = reference->told[step] & ~difference->missing;
    const int64_t give_up = test_now() + PATIENCE;
    bool spins;
    hand->held &= ~rig->answered;
    while ((owed & portable & ~hand->held) != 0) {
        const int64_t left = give_up - test_now();
        if (left <= 0)
            return differs(scene, step, "missed", (long)(owed & portable & ~hand->held));
        hand->held |= wait_once(rig, left);
    }
    hand->held |= listen_once(rig, &spins);
    if (spins)
        return differs(scene, step, "waits spin, telling", (long)hand->held);
    hand->by_reference |= reference->told[step] | difference->beyond;
    hand->by_subject |= hand->held;
    if ((hand->by_subject & ~portable & ~hand->by_reference) != 0)
        return differs(scene, step, "hints that the reference does not give",
                       (long)(hand->by_subject & ~portable & ~hand->by_reference));
    if ((owed & ~portable & ~hand->by_subject) != 0)
        return differs(scene, step, "hints that the reference alone gives",
                       (long)(owed & ~portable & ~hand->by_subject));
    return true;
}

static bool judge_steps(struct rig *rig, const struct rig_scene *scene, const char *reference_name,
                        const struct record *reference) {
    struct hand hand = {0};
    struct record record = {0};
    bool spins;
    hand.held = listen_once(rig, &spins);
    hand.by_subject = hand.held;
    hand.by_reference = ~portable & hand.held;
    for (size_t step = 0; step < count_steps(scene); step++) {
        run_step(rig, scene, step, &record);
        if (record.result[step] != reference->result[step])
            return differs(scene, step, "the call answers another result", record.result[step]);
        const struct difference *difference = find_difference(
            scene, step, reference_name, cmio_poll_backend(rig->loop.poll));
        if (!judge_step(rig, scene, step, reference, difference, &hand))
            return false;
    }
    const int repeated = count_repeated(rig, scene);
    if (repeated > reference->repeated + MOST_REPEATED)
        return differs(scene, count_steps(scene) - 1, "waits that returned with an event",
                       repeated);
    return true;
}

/* Whether the scene is the same on both; also where there is no such scene. */
static bool compare_once(const struct rig_scene *scene, const char *reference_name,
                         const char *subject) {
    struct record reference;
    struct rig rig;
    if (!run_reference(scene, reference_name, &reference))
        return true;
    const cmio_interest interest = scene->interest != 0 ? scene->interest : scene->kind->interest;
    if (!rig_open(&rig, scene->kind, subject, interest))
        return true;
    const bool same = judge_steps(&rig, scene, reference_name, &reference);
    rig_close(&rig);
    return same;
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
