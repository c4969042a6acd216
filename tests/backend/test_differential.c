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
 * What is otherwise all the same is in the tables of exceptions and differences.
 *
 * The system may deliver late on a busy machine and so tell the reference of it a step later: a
 * scene fails when it has failed five times, with longer and longer pauses to listen.
 */

#include "backend/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/scratch.h"

enum { TRIES = 5, MOST_REPEATED = 10, LONGEST_PROBLEM = 256 };

#define PATIENCE (5 * CMIO_SECOND)
#define LASTING (50 * CMIO_MILLISECOND)

/* How long to listen for more, try by try; and in this one. */
static const int64_t pauses[TRIES] = {CMIO_MILLISECOND, 5 * CMIO_MILLISECOND, 20 * CMIO_MILLISECOND,
                                      100 * CMIO_MILLISECOND, 500 * CMIO_MILLISECOND};
static int64_t quiet;

#define BEFORE SIZE_MAX /* the first step */

static const uint32_t portable = CMIO_READABLE | CMIO_WRITABLE;

/* What the reference tells and poll(2) need not. */
struct exception {
    const char *scene;
    size_t step; /* from 1 on */
    uint32_t told;
};

static const struct exception exceptions[] = {
    /* The end that was told already: "poll(2): readiness and edges". */
    {"FIFO: a writer that writes nothing", 7, CMIO_READABLE},
    /* One-shot may silence both directions with one event, and does on epoll and poll(2). */
    {"TCP: one-shot", 1, CMIO_READABLE},
    {"TCP: one-shot", 6, CMIO_READABLE},
};

static uint32_t excepted(const struct rig_scene *scene, size_t step) {
    uint32_t told = 0;
    for (size_t i = 0; i < sizeof exceptions / sizeof *exceptions; i++)
        if (strcmp(exceptions[i].scene, scene->name) == 0 && exceptions[i].step == step + 1)
            told |= exceptions[i].told;
    return told;
}

/*
 * How references differ from poll(2) on the same system as a whole: docs/platform-notes.md tells of
 * it.
 */
struct difference {
    const char *reference;
    bool has_other_hints; /* "kqueue: how real kernels answer"; tabled in expectations.c */
    bool lacks_priority;  /* the same note */
    bool repeats_itself;  /* after a read that took nothing: OpenBSD, at the end of a FIFO */
};

static const struct difference differences[] = {
    {"kqueue", .has_other_hints = true, .lacks_priority = true, .repeats_itself = true},
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
    while ((came = wait_once(rig, quiet)) != 0 && waits++ < 2 * MOST_REPEATED)
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
    if (wait_once(rig, quiet) != 0)
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
    const uint32_t repeated = difference->repeats_itself ? rig->answered : 0;
    const uint32_t owed = told & portable & ~excepted(scene, step) & ~repeated;
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
    for (int i = 0; i < TRIES; i++) {
        quiet = pauses[i];
        if (compare_once(scene, best, subject))
            return true;
    }
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

/* What may be registered. */

/* FreeBSD and Linux: a descriptor that only names a file. */
#ifdef O_PATH
enum { NAME_ONLY = O_PATH };
#else
enum { NAME_ONLY = 0 };
#endif

struct openable {
    const char *path;
    int flags;
};

/* Those that a system lacks, or keeps from this user, are left out. */
static const struct openable openables[] = {
    {"/", O_RDONLY},
    {"/", O_RDONLY | NAME_ONLY},
    {"/etc/passwd", O_RDONLY},
    {"/etc/passwd", O_RDONLY | NAME_ONLY},
    {"/dev/null", O_RDWR},
    {"/dev/null", O_RDWR | NAME_ONLY},
    {"/dev/zero", O_RDONLY},
    {"/dev/full", O_WRONLY},
    {"/dev/random", O_RDONLY},
    {"/dev/urandom", O_RDONLY},
    {"/dev/kmsg", O_RDONLY},
    {"/dev/ptmx", O_RDWR | O_NOCTTY},
    {"/dev/ptmx", O_RDWR | NAME_ONLY},
    {"/dev/tty", O_RDWR},
    {"/dev/fuse", O_RDWR},
    {"/dev/net/tun", O_RDWR},
    {"/proc", O_RDONLY},
    {"/proc/self/status", O_RDONLY},
    {"/proc/self/mountinfo", O_RDONLY},
    {"/proc/self/mountinfo", O_RDONLY | NAME_ONLY},
    {"/proc/self/mounts", O_RDONLY},
    {"/proc/mdstat", O_RDONLY},
    {"/proc/swaps", O_RDONLY},
    {"/proc/sys/kernel/hostname", O_RDONLY},
    {"/proc/sys/kernel/pid_max", O_RDONLY},
    {"/proc/pressure/cpu", O_RDONLY},
    {"/proc/self/ns/net", O_RDONLY},
    {"/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY},
    {"/sys/fs/cgroup/cgroup.procs", O_RDONLY},
};

/* What register answers; the poll is left empty. */
static int try_to_register(const char *backend, int fd, cmio_interest interest) {
    struct cmio_poll *poll;
    struct cmio_fd_source source;
    assert_int_equal(cmio_poll_new_with(&poll, backend), 0);
    assert_int_equal(cmio_fd_source_init(&source, fd), 0);
    const int result =
        cmio_registry_register(cmio_poll_registry(poll), &source.source, 1, interest);
    assert_int_equal(cmio_fd_source_close(&source), 0);
    cmio_poll_free(poll);
    return result;
}

static void compare_register(const struct openable *openable, int fd, const char *reference) {
    static const cmio_interest interests[] = {
        CMIO_READABLE,
        CMIO_WRITABLE,
        CMIO_PRIORITY,
        CMIO_READABLE | CMIO_WRITABLE | CMIO_LEVEL,
        CMIO_READABLE | CMIO_WRITABLE | CMIO_PRIORITY | CMIO_ONESHOT,
    };
    for (size_t i = 0; i < sizeof interests / sizeof *interests; i++) {
        const int expected = try_to_register(reference, fd, interests[i]);
        const int result = try_to_register(test_backend(), fd, interests[i]);
        if (result != expected)
            fail_msg("%s with flags %#x and interest %#x: %d where %s says %d", openable->path,
                     (unsigned)openable->flags, (unsigned)interests[i], result, reference,
                     expected);
    }
}

/* kqueue has an opinion of its own of devices: docs/platform-notes.md. */
static void what_can_be_registered_is_the_same_on_epoll_and_poll(void **state) {
    (void)state;
    const char *best;
    assert_true(cmio_backends(&best, 1) > 0);
    if (strcmp(best, "epoll") != 0)
        skip();
    for (size_t i = 0; i < sizeof openables / sizeof *openables; i++) {
        const int fd = open(openables[i].path, openables[i].flags);
        if (fd < 0)
            continue;
        compare_register(&openables[i], fd, best);
        assert_int_equal(close(fd), 0);
    }
}

static void a_fifo_that_was_opened_for_its_name_alone_is_ebadf(void **state) {
    (void)state;
    struct test_scratch scratch;
    if (NAME_ONLY == 0)
        skip();
    test_scratch_open(&scratch);
    assert_int_equal(mkfifo(test_scratch_path(&scratch, "named"), 0600), 0);
    const int fd = open(test_scratch_path(&scratch, "named"), O_RDONLY | NAME_ONLY);
    assert_true(fd >= 0);
    assert_int_equal(try_to_register(test_backend(), fd, CMIO_READABLE), -EBADF);
    assert_int_equal(close(fd), 0);
    (void)test_scratch_close(&scratch);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(sockets_pipes_and_terminals_tell_the_same_on_every_backend),
    cmocka_unit_test(what_can_be_registered_is_the_same_on_epoll_and_poll),
    cmocka_unit_test(a_fifo_that_was_opened_for_its_name_alone_is_ebadf),
    cmocka_unit_test(what_this_system_has_beside_tells_the_same_on_every_backend),
};
TEST_GROUP(backend_differential, tests)
