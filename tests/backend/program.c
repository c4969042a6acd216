/* SPDX-License-Identifier: MIT */

/*
 * The model. Each end of a channel has, per direction, three bits:
 *
 *   owed       once the condition holds, an event must come: since the end was registered or
 *              reregistered; or since something new happened while it was listening
 *   listening  I/O has ended the last edge (it consumed, fell short or would have blocked), so what
 *              is new from now on is owed
 *   quiet      an event came and nothing has happened in the channel since: no edge may repeat it
 *
 * An event clears owed and listening of the directions that it names, and makes them quiet. With
 * level-triggered interest an event is owed with every wait for as long as the condition holds; a
 * oneshot owes nothing after its first event and must not name the same direction again. Whether
 * the condition holds is asked of poll(2) on the bare descriptor.
 *
 * The writing ends of FIFOs and the slaves of terminals can be opened again: the end of what was
 * written is I/O that ends an edge there. What was told of an end need not be told again when
 * somebody opens the other side and closes it without a byte. A UDP socket hears that the other was
 * closed only when it sends.
 */
#include "backend/program.h"
#include "backend/expectations.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cmio/cmio.h>

enum {
    CHANNELS = 12,
    WAKERS = 2,
    MOST_MACHINES = 8,
    LARGEST_READ = 4096,
    LARGEST_BATCH = 64,
    PATIENCE_SECONDS = 10,
    WRONG = INT_MIN, /* no result that a call may have */
};

static const cmio_interest both_directions = CMIO_READABLE | CMIO_WRITABLE;

struct end {
    int fd;                        /* -1: closed */
    struct cmio_fd_source *source; /* of its own, so that it can be moved */
    cmio_interest possible;        /* what this end can be asked for */
    bool registered;
    cmio_token token;
    cmio_interest interest;
    uint32_t owed;
    uint32_t listening;
    uint32_t quiet;
    uint32_t spent; /* what a oneshot has delivered */
    uint32_t seen;  /* what came since the last settling began */
    bool renewed;   /* the other end was opened again since this one was registered */
    bool at_end;    /* it has read the end of what can be opened again, and nothing came since */
};

struct channel_kind {
    /* Makes both ends; with path as the name of what can be opened again. */
    bool (*open)(int fds[2], char *path, size_t size);
    cmio_interest possible[2];
    int reopening[2];    /* the flags to open an end again with, or -1 */
    size_t longest_fill; /* bytes that fill it, where no call would ever say so; or 0 */
    bool never_hears;    /* the other end does not hear that one was closed, but that it refuses */
    bool repeats;        /* what was written arrives in parts, by and by */
};

struct channel {
    const struct channel_kind *kind;
    char path[64];
    struct end ends[2];
};

struct machine {
    const char *backend;
    struct cmio_poll *poll;
    struct cmio_events *batches[4];
    struct channel channels[CHANNELS];
    struct cmio_waker *wakers[WAKERS];
    bool woken[WAKERS];
    cmio_token last_token;
    size_t step;
};

static char problem[256];

/* Remembers the first thing that went wrong, and says so. */
static bool fails(const struct machine *machine, const char *what, long detail) {
    if (problem[0] == '\0')
        snprintf(problem, sizeof problem, "%s, step %zu: %s (%ld)", machine->backend, machine->step,
                 what, detail);
    return false;
}

static bool expects(const struct machine *machine, const char *call, long result, long expected) {
    if (result == expected)
        return true;
    char what[96];
    snprintf(what, sizeof what, "%s where the model says %ld", call, expected);
    return fails(machine, what, result);
}

/* Setting up and tearing down. */

static bool open_end(struct machine *machine, struct end *end, int fd, cmio_interest possible) {
    struct cmio_fd_source *source = malloc(sizeof *source);
    if (source == NULL)
        return fails(machine, "no memory", 0);
    *end = (struct end){.fd = fd, .source = source, .possible = possible};
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return fails(machine, "fcntl", errno);
    return expects(machine, "init", cmio_fd_source_init(source, fd), 0);
}

/* From end 1 to end 0. */
static bool open_pipe(int fds[2], char *path, size_t size) {
    (void)path;
    (void)size;
    return pipe(fds) == 0;
}

static bool open_stream(int fds[2], char *path, size_t size) {
    (void)path;
    (void)size;
    return socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0;
}

static bool open_datagram(int fds[2], char *path, size_t size) {
    (void)path;
    (void)size;
    return socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) == 0;
}

static bool open_fifo(int fds[2], char *path, size_t size) {
    static int number;
    (void)snprintf(path, size, "/tmp/cmio-program-%ld-%d", (long)getpid(), number++);
    if (mkfifo(path, 0600) < 0)
        return false;
    fds[0] = open(path, O_RDONLY | O_NONBLOCK);
    fds[1] = open(path, O_WRONLY | O_NONBLOCK);
    return fds[0] >= 0 && fds[1] >= 0;
}

static bool set_raw(int fd) {
    struct termios settings;
    if (tcgetattr(fd, &settings) < 0)
        return false;
    settings.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    settings.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
    settings.c_oflag &= ~(tcflag_t)OPOST;
    return tcsetattr(fd, TCSANOW, &settings) == 0;
}

/* End 1 is the slave. */
static bool open_terminal(int fds[2], char *path, size_t size) {
    fds[0] = posix_openpt(O_RDWR | O_NOCTTY);
    if (fds[0] < 0 || grantpt(fds[0]) < 0 || unlockpt(fds[0]) < 0)
        return false;
    (void)snprintf(path, size, "%s", ptsname(fds[0]));
    fds[1] = open(path, O_RDWR | O_NOCTTY);
    return fds[1] >= 0 && set_raw(fds[1]);
}

static bool open_udp_socket(int *fd, struct sockaddr_in *address) {
    socklen_t length = sizeof *address;
    memset(address, 0, sizeof *address);
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *fd = socket(AF_INET, SOCK_DGRAM, 0);
    return *fd >= 0 && bind(*fd, (struct sockaddr *)address, sizeof *address) == 0 &&
           getsockname(*fd, (struct sockaddr *)address, &length) == 0;
}

static bool open_udp(int fds[2], char *path, size_t size) {
    struct sockaddr_in addresses[2];
    (void)path;
    (void)size;
    for (int i = 0; i < 2; i++)
        if (!open_udp_socket(&fds[i], &addresses[i]))
            return false;
    for (int i = 0; i < 2; i++)
        if (connect(fds[i], (struct sockaddr *)&addresses[1 - i], sizeof addresses[i]) < 0)
            return false;
    return true;
}

static const struct channel_kind pipe_kind = {
    .open = open_pipe, .possible = {CMIO_READABLE, CMIO_WRITABLE}, .reopening = {-1, -1}};
static const struct channel_kind stream_kind = {
    .open = open_stream,
    .possible = {CMIO_READABLE | CMIO_WRITABLE, CMIO_READABLE | CMIO_WRITABLE},
    .reopening = {-1, -1}};
static const struct channel_kind datagram_kind = {
    .open = open_datagram,
    .possible = {CMIO_READABLE | CMIO_WRITABLE, CMIO_READABLE | CMIO_WRITABLE},
    .reopening = {-1, -1},
    .never_hears = true};
static const struct channel_kind fifo_kind = {
    .open = open_fifo, .possible = {CMIO_READABLE, CMIO_WRITABLE}, .reopening = {-1, O_WRONLY}};
static const struct channel_kind terminal_kind = {
    .open = open_terminal,
    .possible = {CMIO_READABLE | CMIO_WRITABLE, CMIO_READABLE | CMIO_WRITABLE},
    .reopening = {-1, O_RDWR | O_NOCTTY},
    .longest_fill = 256,
    .repeats = true};
static const struct channel_kind udp_kind = {
    .open = open_udp,
    .possible = {CMIO_READABLE | CMIO_WRITABLE, CMIO_READABLE | CMIO_WRITABLE},
    .reopening = {-1, -1},
    .longest_fill = 4 * 4096,
    .never_hears = true};

static const struct channel_kind *const channel_kinds[CHANNELS] = {
    &pipe_kind, &stream_kind, &pipe_kind, &stream_kind,   &pipe_kind,     &stream_kind,
    &fifo_kind, &udp_kind,    &fifo_kind, &terminal_kind, &datagram_kind, &udp_kind,
};

static bool open_channel(struct machine *machine, size_t number) {
    struct channel *channel = &machine->channels[number];
    int fds[2] = {-1, -1};
    channel->kind = channel_kinds[number];
    if (!channel->kind->open(fds, channel->path, sizeof channel->path))
        return fails(machine, "no descriptors", errno);
    for (int i = 0; i < 2; i++)
        if (!open_end(machine, &channel->ends[i], fds[i], channel->kind->possible[i]))
            return false;
    return true;
}

static bool close_end(struct machine *machine, struct end *end) {
    if (end->fd < 0)
        return true;
    bool closed = expects(machine, "close", cmio_fd_source_close(end->source), 0);
    close(end->fd);
    end->fd = -1;
    end->registered = false;
    return closed;
}

static bool close_channel(struct machine *machine, struct channel *channel) {
    bool closed = true;
    for (int i = 0; i < 2; i++) {
        closed = close_end(machine, &channel->ends[i]) && closed;
        free(channel->ends[i].source);
        channel->ends[i].source = NULL;
    }
    if (channel->path[0] == '/' && channel->kind == &fifo_kind)
        (void)unlink(channel->path);
    channel->path[0] = '\0';
    return closed;
}

static bool open_waker(struct machine *machine, size_t number) {
    machine->woken[number] = false;
    return expects(machine, "new waker",
                   cmio_waker_new(&machine->wakers[number], cmio_poll_registry(machine->poll),
                                  UINTPTR_MAX - number),
                   0);
}

static bool open_poll(struct machine *machine) {
    if (!expects(machine, "new poll", cmio_poll_new_with(&machine->poll, machine->backend), 0))
        return false;
    bool opened = true;
    for (size_t i = 0; i < WAKERS; i++)
        opened = opened && open_waker(machine, i);
    return opened;
}

static bool open_machine(struct machine *machine, const char *backend) {
    static const size_t capacities[] = {1, 2, 3, LARGEST_BATCH};
    *machine = (struct machine){.backend = backend};
    for (size_t i = 0; i < CHANNELS; i++)
        machine->channels[i].ends[0].fd = machine->channels[i].ends[1].fd = -1;
    bool opened = open_poll(machine);
    for (size_t i = 0; opened && i < sizeof capacities / sizeof *capacities; i++)
        opened =
            expects(machine, "new batch", cmio_events_new(&machine->batches[i], capacities[i]), 0);
    for (size_t i = 0; opened && i < CHANNELS; i++)
        opened = open_channel(machine, i);
    return opened;
}

static void close_machine(struct machine *machine) {
    for (size_t i = 0; i < CHANNELS; i++)
        (void)close_channel(machine, &machine->channels[i]); /* noted by fails() */
    for (size_t i = 0; i < WAKERS; i++)
        cmio_waker_free(machine->wakers[i]);
    for (size_t i = 0; i < sizeof machine->batches / sizeof *machine->batches; i++)
        cmio_events_free(machine->batches[i]);
    cmio_poll_free(machine->poll);
}

/* What is so, as the system itself says. */

static uint32_t conditions(const struct end *end) {
    struct pollfd asked = {.fd = end->fd, .events = POLLIN | POLLOUT};
    uint32_t ready = 0;
    if (poll(&asked, 1, 0) < 0)
        return 0;
    if (asked.revents & (POLLIN | POLLHUP | POLLERR))
        ready |= CMIO_READABLE;
    if (asked.revents & (POLLOUT | POLLHUP | POLLERR))
        ready |= CMIO_WRITABLE;
    return ready & end->interest;
}

static bool is_level(const struct end *end) {
    return (end->interest & CMIO_LEVEL) != 0;
}

static uint32_t missing(const struct end *end) {
    if (!end->registered)
        return 0;
    return conditions(end) & (is_level(end) ? ~end->seen : end->owed);
}

/* Judging events. */

static bool judge_waker(struct machine *machine, size_t number, const struct cmio_event *event) {
    if (!machine->woken[number])
        return fails(machine, "a waker that nobody woke", (long)number);
    machine->woken[number] = false;
    return expects(machine, "a waker's event", (long)event->ready, (long)CMIO_READABLE);
}

/* What an event says of errors and ends is so only when the other end was closed. */
static bool judge_hints(struct machine *machine, const struct end *end, const struct end *peer,
                        uint32_t ready) {
    uint32_t told = ready & CMIO_ERROR;
    if (end->interest & CMIO_READABLE)
        told |= ready & CMIO_READ_CLOSED;
    if (end->interest & CMIO_WRITABLE)
        told |= ready & CMIO_WRITE_CLOSED;
    return told == 0 || peer->fd < 0 ||
           fails(machine, "failed or closed without cause", (long)told);
}

static bool judge_end(struct machine *machine, struct channel *channel, int which, uint32_t ready) {
    struct end *end = &channel->ends[which];
    const struct end *peer = &channel->ends[1 - which];
    uint32_t named = ready & end->interest & both_directions;
    if (named == 0)
        return fails(machine, "an event of nothing that was asked for", (long)ready);
    bool may_be_past = expected_spurious(machine->poll);
    bool may_be_spurious = may_be_past || channel->kind->repeats;
    if ((named & ~conditions(end)) != 0 && !may_be_spurious)
        return fails(machine, "an event of what is not so", (long)ready);
    if ((end->interest & CMIO_ONESHOT) && (named & ~end->spent) == 0)
        return fails(machine, "a oneshot that came twice", (long)ready);
    if (!is_level(end) && (named & ~end->quiet) == 0 && !may_be_spurious)
        return fails(machine, "an edge that repeated itself", (long)ready);
    /* A one-shot that was noted when the other end was closed, which has been opened again since. */
    bool is_past = may_be_past && end->renewed && (end->interest & CMIO_ONESHOT) != 0;
    if (!is_past && !judge_hints(machine, end, peer, ready))
        return false;
    end->owed &= end->interest & CMIO_ONESHOT ? 0 : ~named;
    end->listening &= ~named;
    end->quiet |= named;
    end->spent |= named;
    end->seen |= named;
    return true;
}

static bool judge(struct machine *machine, const struct cmio_event *event) {
    for (size_t i = 0; i < WAKERS; i++)
        if (event->token == UINTPTR_MAX - i)
            return judge_waker(machine, i, event);
    for (size_t i = 0; i < CHANNELS; i++) {
        struct end *ends = machine->channels[i].ends;
        for (int j = 0; j < 2; j++)
            if (ends[j].registered && ends[j].token == event->token)
                return judge_end(machine, &machine->channels[i], j, event->ready);
    }
    return fails(machine, "an event of what is not registered", (long)event->token);
}

static bool is_twice_in(const struct cmio_events *events, const struct cmio_event *event) {
    for (const struct cmio_event *other = cmio_events_begin(events); other != event; other++)
        if (other->token == event->token)
            return true;
    return false;
}

/* One wait, judged; *full says whether it may have left some behind. */
static bool wait_batch(struct machine *machine, struct cmio_events *batch, int64_t timeout,
                       bool *full) {
    int count = cmio_poll_wait(machine->poll, batch, timeout);
    if (count == -EINTR)
        count = 0;
    if (count < 0 || (size_t)count > cmio_events_capacity(batch))
        return fails(machine, "wait", count);
    *full = (size_t)count == cmio_events_capacity(batch);
    CMIO_EVENTS_FOREACH (event, batch) {
        if (is_twice_in(batch, event))
            return fails(machine, "a source twice in a batch", (long)event->token);
        if (!judge(machine, event))
            return false;
    }
    return true;
}

/* What is still owed, told by fails() when it is taken for missed; true where nothing is. */
static bool is_settled(const struct machine *machine, bool may_wait) {
    for (size_t i = 0; i < WAKERS; i++)
        if (machine->woken[i])
            return !may_wait && fails(machine, "a wake was lost", (long)i);
    for (size_t i = 0; i < CHANNELS; i++)
        for (size_t j = 0; j < 2; j++) {
            uint32_t missed = missing(&machine->channels[i].ends[j]);
            if (missed == 0)
                continue;
            char what[96];
            snprintf(what, sizeof what, "end %zu of channel %zu, interest %#x, missed", j, i,
                     (unsigned)machine->channels[i].ends[j].interest);
            return !may_wait && fails(machine, what, (long)missed);
        }
    return true;
}

/*
 * Waits until a batch was not full, or for as many turns as fairness may need; then nothing may be
 * missing. Systems that take a moment to deliver are given one.
 */
static bool settle(struct machine *machine, struct cmio_events *batch) {
    for (size_t i = 0; i < CHANNELS; i++)
        for (int j = 0; j < 2; j++)
            machine->channels[i].ends[j].seen = 0;
    bool full = true;
    for (int turn = 0; full && turn < 8 * (2 * CHANNELS + WAKERS); turn++)
        if (!wait_batch(machine, batch, 0, &full))
            return false;
    int64_t give_up = cmio_now() + PATIENCE_SECONDS * CMIO_SECOND;
    while (!is_settled(machine, true)) {
        if (cmio_now() > give_up)
            return is_settled(machine, false);
        if (!wait_batch(machine, batch, CMIO_MILLISECOND, &full))
            return false;
    }
    return true;
}

/* The operations: each does one thing and tells the model. */

struct order {
    uint8_t operation;
    uint8_t which;
    uint8_t how;
};

static struct channel *channel_of(struct machine *machine, struct order order) {
    return &machine->channels[order.which / 2 % CHANNELS];
}

static struct end *end_of(struct machine *machine, struct order order) {
    return &channel_of(machine, order)->ends[order.which % 2];
}

static struct end *peer_of(struct machine *machine, struct order order) {
    return &channel_of(machine, order)->ends[1 - order.which % 2];
}

static cmio_interest interest_of(const struct end *end, uint8_t how) {
    static const cmio_interest modes[] = {0, 0, CMIO_LEVEL, CMIO_ONESHOT};
    static const cmio_interest wanted[] = {CMIO_READABLE, CMIO_WRITABLE, CMIO_READABLE,
                                           CMIO_READABLE | CMIO_WRITABLE};
    cmio_interest asked = wanted[how / 4 % 4] & end->possible;
    return (asked != 0 ? asked : end->possible) | modes[how % 4];
}

/* After a register or reregister all that holds is owed. */
static void note_interest(struct end *end, cmio_token token, cmio_interest interest) {
    end->token = token;
    end->interest = interest;
    end->owed = interest & both_directions;
    end->listening = 0;
    end->quiet = 0;
    end->spent = 0;
    end->renewed = false;
}

static bool do_register(struct machine *machine, struct order order) {
    struct end *end = end_of(machine, order);
    cmio_interest interest = interest_of(end, order.how);
    cmio_token token = ++machine->last_token;
    int expected = end->registered ? -EEXIST : end->fd < 0 ? -EBADF : 0;
    int result = cmio_registry_register(cmio_poll_registry(machine->poll), &end->source->source,
                                        token, interest);
    if (result == 0)
        note_interest(end, token, interest);
    end->registered = end->registered || result == 0;
    return expects(machine, "register", result, expected);
}

static bool do_reregister(struct machine *machine, struct order order) {
    struct end *end = end_of(machine, order);
    cmio_interest interest = interest_of(end, order.how);
    cmio_token token = ++machine->last_token;
    int result = cmio_registry_reregister(cmio_poll_registry(machine->poll), &end->source->source,
                                          token, interest);
    if (result == 0)
        note_interest(end, token, interest);
    return expects(machine, "reregister", result, end->registered ? 0 : -ENOENT);
}

static bool do_deregister(struct machine *machine, struct order order) {
    struct end *end = end_of(machine, order);
    int expected = end->registered ? 0 : -ENOENT;
    end->registered = false;
    return expects(
        machine, "deregister",
        cmio_registry_deregister(cmio_poll_registry(machine->poll), &end->source->source),
        expected);
}

static bool do_register_second_source(struct machine *machine, struct order order) {
    const struct end *end = end_of(machine, order);
    if (!end->registered)
        return true;
    struct cmio_fd_source second;
    if (!expects(machine, "init", cmio_fd_source_init(&second, end->fd), 0))
        return false;
    return expects(machine, "register of a second source",
                   cmio_registry_register(cmio_poll_registry(machine->poll), &second.source,
                                          ++machine->last_token, interest_of(end, order.how)),
                   -EEXIST);
}

/* Something new for an end: owed where it is listening. A oneshot that came owes nothing more. */
static void hears(struct end *end, uint32_t news) {
    if ((end->interest & CMIO_ONESHOT) && end->spent != 0)
        return;
    end->owed |= end->listening & news;
}

static void disturb(struct machine *machine, struct order order) {
    end_of(machine, order)->quiet = 0;
    peer_of(machine, order)->quiet = 0;
}

/* Whether the other end can be opened again, so that an end is not for good. */
static bool may_be_reopened(struct machine *machine, struct order order) {
    return channel_of(machine, order)->kind->reopening[1 - order.which % 2] >= 0;
}

/* Errors that an end may be told of the other, and which the call took away. */
static bool is_taken_error(ssize_t result) {
    return result == -ECONNRESET || result == -ECONNREFUSED || result == -ENOTCONN ||
           result == -EDESTADDRREQ || result == -EIO;
}

/* Whether the result is one that a read or write may have; the model learns what it means. */
static bool note_read(struct machine *machine, struct order order, ssize_t result) {
    struct end *end = end_of(machine, order);
    const bool is_end = result == 0 || result == -EIO;
    disturb(machine, order);
    end->at_end = is_end && may_be_reopened(machine, order);
    if (result > 0 || result == -EAGAIN || end->at_end || result == -ECONNREFUSED)
        end->listening |= CMIO_READABLE;
    if (result > 0)
        hears(peer_of(machine, order), CMIO_WRITABLE);
    return result >= 0 || result == -EAGAIN || is_taken_error(result) ||
           fails(machine, "read", (long)result);
}

static bool note_write(struct machine *machine, struct order order, ssize_t result, size_t wanted) {
    const struct channel_kind *kind = channel_of(machine, order)->kind;
    struct end *end = end_of(machine, order);
    struct end *peer = peer_of(machine, order);
    const bool is_short = result == -EAGAIN || (result >= 0 && (size_t)result < wanted);
    disturb(machine, order);
    if (is_short && !kind->repeats)
        end->listening |= CMIO_WRITABLE;
    if (result == -ECONNREFUSED)
        end->listening |= both_directions;
    if (result > 0) {
        peer->at_end = false;
        hears(peer, CMIO_READABLE);
    }
    if (result > 0 && kind->never_hears && peer->fd < 0)
        hears(end, CMIO_READABLE); /* that it was refused */
    return result >= 0 || result == -EAGAIN || result == -EPIPE || is_taken_error(result) ||
           fails(machine, "write", (long)result);
}

/* A fuzzer has signals of its own; they interrupt even what does not block, on a terminal. */
static ssize_t read_on(int fd, void *buffer, size_t size) {
    ssize_t result;
    do
        result = read(fd, buffer, size);
    while (result < 0 && errno == EINTR);
    return result;
}

static ssize_t write_on(int fd, const void *buffer, size_t size) {
    ssize_t result;
    do
        result = write(fd, buffer, size);
    while (result < 0 && errno == EINTR);
    return result;
}

static ssize_t read_some(struct machine *machine, struct order order, size_t wanted) {
    static char buffer[LARGEST_READ];
    struct end *end = end_of(machine, order);
    ssize_t result = cmio_fd_source_note_io(end->source, CMIO_READABLE,
                                            read_on(end->fd, buffer, wanted), wanted);
    return note_read(machine, order, result) ? result : WRONG;
}

static ssize_t write_some(struct machine *machine, struct order order, size_t wanted) {
    static const char buffer[LARGEST_READ];
    struct end *end = end_of(machine, order);
    ssize_t result = cmio_fd_source_note_io(end->source, CMIO_WRITABLE,
                                            write_on(end->fd, buffer, wanted), wanted);
    return note_write(machine, order, result, wanted) ? result : WRONG;
}

static bool can(const struct end *end, cmio_interest direction) {
    return end->fd >= 0 && (end->possible & direction) != 0;
}

static bool do_read(struct machine *machine, struct order order) {
    if (!can(end_of(machine, order), CMIO_READABLE))
        return true;
    return read_some(machine, order, 1 + order.how % 16U) != WRONG;
}

static bool do_drain(struct machine *machine, struct order order) {
    if (!can(end_of(machine, order), CMIO_READABLE))
        return true;
    ssize_t result;
    while ((result = read_some(machine, order, LARGEST_READ)) > 0)
        ;
    return result != WRONG;
}

static bool do_write(struct machine *machine, struct order order) {
    if (!can(end_of(machine, order), CMIO_WRITABLE))
        return true;
    return write_some(machine, order, 1 + order.how % 64U) != WRONG;
}

static bool do_fill(struct machine *machine, struct order order) {
    if (!can(end_of(machine, order), CMIO_WRITABLE))
        return true;
    const size_t longest = channel_of(machine, order)->kind->longest_fill;
    const size_t wanted = longest > 0 ? longest / 4 : LARGEST_READ;
    size_t written = 0;
    ssize_t result;
    while ((result = write_some(machine, order, wanted)) > 0 && (longest == 0 || written < longest))
        written += (size_t)result;
    return result != WRONG;
}

/* Raw reads until it blocks, behind cmio's back, and then the word that they happened. */
static bool do_drain_raw_and_rearm(struct machine *machine, struct order order) {
    struct end *end = end_of(machine, order);
    if (!can(end, CMIO_READABLE))
        return true;
    static char buffer[LARGEST_READ];
    ssize_t result;
    while ((result = read_on(end->fd, buffer, sizeof buffer)) > 0)
        hears(peer_of(machine, order), CMIO_WRITABLE);
    if (!note_read(machine, order, result < 0 ? -errno : 0))
        return false;
    return expects(machine, "rearm", cmio_source_rearm(&end->source->source, CMIO_READABLE),
                   end->registered ? 0 : -ENOENT);
}

static bool do_close(struct machine *machine, struct order order) {
    struct end *end = end_of(machine, order);
    if (end->fd < 0)
        return true;
    disturb(machine, order);
    if (!channel_of(machine, order)->kind->never_hears)
        hears(peer_of(machine, order),
              peer_of(machine, order)->at_end ? CMIO_WRITABLE : both_directions);
    return close_end(machine, end);
}

/* Opens a FIFO or a terminal again, where the other end lets it. */
static bool do_reopen(struct machine *machine, struct order order) {
    const struct channel *channel = channel_of(machine, order);
    struct end *end = end_of(machine, order);
    const int flags = channel->kind->reopening[order.which % 2];
    if (end->fd >= 0 || flags < 0)
        return true;
    end->fd = open(channel->path, flags | O_NONBLOCK);
    if (end->fd < 0)
        return true;
    disturb(machine, order);
    peer_of(machine, order)->renewed = true;
    return expects(machine, "init", cmio_fd_source_init(end->source, end->fd), 0);
}

static bool do_replace_channel(struct machine *machine, struct order order) {
    return close_channel(machine, channel_of(machine, order)) &&
           open_channel(machine, order.which / 2 % CHANNELS);
}

static bool do_move(struct machine *machine, struct order order) {
    struct end *end = end_of(machine, order);
    struct cmio_fd_source *moved = malloc(sizeof *moved);
    if (moved == NULL)
        return fails(machine, "no memory", 0);
    memcpy(moved, end->source, sizeof *moved);
    memset(end->source, 0x5a, sizeof *end->source);
    free(end->source);
    end->source = moved;
    return true;
}

static bool do_wake(struct machine *machine, struct order order) {
    size_t number = order.which % WAKERS;
    machine->woken[number] = true;
    return expects(machine, "wake", cmio_waker_wake(machine->wakers[number]), 0);
}

static bool do_replace_waker(struct machine *machine, struct order order) {
    size_t number = order.which % WAKERS;
    cmio_waker_free(machine->wakers[number]);
    machine->wakers[number] = NULL;
    return open_waker(machine, number);
}

/* Seldom, so that there is something to lose. */
static bool do_replace_poll(struct machine *machine, struct order order) {
    if (order.how % 8 != 0)
        return true;
    cmio_poll_free(machine->poll);
    machine->poll = NULL;
    for (size_t i = 0; i < CHANNELS; i++)
        for (int j = 0; j < 2; j++)
            machine->channels[i].ends[j].registered = false;
    for (size_t i = 0; i < WAKERS; i++) {
        cmio_waker_free(machine->wakers[i]);
        machine->wakers[i] = NULL;
    }
    return open_poll(machine);
}

static bool do_wait(struct machine *machine, struct order order) {
    bool full;
    return wait_batch(machine, machine->batches[order.which % 4], 0, &full);
}

static bool do_settle(struct machine *machine, struct order order) {
    return settle(machine, machine->batches[order.which % 4]);
}

typedef bool operation(struct machine *machine, struct order order);

/* What happens often stands here more than once. */
static operation *const operations[] = {
    do_register,
    do_register,
    do_reregister,
    do_deregister,
    do_register_second_source,
    do_write,
    do_write,
    do_write,
    do_read,
    do_read,
    do_drain,
    do_drain,
    do_drain_raw_and_rearm,
    do_fill,
    do_close,
    do_reopen,
    do_replace_channel,
    do_move,
    do_wake,
    do_wake,
    do_replace_waker,
    do_replace_poll,
    do_wait,
    do_wait,
    do_settle,
    do_settle,
};

static bool execute(struct machine *machine, struct order order) {
    machine->step++;
    return operations[order.operation % (sizeof operations / sizeof *operations)](machine, order);
}

const char *program_run(const uint8_t *bytes, size_t size, const char *const *backends,
                        size_t count) {
    struct machine machines[MOST_MACHINES];
    if (count > MOST_MACHINES)
        count = MOST_MACHINES;
    problem[0] = '\0';
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    bool right = true;
    for (size_t i = 0; i < count; i++)
        right = open_machine(&machines[i], backends[i]) && right;
    for (; right && size >= 3; bytes += 3, size -= 3)
        for (size_t i = 0; right && i < count; i++)
            right = execute(&machines[i], (struct order){bytes[0], bytes[1], bytes[2]});
    for (size_t i = 0; right && i < count; i++)
        right = settle(&machines[i], machines[i].batches[3]);
    for (size_t i = 0; i < count; i++)
        close_machine(&machines[i]);
    signal(SIGPIPE, before);
    return problem[0] != '\0' ? problem : NULL;
}
