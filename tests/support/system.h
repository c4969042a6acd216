/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_SYSTEM_H
#define CMIO_TESTS_SYSTEM_H

/*
 * One table of the system calls that answer differently from system to system, for tests of what
 * cmio passes on unchanged. What events report is in tests/backend/expectations.h. Everything that
 * is not in this table is the same on all systems.
 */

#include <stdbool.h>

struct test_answers {
    /* The two errors that socket(2) may give for a type that does not exist. */
    int bad_type;
    int bad_type_too;
    /* Both ends of a pipe can be read and written. */
    bool pipes_go_both_ways;
    /* pread(2) of a directory gives bytes, not EISDIR. */
    bool directories_are_read;
    /* An IPv6 socket can take IPv4, too. */
    bool has_dual_stack;
    /* sendto(2) with an address on a connected UDP socket sends; elsewhere it gives EISCONN. */
    bool connected_sends_to;
    /* MSG_TRUNC is set for an empty datagram that is received into no room. */
    bool empty_is_truncated;
    /* An error kept by a batch is returned before the datagrams behind it, not after them. */
    bool kept_error_comes_first;
    /* shutdown(2) of a socket that is not connected fails with ENOTCONN. */
    bool unconnected_is_not_shut;
    /* A backlog of 1 is full after fewer than 64 connections. */
    bool backlog_is_kept;
    /* A bound TCP port on which nobody listens refuses connections. Elsewhere it is silent. */
    bool bound_port_refuses;
};

/* The answers of this system. */
const struct test_answers *test_answers(void);

#endif
