/* SPDX-License-Identifier: MIT */
#ifndef CMIO_BENCH_HTTP_PROGRAM_H
#define CMIO_BENCH_HTTP_PROGRAM_H

/*
 * The program around a server: it listens, prints "port N" and calls serve(). If HTTP_LOOPS is
 * defined, it does so on --loops threads. --spin N gives each loop a waker, which nobody wakes, and
 * lets a wait look for wakes for N nanoseconds before it sleeps, if the library can do that.
 */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/bench.h"
#include "http/request.h"

static long port = 0;
static long loops = 1;
static long spin = 0;
#ifdef HTTP_LOOPS
enum { HTTP_LOOPS_MOST = 64 };
#else
enum { HTTP_LOOPS_MOST = 1 };
#endif

static void serve(int fd);

/* A listener on the loopback address. Connections inherit TCP_NODELAY from it. */
static int http_listen(void) {
    const int yes = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t length = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    BENCH_CHECK(fd >= 0);
    BENCH_CHECK(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0);
    BENCH_CHECK(loops == 1 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) == 0);
    BENCH_CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0);
    BENCH_CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    BENCH_CHECK(listen(fd, SOMAXCONN) == 0);
    BENCH_CHECK(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
    port = ntohs(address.sin_port);
    return fd;
}

static void *http_thread(void *listener) {
    serve((int)(intptr_t)listener);
    return NULL;
}

int main(int argc, char **argv) {
    const struct bench_option options[] = {
        {"port", &port, 0, 65535},
        {"loops", &loops, 1, HTTP_LOOPS_MOST},
        {"spin", &spin, 0, 1000000000},
        {.name = NULL},
    };
    bench_options(argc, argv, options);
    struct rlimit limit;
    BENCH_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    BENCH_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    BENCH_CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR); /* for libraries that use write(2) */
    for (size_t i = 0; i < HTTP_AT_ONCE; i++)
        memcpy(http_output + i * HTTP_RESPONSE_SIZE, HTTP_RESPONSE, HTTP_RESPONSE_SIZE);
    const int first = http_listen();
    for (long i = 1; i < loops; i++) {
        pthread_t thread;
        BENCH_CHECK(pthread_create(&thread, NULL, http_thread, (void *)(intptr_t)http_listen()) ==
                    0);
    }
    printf("port %ld\n", port);
    fflush(stdout);
    serve(first);
    return 0;
}

#endif
