/* SPDX-License-Identifier: MIT */
#include "backend/rig.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/pair.h"
#include "support/scale.h"

enum { LARGE = 65536, MOST_CALLS = 100000 };

static char buffer[LARGE];

static void open_loop(struct rig *rig, const char *backend) {
    assert_int_equal(cmio_poll_new_with(&rig->loop.poll, backend), 0);
    assert_int_equal(cmio_events_new(&rig->loop.events, 8), 0);
    rig->loop.registry = cmio_poll_registry(rig->loop.poll);
}

bool rig_open(struct rig *rig, const struct rig_scene *scene, const char *backend) {
    memset(rig, 0, sizeof *rig);
    rig->kind = scene->kind;
    rig->fd = rig->peer = rig->other = -1;
    open_loop(rig, backend);
    const bool opened = scene->kind->open(rig);
    if (!opened)
        rig_close(rig);
    return opened;
}

int rig_register(struct rig *rig, const struct rig_scene *scene) {
    rig->interest = scene->interest != 0 ? scene->interest : scene->kind->interest;
    return cmio_registry_register(rig->loop.registry, &rig->owner.source, RIG_TOKEN, rig->interest);
}

static void close_one(int *fd) {
    if (*fd >= 0)
        test_close(*fd);
    *fd = -1;
}

void rig_close(struct rig *rig) {
    if (cmio_source_is_registered(&rig->owner.source))
        assert_int_equal(cmio_registry_deregister(rig->loop.registry, &rig->owner.source), 0);
    if (rig->kind->close != NULL)
        rig->kind->close(rig);
    close_one(&rig->fd);
    close_one(&rig->peer);
    close_one(&rig->other);
    test_loop_close(&rig->loop);
}

void rig_set_fd_source(struct rig *rig, int fd) {
    rig->fd = fd;
    test_set_nonblocking(fd);
    assert_int_equal(cmio_fd_source_init(&rig->owner.fd, fd), 0);
}

int rig_open_udp_peer(struct rig *rig) {
    struct sockaddr_in name;
    socklen_t length = sizeof name;
    const int fd = test_udp_bind_refused(rig->port);
    assert_int_equal(getsockname(rig->fd, (struct sockaddr *)&name, &length), 0);
    test_udp_connect(fd, ntohs(name.sin_port));
    return fd;
}

void rig_open_udp(struct rig *rig) {
    uint16_t port;
    rig->fd = test_udp_bind(&port);
    rig->other = test_udp_refuse(&rig->port);
    rig->peer = rig_open_udp_peer(rig);
}

ssize_t rig_fd_read(struct rig *rig, void *bytes, size_t length) {
    return cmio_fd_source_note_io(&rig->owner.fd, CMIO_READABLE, read(rig->fd, bytes, length),
                                  length);
}

ssize_t rig_fd_write(struct rig *rig, const void *bytes, size_t length) {
    return cmio_fd_source_note_io(&rig->owner.fd, CMIO_WRITABLE, write(rig->fd, bytes, length),
                                  length);
}

/*
 * Whether the call ended the owner's turn: it may go on after a write that was not short, and will
 * never after the end of a connection.
 */
static bool ends_turn(const struct rig *rig, cmio_interest direction, ssize_t result,
                      size_t wanted) {
    if (direction == CMIO_WRITABLE && result == -EPIPE)
        return rig->kind->reopens;
    if (direction == CMIO_WRITABLE)
        return result < (ssize_t)(rig->kind->whole > 0 ? rig->kind->whole : wanted);
    if (rig->kind->is_file)
        return result == -EAGAIN;
    return result != 0 || rig->kind->reopens || rig->kind->has_messages || rig->kind->may_be_empty;
}

static void note_end(struct rig *rig, cmio_interest direction, ssize_t result) {
    const bool is_end =
        direction == CMIO_WRITABLE ? result == -EPIPE : result == 0 || result == -EIO;
    rig->ended &= ~direction;
    if (is_end && rig->kind->reopens)
        rig->ended |= direction;
}

ssize_t rig_note(struct rig *rig, cmio_interest direction, ssize_t result, size_t wanted) {
    if (ends_turn(rig, direction, result, wanted))
        rig->answered |= direction;
    note_end(rig, direction, result);
    rig->result = result > 0 ? 1 : (long)result;
    return result;
}

static ssize_t receive(struct rig *rig, size_t length) {
    return rig_note(rig, CMIO_READABLE, rig->kind->receive(rig, buffer, length), length);
}

static ssize_t send_bytes(struct rig *rig, size_t length) {
    return rig_note(rig, CMIO_WRITABLE, rig->kind->send(rig, buffer, length), length);
}

void owner_drains(struct rig *rig) {
    ssize_t result;
    int calls = 0;
    do
        result = receive(rig, sizeof buffer);
    while (++calls < MOST_CALLS && (result > 0 || (result == 0 && rig->kind->has_messages)));
    assert_true(calls < MOST_CALLS);
}

void owner_reads_one(struct rig *rig) {
    (void)receive(rig, 1);
}

void owner_reads_once(struct rig *rig) {
    (void)receive(rig, sizeof buffer);
}

/* A read of no bytes takes a datagram all the same, and tells nothing of a stream. */
void owner_reads_nothing(struct rig *rig) {
    (void)receive(rig, 0);
}

void owner_writes_and_drains(struct rig *rig) {
    owner_writes(rig);
    owner_drains(rig);
}

void owner_drains_and_fills(struct rig *rig) {
    owner_drains(rig);
    owner_fills(rig);
}

/* An address that no process has: -EFAULT. valgrind would report it, so there nothing is done. */
static void *nowhere(void) {
    return (void *)(uintptr_t)1;
}

void owner_reads_to_nowhere(struct rig *rig) {
    if (!test_is_under_valgrind())
        (void)rig_note(rig, CMIO_READABLE, rig->kind->receive(rig, nowhere(), 16), 16);
}

void owner_writes_from_nowhere(struct rig *rig) {
    if (!test_is_under_valgrind())
        (void)rig_note(rig, CMIO_WRITABLE, rig->kind->send(rig, nowhere(), 16), 16);
}

/* Tells of readiness that still holds. */
void owner_reregisters(struct rig *rig) {
    assert_int_equal(
        cmio_registry_reregister(rig->loop.registry, &rig->owner.source, RIG_TOKEN, rig->interest),
        0);
    rig->answered = CMIO_READABLE | CMIO_WRITABLE;
}

void owner_peeks_one(struct rig *rig) {
    (void)rig_note(rig, CMIO_READABLE, rig->kind->peek(rig, buffer, 1), 1);
}

void owner_peeks_more(struct rig *rig) {
    (void)rig_note(rig, CMIO_READABLE, rig->kind->peek(rig, buffer, sizeof buffer), sizeof buffer);
}

void owner_writes(struct rig *rig) {
    (void)send_bytes(rig, 8);
}

void owner_fills(struct rig *rig) {
    int calls = 0;
    while (send_bytes(rig, 4096) > 0 && calls < MOST_CALLS)
        calls++;
    assert_true(calls < MOST_CALLS);
}

void owner_takes_error(struct rig *rig) {
    rig->result = rig->kind->take_error(rig);
    if (rig->result < 0)
        rig->answered |= CMIO_READABLE | CMIO_WRITABLE;
}

void peer_writes(struct rig *rig) {
    assert_true(write(rig->peer, "12345678", 8) == 8);
}

void peer_drains(struct rig *rig) {
    ssize_t result;
    while ((result = read(rig->peer, buffer, sizeof buffer)) > 0)
        ;
    assert_true(result == 0 || errno == EAGAIN);
}

void peer_closes(struct rig *rig) {
    close_one(&rig->peer);
}

void peer_opens(struct rig *rig) {
    rig->peer = rig->kind->open_peer(rig);
    assert_true(rig->peer >= 0);
    test_set_nonblocking(rig->peer);
}
