/* SPDX-License-Identifier: MIT */

/*
 * Random scenes on two backends. The reference is the system's best backend, the subject the one
 * that the suite runs on, as in test_differential.c, whose scenes are fixed. A scene runs on the
 * reference first, then on the subject. What either is told is held against what poll(2) says of
 * the bare descriptor:
 *
 *   - Readable and writable are owed after register and reregister as soon as they hold; once more
 *     after an event, when the owner has acted on it and the condition has been false since. With
 *     level interest they are owed with every wait, with one-shot interest once.
 *   - What the reference is told is owed to the subject too, unless the subject was told already
 *     and the owner has not acted on that since.
 *   - Hints (error, closed, priority) must be so. kqueue has others: expectations.c.
 *   - Nothing comes of what is not registered, and waits come to rest.
 *   - The owner's calls answer the same on both.
 *
 * What a scene meets may depend on time: the system delivers late on a busy machine. So a scene
 * fails when it has failed five times, with longer and longer pauses to listen. A failure shows the
 * seed and the shortest scene that still fails.
 *
 * CMIO_TEST_SEED=N starts at another seed than 1, CMIO_TEST_SCENES=N runs that many.
 */

#include "backend/rig.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/scale.h"

enum {
    SCENES = 400,
    TRIES = 5,
    SHRINKING_TRIES = 3,
    MOST_REPEATED = 10,
    LONGEST_PROBLEM = 160,
    LASTS_EVERY = 16
};

#define LASTING (50 * CMIO_MILLISECOND)

/* Not every system tells of it. */
#ifdef POLLRDHUP
enum { HALF_CLOSE = POLLRDHUP };
#else
enum { HALF_CLOSE = 0 };
#endif

static const uint32_t portable = CMIO_READABLE | CMIO_WRITABLE;

/* How long to listen for what nobody is owed, and how long to wait for what somebody is. */
struct pace {
    int64_t quiet;
    int64_t patience;
};

static const struct pace paces[TRIES] = {
    {0, 200 * CMIO_MILLISECOND},
    {2 * CMIO_MILLISECOND, CMIO_SECOND},
    {10 * CMIO_MILLISECOND, 10 * CMIO_SECOND},
    {50 * CMIO_MILLISECOND, 10 * CMIO_SECOND},
    {200 * CMIO_MILLISECOND, 10 * CMIO_SECOND},
};

/* For a scene that has failed: whether a shorter one does too. */
static const struct pace shrinking_paces[SHRINKING_TRIES] = {
    {0, 100 * CMIO_MILLISECOND},
    {2 * CMIO_MILLISECOND, 200 * CMIO_MILLISECOND},
    {10 * CMIO_MILLISECOND, 400 * CMIO_MILLISECOND},
};

/* What one run was told after each step, and what its calls answered. */
struct record {
    int registered;
    uint32_t at_first;
    uint32_t told[RIG_MOST_STEPS];
    long result[RIG_MOST_STEPS];
    int repeated;
};

/* A run of a scene. */
struct run {
    struct rig rig;
    const struct rig_scene *scene;
    const struct record *reference; /* NULL: it is the reference */
    struct pace pace;
    size_t step; /* 0: before the first */
    struct record record;
    uint32_t acted;     /* directions that the owner acted on since an event told of them */
    uint32_t armed;     /* owed as soon as the condition holds */
    uint32_t held;      /* told, and not acted on */
    uint32_t told;      /* in this listening */
    uint32_t seen;      /* what poll(2) said since the last listening */
    bool is_spent;      /* a one-shot that told */
    bool knows_lasting; /* it was told of what no I/O ends */
    bool is_wrong;
};

static char problem[LONGEST_PROBLEM];

static void goes_wrong(struct run *run, const char *what, uint32_t detail) {
    if (!run->is_wrong)
        (void)snprintf(problem, sizeof problem, "%s, after step %zu: %s (%#x)",
                       cmio_poll_backend(run->rig.loop.poll), run->step, what, (unsigned)detail);
    run->is_wrong = true;
}

static bool is_registered(const struct run *run) {
    return cmio_source_is_registered(&run->rig.owner.source);
}

static bool is_level(const struct run *run) {
    return (run->rig.interest & CMIO_LEVEL) != 0;
}

static bool has_other_hints(const struct run *run) {
    return strcmp(cmio_poll_backend(run->rig.loop.poll), "kqueue") == 0;
}

/*
 * What poll(2) says of the bare descriptor. With kqueue, a peer that reads no more makes a full stream
 * not writable.
 */
static uint32_t look(const struct run *run) {
    struct pollfd asked = {.fd = run->rig.fd, .events = POLLIN | POLLOUT | POLLPRI | HALF_CLOSE};
    uint32_t ready = 0;
    assert_true(poll(&asked, 1, 0) >= 0);
    if (asked.revents & HALF_CLOSE)
        ready |= CMIO_READABLE | CMIO_READ_CLOSED;
    if (asked.revents & POLLERR)
        ready |= CMIO_READABLE | CMIO_WRITABLE | CMIO_ERROR;
    if (asked.revents & POLLHUP)
        ready |= CMIO_READABLE | CMIO_READ_CLOSED | CMIO_WRITE_CLOSED;
    if ((asked.revents & POLLHUP) && !has_other_hints(run))
        ready |= CMIO_WRITABLE;
    ready |= asked.revents & POLLIN ? CMIO_READABLE : 0;
    ready |= asked.revents & POLLOUT ? CMIO_WRITABLE : 0;
    return ready | (asked.revents & POLLPRI ? CMIO_PRIORITY : 0);
}

/* The model. */

static void note_registration(struct run *run) {
    run->armed = is_registered(run) ? run->rig.interest & portable : 0;
    run->acted = run->held = 0;
    run->is_spent = run->knows_lasting = false;
}

/* Whether this says something that no I/O of the owner ends. */
static bool lasts(const struct run *run, uint32_t ready) {
    return (run->rig.kind->reopens && (ready & CMIO_WRITE_CLOSED)) ||
           (run->rig.kind->queues_errors && (ready & CMIO_ERROR));
}

/* A direction that was acted on, and whose condition is seen not to hold, is owed when it does. */
static void note_conditions(struct run *run) {
    const uint32_t now = look(run);
    run->seen |= now;
    run->armed |= run->acted & ~now & portable;
    run->knows_lasting = run->knows_lasting && lasts(run, now);
}

/*
 * -EPIPE ends no turn: the library takes it to be final. After -EFAULT the owner may go on, so nothing
 * is owed for that, though poll(2) may tell once more.
 */
static void note_answers(struct run *run) {
    const uint32_t answered = run->rig.answered & ~(run->rig.ended & CMIO_WRITABLE);
    run->acted |= run->rig.result == -EFAULT ? 0 : answered;
    run->held &= ~answered;
    note_conditions(run);
}

/* What was told that means something with this interest. */
static uint32_t meant(const struct run *run, uint32_t ready) {
    const cmio_interest interest = run->rig.interest;
    uint32_t meaning = CMIO_ERROR | (interest & (portable | CMIO_PRIORITY));
    if (interest & CMIO_READABLE)
        meaning |= CMIO_READ_CLOSED;
    if (interest & CMIO_WRITABLE)
        meaning |= CMIO_WRITE_CLOSED;
    return ready & meaning;
}

static void note_event(struct run *run, uint32_t came) {
    const uint32_t told = meant(run, came);
    const uint32_t hints = told & ~portable;
    if (!is_registered(run))
        goes_wrong(run, "an event of what is not registered", came);
    if ((hints & ~run->seen & ~look(run)) != 0 && !has_other_hints(run))
        goes_wrong(run, "a hint of what is not so", hints & ~run->seen);
    run->told |= told;
    run->held |= told;
    run->armed &= ~told;
    run->acted &= ~told;
    run->is_spent = true;
    run->knows_lasting = lasts(run, look(run));
}

/*
 * What lasts and was told of need not be told again: an end that can be opened again, and errors in
 * a queue that nobody has read.
 */
static uint32_t known(const struct run *run) {
    return run->knows_lasting ? portable : run->rig.ended;
}

/* What poll(2) says that this run must have been told. */
static uint32_t owed_by_system(const struct run *run) {
    const uint32_t late = run->rig.kind->makes_room_late ? CMIO_WRITABLE : 0;
    const uint32_t now = look(run) & run->rig.interest & portable & ~late;
    if (!is_registered(run))
        return 0;
    if (is_level(run))
        return now & ~run->told;
    if ((run->rig.interest & CMIO_ONESHOT) && run->is_spent)
        return 0;
    return now & run->armed & ~known(run);
}

/* What the reference was told, and is so, that this run must have been told. */
static uint32_t owed_by_reference(const struct run *run) {
    if (run->reference == NULL || !is_registered(run))
        return 0;
    const uint32_t told =
        run->step == 0 ? run->reference->at_first : run->reference->told[run->step - 1];
    if ((run->rig.interest & CMIO_ONESHOT) && run->is_spent)
        return 0;
    return told & look(run) & run->rig.interest & portable & ~run->held & ~known(run);
}

/* Waiting. */

static bool wait_once(struct run *run, int64_t timeout) {
    const int count = test_loop_wait(&run->rig.loop, timeout);
    assert_true(count >= 0 || count == -EINTR);
    const uint32_t came = run->rig.loop.came[RIG_TOKEN];
    run->rig.loop.came[RIG_TOKEN] = 0;
    if (came != 0)
        note_event(run, came);
    return came != 0;
}

/* Until nothing comes; where levels make it come without end, a few times. */
static void listen_quietly(struct run *run) {
    int events = 0;
    while (wait_once(run, run->pace.quiet)) {
        if (is_level(run) && ++events == 2)
            return;
        if (!is_level(run) && ++events > 2 * MOST_REPEATED) {
            goes_wrong(run, "waits spin, telling", run->told);
            return;
        }
    }
}

/* What is owed may come to be so no more while it is waited for. */
static void listen_for(struct run *run, uint32_t (*owed)(const struct run *), const char *what) {
    const int64_t give_up = test_now() + run->pace.patience;
    uint32_t missing;
    while (!run->is_wrong && (missing = owed(run)) != 0) {
        const int64_t left = give_up - test_now();
        if (left <= 0)
            goes_wrong(run, what, missing);
        else
            (void)wait_once(run, left < CMIO_MILLISECOND * 10 ? left : CMIO_MILLISECOND * 10);
    }
}

static void listen_after_step(struct run *run) {
    run->told = 0;
    if (is_level(run))
        run->held = 0;
    listen_quietly(run);
    listen_for(run, owed_by_system, "poll(2) says what was not told");
    listen_for(run, owed_by_reference, "the reference was told what was not told here");
    run->seen = 0;
    note_conditions(run);
}

/* Running. */

static bool changes_registration(const struct rig_action *action) {
    return action->run == owner_registers || action->run == owner_reregisters_as ||
           action->run == owner_deregisters;
}

static bool brings_bytes(const struct run *run, const struct rig_action *action) {
    return run->rig.peer >= 0 && (strncmp(action->name, "peer_sends", 10) == 0 ||
                                  strncmp(action->name, "peer_types", 10) == 0);
}

static void act(struct run *run, const struct rig_action *action) {
    run->rig.answered = 0;
    run->rig.result = 0;
    run->rig.argument = action->argument;
    action->run(&run->rig);
    if (brings_bytes(run, action))
        run->rig.ended &= ~CMIO_READABLE;
}

/* What a call with a wrong address says depends on whether there is room, too. */
static bool is_matter_of_time(long result) {
    return result == 1 || result == -EAGAIN || result == -EFAULT;
}

static bool is_other_result(const struct run *run) {
    if (run->reference == NULL)
        return false;
    const long expected = run->reference->result[run->step];
    if (run->rig.kind->varies && is_matter_of_time(expected) && is_matter_of_time(run->rig.result))
        return false;
    return run->rig.result != expected;
}

static void run_step(struct run *run, const struct rig_action *action) {
    act(run, action);
    if (changes_registration(action) && run->rig.result == 0)
        note_registration(run);
    note_answers(run);
    run->record.result[run->step] = run->rig.result;
    if (is_other_result(run))
        goes_wrong(run, "the call answers otherwise", (uint32_t)run->rig.result);
    run->step++;
    if (!action->unheard)
        listen_after_step(run);
    run->record.told[run->step - 1] = action->unheard ? 0 : run->told;
}

static size_t count_steps(const struct rig_scene *scene) {
    size_t count = 0;
    while (count < RIG_MOST_STEPS && scene->steps[count].run != NULL)
        count++;
    return count;
}

/* The owner does what it did last at each event: how many there are in a while. */
static int count_repeated(struct run *run) {
    const struct rig_action *last = &run->scene->steps[run->step - 1];
    const int64_t end = test_now() + LASTING;
    int64_t left;
    int repeated = 0;
    if (strncmp(last->name, "owner", 5) != 0 || changes_registration(last) || is_level(run))
        return 0;
    while ((left = end - test_now()) > 0 && repeated < 1000)
        if (wait_once(run, left)) {
            act(run, last);
            repeated++;
        }
    return repeated;
}

static void run_steps(struct run *run, bool lasts) {
    note_registration(run);
    note_conditions(run);
    listen_after_step(run);
    run->record.at_first = run->told;
    for (size_t i = 0; i < count_steps(run->scene) && !run->is_wrong; i++)
        run_step(run, &run->scene->steps[i]);
    if (run->is_wrong || !lasts)
        return;
    run->record.repeated = count_repeated(run);
    if (run->reference != NULL && run->record.repeated > run->reference->repeated + MOST_REPEATED)
        goes_wrong(run, "waits return with an event", (uint32_t)run->record.repeated);
}

/* false: the system has no such thing. */
static bool run_scene(struct run *run, const char *backend, bool lasts) {
    if (!rig_open(&run->rig, run->scene, backend))
        return false;
    run->record.registered = rig_register(&run->rig, run->scene);
    if (run->reference != NULL && run->record.registered != run->reference->registered)
        goes_wrong(run, "register answers otherwise", (uint32_t)run->record.registered);
    else if (run->record.registered == 0)
        run_steps(run, lasts);
    rig_close(&run->rig);
    return true;
}

/* Two backends. */

struct pair {
    const char *reference;
    const char *subject;
};

static bool is_same(const struct pair *pair, const struct rig_scene *scene, struct pace pace,
                    bool lasts) {
    struct run reference = {.scene = scene, .pace = pace};
    if (!run_scene(&reference, pair->reference, lasts))
        return true;
    struct run subject = {.scene = scene, .pace = pace, .reference = &reference.record};
    if (!reference.is_wrong)
        (void)run_scene(&subject, pair->subject, lasts);
    return !reference.is_wrong && !subject.is_wrong;
}

static bool is_same_at_last(const struct pair *pair, const struct rig_scene *scene,
                            const struct pace *tries, int count, bool lasts) {
    for (int i = 0; i < count; i++)
        if (is_same(pair, scene, tries[i], lasts))
            return true;
    return false;
}

static void remove_step(struct rig_scene *scene, size_t step) {
    const size_t count = count_steps(scene);
    for (size_t i = step; i + 1 < count; i++)
        scene->steps[i] = scene->steps[i + 1];
    scene->steps[count - 1] = (struct rig_action){0};
}

/* Leaves out each step without which it still fails. */
static void shrink(const struct pair *pair, struct rig_scene *scene) {
    for (size_t step = count_steps(scene); step-- > 0;) {
        struct rig_scene shorter = *scene;
        remove_step(&shorter, step);
        if (count_steps(&shorter) > 0 &&
            !is_same_at_last(pair, &shorter, shrinking_paces, SHRINKING_TRIES, true))
            *scene = shorter;
    }
}

static void show(const struct rig_scene *scene) {
    print_error("  %s, interest %#x\n", scene->name, (unsigned)scene->interest);
    for (size_t i = 0; i < count_steps(scene); i++)
        print_error("  %zu: %s (%u)%s\n", i + 1, scene->steps[i].name, scene->steps[i].argument,
                    scene->steps[i].unheard ? ", no wait" : "");
}

static void report(const struct pair *pair, struct rig_scene *scene, uint64_t seed) {
    print_error("CMIO_TEST_SEED=%ju CMIO_TEST_SCENES=1: %s, which is:\n", (uintmax_t)seed, problem);
    show(scene);
    shrink(pair, scene);
    if (!is_same_at_last(pair, scene, paces, TRIES, true))
        print_error("the shortest that still fails: %s\n", problem);
    show(scene);
}

static uint64_t number_from(const char *variable, uint64_t otherwise) {
    const char *text = getenv(variable);
    return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

static int compare_scenes(const struct pair *pair, uint64_t seed, uint64_t count) {
    const bool for_kqueue = strcmp(pair->reference, "kqueue") == 0;
    int failed = 0;
    for (uint64_t i = 0; i < count && failed < 3; i++) {
        struct rig_scene scene;
        rig_make_random_scene(&scene, seed + i, for_kqueue);
        if (is_same_at_last(pair, &scene, paces, TRIES, (seed + i) % LASTS_EVERY == 0))
            continue;
        failed++;
        report(pair, &scene, seed + i);
    }
    return failed;
}

static void random_scenes_tell_the_same_on_every_backend(void **state) {
    (void)state;
    struct pair pair;
    assert_true(cmio_backends(&pair.reference, 1) > 0);
    pair.subject = test_backend() != NULL ? test_backend() : pair.reference;
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    const int failed =
        compare_scenes(&pair, number_from("CMIO_TEST_SEED", 1),
                       number_from("CMIO_TEST_SCENES", (uint64_t)test_scale(SCENES)));
    (void)signal(SIGPIPE, before);
    assert_int_equal(failed, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(random_scenes_tell_the_same_on_every_backend),
};

TEST_GROUP(backend_random, tests)
