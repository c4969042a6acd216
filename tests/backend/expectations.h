/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_EXPECTATIONS_H
#define CMIO_TESTS_EXPECTATIONS_H

/*
 * What systems and backends may do differently, in one table: the hints of an event (error, closed,
 * priority) in each of these scenes, and what a backend cannot do at all. Whatever is not in here
 * is the same everywhere.
 */

#include <stdbool.h>
#include <stdint.h>

#include <cmio/poll.h>

enum scene {
    SCENE_PIPE_WRITER_CLOSED,      /* the reader, empty, registered to read */
    SCENE_PIPE_READER_CLOSED,      /* the writer, registered to write */
    SCENE_PIPE_READER_CLOSED_LATE, /* the same, one-shot and ready before the reader closed */
    SCENE_UNIX_PEER_CLOSED,        /* a stream, registered for both */
    SCENE_TCP_CONNECT_REFUSED,     /* registered for both */
    SCENE_TCP_PEER_SHUT_READING,   /* registered for both, writable before */
    SCENE_TCP_PEER_SHUT_WRITING,   /* registered for both */
    SCENE_TCP_PEER_CLOSED,         /* registered for both */
    SCENE_TCP_RESET,               /* registered for both */
    SCENE_TCP_LOCAL_SHUT_READING,  /* registered for both */
    SCENE_TCP_LOCAL_SHUT_WRITING,  /* registered for both */
    SCENE_TCP_LOCAL_SHUT_BOTH,     /* registered for both */
    SCENE_UNIX_LOCAL_SHUT_READING, /* registered for both */
    SCENE_UNIX_LOCAL_SHUT_WRITING, /* registered for both */
    SCENE_UNIX_LOCAL_SHUT_BOTH,    /* registered for both */
    SCENE_UNIX_PEER_SHUT_READING,  /* registered for both */
    SCENE_UNIX_PEER_SHUT_WRITING,  /* registered for both */
    SCENE_UNIX_PEER_SHUT_BOTH,     /* registered for both */
    SCENE_UDP_REFUSED,             /* connected, after an ICMP error, registered to read */
    SCENE_TCP_OUT_OF_BAND,         /* registered to read and for priority */
    SCENES
};

struct expected {
    uint32_t all;    /* flags that must come */
    uint32_t any;    /* one of these must, where it is not 0 */
    uint32_t never;  /* flags that must not */
    bool impossible; /* the backend refuses the interest: -ENOTSUP */
};

/* What the table says of the poll's backend on this system. */
const struct expected *expected_in(const struct cmio_poll *poll, enum scene scene);

/* Whether cmio_poll_fd() gives a descriptor. */
bool expected_nesting(const struct cmio_poll *poll);

/*
 * Whether an event may come of what is so no more, or an edge again: kqueue(2) reports room anew
 * when the peer acknowledged or took something, and does not look twice at a one-shot. Spurious
 * events are allowed.
 */
bool expected_spurious(const struct cmio_poll *poll);

/*
 * Whether one more edge to write may come once a connection's first bytes went both ways. It tells
 * of an acknowledgment, and is spurious.
 */
bool expected_late_edge(const struct cmio_poll *poll);

/* Whether priority still holds after the out-of-band byte was taken. */
bool expected_lasting_priority(const struct cmio_poll *poll);

/*
 * Whether a wait is -EMFILE while more is registered than the process may have descriptors, as
 * Linux's poll(2) has it. Elsewhere poll(2) may say so; no other backend does.
 */
bool expected_limited(const struct cmio_poll *poll);

/* Whether the system keeps waits that are no whole milliseconds. */
bool expected_fine_timeouts(const struct cmio_poll *poll);

#endif
