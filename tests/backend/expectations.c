/* SPDX-License-Identifier: MIT */
#include "backend/expectations.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/utsname.h>

#define R CMIO_READABLE
#define W CMIO_WRITABLE
#define P CMIO_PRIORITY
#define E CMIO_ERROR
#define RC CMIO_READ_CLOSED
#define WC CMIO_WRITE_CLOSED

/*
 * The first row that fits counts; NULL fits all. The rows for every system are what systems do
 * where nothing else is known. A row above them may promise fewer hints (the contract allows that a
 * hint is missing), but never less of readable and writable.
 */
struct row {
    enum scene scene;
    const char *system; /* as uname(3) calls it */
    const char *backend;
    struct expected expected;
};

static const struct row expectations[] = {
    {SCENE_PIPE_WRITER_CLOSED, NULL, NULL, {.all = R | RC, .never = E}},
    {SCENE_PIPE_READER_CLOSED, "Linux", NULL, {.all = W | E}},
    {SCENE_PIPE_READER_CLOSED, NULL, NULL, {.all = W, .any = E | WC}},

    /* A one-shot of OpenBSD and NetBSD is not looked at again: it may not know of the end. */
    {SCENE_PIPE_READER_CLOSED_LATE, "OpenBSD", "kqueue", {.all = W}},
    {SCENE_PIPE_READER_CLOSED_LATE, "NetBSD", "kqueue", {.all = W}},
    {SCENE_PIPE_READER_CLOSED_LATE, "Linux", NULL, {.all = W | E}},
    {SCENE_PIPE_READER_CLOSED_LATE, NULL, NULL, {.all = W, .any = E | WC}},

    /*
     * poll(2) of a socket: FreeBSD and OpenBSD say no POLLERR, OpenBSD and NetBSD have no
     * POLLRDHUP, and NetBSD says no POLLHUP.
     */
    {SCENE_UNIX_PEER_CLOSED, "NetBSD", "poll", {.all = R | W, .never = E}},
    {SCENE_TCP_CONNECT_REFUSED, "FreeBSD", "poll", {.all = R | W}},
    {SCENE_TCP_CONNECT_REFUSED, "OpenBSD", "poll", {.all = R | W}},
    {SCENE_TCP_CONNECT_REFUSED, "NetBSD", "poll", {.all = R | W}},
    {SCENE_TCP_RESET, "FreeBSD", "poll", {.all = R | W}},
    {SCENE_TCP_RESET, "OpenBSD", "poll", {.all = R | W}},
    {SCENE_TCP_RESET, "NetBSD", "poll", {.all = R | W}},
    {SCENE_TCP_PEER_SHUT_WRITING, "OpenBSD", "poll", {.all = R, .never = E | WC}},
    {SCENE_TCP_PEER_SHUT_WRITING, "NetBSD", "poll", {.all = R, .never = E | WC}},
    {SCENE_TCP_PEER_CLOSED, "OpenBSD", "poll", {.all = R, .never = E | WC}},
    {SCENE_TCP_PEER_CLOSED, "NetBSD", "poll", {.all = R, .never = E | WC}},
    {SCENE_TCP_LOCAL_SHUT_READING, "OpenBSD", "poll", {.all = R, .never = E | WC}},
    {SCENE_TCP_LOCAL_SHUT_READING, "NetBSD", "poll", {.all = R, .never = E | WC}},
    {SCENE_TCP_LOCAL_SHUT_BOTH, "NetBSD", "poll", {.all = R | W, .never = E}},
    {SCENE_UNIX_LOCAL_SHUT_READING, "OpenBSD", "poll", {.all = R, .never = E | WC}},
    {SCENE_UNIX_LOCAL_SHUT_READING, "NetBSD", "poll", {.all = R, .never = E | WC}},
    {SCENE_UNIX_LOCAL_SHUT_BOTH, "NetBSD", "poll", {.all = R | W, .never = E}},
    {SCENE_UNIX_PEER_SHUT_WRITING, "OpenBSD", "poll", {.all = R, .never = E | WC}},
    {SCENE_UNIX_PEER_SHUT_WRITING, "NetBSD", "poll", {.all = R, .never = E | WC}},
    {SCENE_UNIX_PEER_SHUT_BOTH, "OpenBSD", "poll", {.all = R, .never = E}},
    {SCENE_UNIX_PEER_SHUT_BOTH, "NetBSD", "poll", {.all = R, .never = E}},

    {SCENE_UNIX_PEER_CLOSED, NULL, NULL, {.all = R | W | RC | WC, .never = E}},
    {SCENE_TCP_CONNECT_REFUSED, NULL, NULL, {.all = R | W | E | RC | WC}},
    {SCENE_TCP_PEER_SHUT_READING, NULL, NULL, {.never = R | W | P | E | RC | WC}}, /* not told */
    {SCENE_TCP_PEER_SHUT_WRITING, NULL, NULL, {.all = R | RC, .never = E | WC}},
    {SCENE_TCP_PEER_CLOSED, NULL, NULL, {.all = R | RC, .never = E | WC}},
    {SCENE_TCP_RESET, NULL, NULL, {.all = R | W | E | RC | WC}},

    /* Linux tells of its own reading end alone; the kqueues of both. */
    {SCENE_TCP_LOCAL_SHUT_READING, NULL, NULL, {.all = R | RC, .never = E | WC}},
    {SCENE_TCP_LOCAL_SHUT_WRITING, "Linux", NULL, {.all = W, .never = R | E | RC | WC}},
    {SCENE_TCP_LOCAL_SHUT_WRITING, NULL, NULL, {.all = W, .never = E | RC}},
    {SCENE_TCP_LOCAL_SHUT_BOTH, NULL, NULL, {.all = R | W | RC | WC, .never = E}},
    {SCENE_UNIX_LOCAL_SHUT_READING, NULL, NULL, {.all = R | RC, .never = E | WC}},
    {SCENE_UNIX_LOCAL_SHUT_WRITING, "Linux", NULL, {.all = W, .never = R | E | RC | WC}},
    {SCENE_UNIX_LOCAL_SHUT_WRITING, NULL, NULL, {.all = W, .never = E | RC}},
    {SCENE_UNIX_LOCAL_SHUT_BOTH, NULL, NULL, {.all = R | W | RC | WC, .never = E}},

    /* A peer that reads no more: on Linux writes fail then, which it tells when both ways ended. */
    {SCENE_UNIX_PEER_SHUT_READING, NULL, NULL, {.never = R | E | RC}},
    {SCENE_UNIX_PEER_SHUT_WRITING, NULL, NULL, {.all = R | RC, .never = E | WC}},
    {SCENE_UNIX_PEER_SHUT_BOTH, "Linux", NULL, {.all = R | W | RC | WC, .never = E}},
    {SCENE_UNIX_PEER_SHUT_BOTH, NULL, NULL, {.all = R | RC, .never = E}},

    /* FreeBSD's read filter fires with no flag. */
    {SCENE_UDP_REFUSED, "Linux", NULL, {.all = R | E, .never = RC | WC}},
    {SCENE_UDP_REFUSED, NULL, NULL, {.all = R, .never = RC | WC}},

    {SCENE_TCP_OUT_OF_BAND, NULL, "kqueue", {.impossible = true}},
    {SCENE_TCP_OUT_OF_BAND, NULL, NULL, {.all = P, .never = E | RC | WC}},
};

static bool fits(const char *wanted, const char *name) {
    return wanted == NULL || strcmp(wanted, name) == 0;
}

/* Over a stand-in for kqueue(2), what is said is what the BSDs say. */
static const char *system_of(const struct cmio_poll *poll, struct utsname *system) {
    if (uname(system) < 0)
        return "";
    if (strcmp(cmio_poll_backend(poll), "kqueue") == 0 && strcmp(system->sysname, "Linux") == 0)
        return "BSD";
    return system->sysname;
}

const struct expected *expected_in(const struct cmio_poll *poll, enum scene scene) {
    struct utsname space;
    const char *system = system_of(poll, &space);
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++)
        if (expectations[i].scene == scene && fits(expectations[i].system, system) &&
            fits(expectations[i].backend, cmio_poll_backend(poll)))
            return &expectations[i].expected;
    return NULL;
}

bool expected_late_edge(const struct cmio_poll *poll) {
    struct utsname space;
    return strcmp(cmio_poll_backend(poll), "kqueue") == 0 &&
           strcmp(system_of(poll, &space), "OpenBSD") == 0;
}

bool expected_lasting_priority(const struct cmio_poll *poll) {
    struct utsname space;
    return strcmp(cmio_poll_backend(poll), "poll") == 0 &&
           strcmp(system_of(poll, &space), "Linux") != 0;
}

bool expected_spurious(const struct cmio_poll *poll) {
    return strcmp(cmio_poll_backend(poll), "kqueue") == 0;
}

bool expected_limited(const struct cmio_poll *poll) {
    struct utsname system;
    return uname(&system) == 0 && strcmp(system.sysname, "Linux") == 0 &&
           strcmp(cmio_poll_backend(poll), "poll") == 0;
}

bool expected_nesting(const struct cmio_poll *poll) {
    return strcmp(cmio_poll_backend(poll), "poll") != 0;
}

/*
 * The shim for what only Linux can be asked: epoll_pwait2(2) came with 5.11, and sandboxes hide it.
 */
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

static bool epoll_waits_finely(void) {
    return syscall(SYS_epoll_pwait2, -1, NULL, 0, NULL, NULL, (size_t)0) == -1 && errno != ENOSYS &&
           errno != EPERM;
}
static const bool system_waits_finely = true;
#else
static bool epoll_waits_finely(void) {
    return false;
}
static const bool system_waits_finely = false;
#endif

bool expected_fine_timeouts(const struct cmio_poll *poll) {
    if (strcmp(cmio_poll_backend(poll), "epoll") == 0)
        return epoll_waits_finely();
    return system_waits_finely;
}
