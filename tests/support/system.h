/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_SYSTEM_H
#define CMIO_TESTS_SYSTEM_H

/*
 * What system calls answer differently from system to system, in one table, for tests of what cmio
 * passes on as it is. What events say is in tests/backend/expectations.h. Whatever is not in here
 * is the same everywhere.
 */

#include <stdbool.h>

struct test_answers {
    /* Errors of socket(2) for a type that there is not, either of them. */
    int bad_type;
    int bad_type_too;
    /* Both ends of a pipe can be read and written. */
    bool pipes_go_both_ways;
    /* pread(2) of a directory gives bytes, not EISDIR. */
    bool directories_are_read;
    /* An IPv6 socket can be had that takes IPv4, too. */
    bool has_dual_stack;
    /* sendto(2) with an address on a connected UDP socket sends; elsewhere it is EISCONN. */
    bool connected_sends_to;
    /* MSG_TRUNC is set for an empty datagram that is received into no room. */
    bool empty_is_truncated;
    /* An error that a batch kept is told before the datagrams behind it, not once they are gone. */
    bool kept_error_comes_first;
    /* shutdown(2) of a socket that is not connected is ENOTCONN. */
    bool unconnected_is_not_shut;
    /* A backlog of 1 is full after fewer than 64 connections. */
    bool backlog_is_kept;
    /* A TCP port that is bound, and on which nobody listens, refuses; elsewhere it is silent. */
    bool bound_port_refuses;
};

/* Those of this system. */
const struct test_answers *test_answers(void);

#endif
