/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_PAIR_H
#define CMIO_TESTS_PAIR_H

/*
 * Two connected descriptors, non-blocking, made with raw system calls: what is written to [1] can
 * be read from [0], and the other way round where it is no pipe. All here fail the test on an error
 * that is not the one they are about.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmio/fd_source.h>

enum test_pair_kind {
    TEST_PIPE,
    TEST_UNIX_STREAM,
    TEST_UNIX_DATAGRAM,
    TEST_TCP,
    TEST_UDP,
    TEST_PAIR_KINDS
};

void test_pair_open(enum test_pair_kind kind, int fds[2]);
void test_pair_close(const int fds[2]);
const char *test_pair_name(enum test_pair_kind kind);

/* Whether bytes have no borders in it, so that a part of them can be read. */
bool test_pair_is_stream(enum test_pair_kind kind);

/* A listening TCP socket on a free port of 127.0.0.1, and a blocking connect to it. */
int test_listen(uint16_t *port);
int test_connect(uint16_t port);

/* A UDP socket on a free port of 127.0.0.1, or on the given one: then -1 where it is taken. */
int test_udp_bind(uint16_t *port);
int test_udp_bind_again(uint16_t port);
void test_udp_connect(int fd, uint16_t port);

void test_set_nonblocking(int fd);
/* Closing it then resets the connection: SO_LINGER of 0 seconds. */
void test_set_reset_on_close(int fd);

/* Writes all of it: there must be room. */
void test_put(int fd, size_t length);
/* Reads exactly so much, which must be there. */
void test_take(int fd, size_t length);
/* Writes until -EAGAIN; how many bytes. */
size_t test_fill(int fd);
/* Reads until -EAGAIN or the end; how many bytes. */
size_t test_drain(int fd);
/* Closes, and it must succeed. */
void test_close(int fd);

/* The same through the source, as a program does its I/O. */
size_t test_source_drain(struct cmio_fd_source *source);
size_t test_source_fill(struct cmio_fd_source *source);
ssize_t test_source_read(struct cmio_fd_source *source, size_t length);
ssize_t test_source_write(struct cmio_fd_source *source, size_t length);

#endif
