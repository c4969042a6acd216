/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_PAIR_H
#define CMIO_TESTS_PAIR_H

/*
 * Two connected descriptors, non-blocking, made with raw system calls. What is written to [1] can
 * be read from [0], and the other way round unless it is a pipe. All functions here fail the test
 * on an error other than the one they are about.
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

/* Whether it carries a stream without message boundaries, so that part of the bytes can be read. */
bool test_pair_is_stream(enum test_pair_kind kind);

/* A listening TCP socket on a free port of 127.0.0.1, and a blocking connect to it. */
int test_listen(uint16_t *port);
int test_connect(uint16_t port);

/*
 * A TCP port of 127.0.0.1 that is bound and on which nobody listens: nobody else can, as long as the
 * descriptor is open. Where the system is silent about such a port it is closed again, and -1.
 */
int test_refuse(uint16_t *port);

/* A UDP socket on a free port of 127.0.0.1. */
int test_udp_bind(uint16_t *port);
void test_udp_connect(int fd, uint16_t port);

/*
 * A UDP port of 127.0.0.1 that refuses, because its socket is connected elsewhere: nobody else can
 * have the port as long as the descriptor is open. test_udp_bind_refused() opens another socket on
 * such a port, to be connected to its sender. While that is open, the port does not refuse.
 */
int test_udp_refuse(uint16_t *port);
int test_udp_bind_refused(uint16_t port);

void test_set_nonblocking(int fd);
/* Makes a close of fd reset the connection: SO_LINGER of 0 seconds. */
void test_set_reset_on_close(int fd);

/* Writes length bytes, for which there must be room. */
void test_put(int fd, size_t length);
/* Reads exactly length bytes, which must be there. */
void test_take(int fd, size_t length);
/* Writes until -EAGAIN. Returns the number of bytes. */
size_t test_fill(int fd);
/* Reads until -EAGAIN or the end. Returns the number of bytes. */
size_t test_drain(int fd);
/* Closes fd, which must succeed. */
void test_close(int fd);

/* The calls above through a source, as a program does its I/O: drain, fill, read and write. */
size_t test_source_drain(struct cmio_fd_source *source);
size_t test_source_fill(struct cmio_fd_source *source);
ssize_t test_source_read(struct cmio_fd_source *source, size_t length);
ssize_t test_source_write(struct cmio_fd_source *source, size_t length);

#endif
