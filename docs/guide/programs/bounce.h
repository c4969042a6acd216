/* SPDX-License-Identifier: MIT */

/*
 * What bounce_cmio.c and bounce_uring.c share: the command line, the pairs of sockets, and the
 * measuring. A program opens CONNECTIONS pairs of Unix stream sockets and watches both ends of each.
 * It starts a message of 64 bytes on ACTIVE of them. Whichever end receives the message sends it
 * back, so it bounces until MESSAGES messages have been received in total.
 */
#ifndef BOUNCE_H
#define BOUNCE_H

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

enum { MESSAGE_SIZE = 64, EXIT_UNAVAILABLE = 77 };

struct bounce {
    int connections, active, messages;
    int *fds; /* two per connection: the ends 2 * i and 2 * i + 1 */
};

/* The processor time of this process, so that what else the machine does counts less. */
static inline int64_t bounce_now(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The number in text, or 0 if it is none or out of range. */
static inline int bounce_number(const char *text, long most) {
    char *end;
    long number = strtol(text, &end, 10);
    return *end == '\0' && number > 0 && number <= most ? (int)number : 0;
}

/* Two descriptors per connection, and a few for everything else. */
static inline int bounce_raise_limit(int connections) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    limit.rlim_cur = (rlim_t)connections * 2 + 32;
    if (limit.rlim_cur > limit.rlim_max)
        return -EMFILE;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

static inline int bounce_open(struct bounce *bounce) {
    int code = bounce_raise_limit(bounce->connections);
    if (code < 0)
        return code;
    bounce->fds = (int *)calloc((size_t)bounce->connections * 2, sizeof *bounce->fds);
    if (bounce->fds == NULL)
        return -ENOMEM;
    for (int i = 0; i < bounce->connections; i++)
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, &bounce->fds[2 * i]) < 0)
            return -errno;
    return 0;
}

/* Sends the first message of each active connection. */
static inline int bounce_serve(const struct bounce *bounce) {
    const char message[MESSAGE_SIZE] = "ball";
    for (int i = 0; i < bounce->active; i++)
        if (send(bounce->fds[2 * i], message, sizeof message, MSG_NOSIGNAL) != MESSAGE_SIZE)
            return -EIO;
    return 0;
}

/* CONNECTIONS ACTIVE MESSAGES. Returns 0, or the exit status for a wrong command line. */
static inline int bounce_arguments(struct bounce *bounce, int argc, char **argv) {
    if (argc == 4) {
        bounce->connections = bounce_number(argv[1], 100000);
        bounce->active = bounce_number(argv[2], bounce->connections);
        bounce->messages = bounce_number(argv[3], INT_MAX / 2);
    }
    if (bounce->connections > 0 && bounce->active > 0 && bounce->messages > 0)
        return 0;
    fprintf(stderr, "usage: %s CONNECTIONS ACTIVE MESSAGES\n", argv[0]);
    return 2;
}

/*
 * Runs the program's loop, which returns how many messages it has received and when it started, and
 * prints how much processor time each message took.
 */
static inline int bounce_main(int argc, char **argv,
                              int (*run)(const struct bounce *bounce, int64_t *start)) {
    struct bounce bounce = {0};
    const int status = bounce_arguments(&bounce, argc, argv);
    if (status != 0)
        return status;
    int64_t start = 0;
    int code = bounce_open(&bounce);
    if (code == 0)
        code = run(&bounce, &start);
    start = bounce_now() - start;
    free(bounce.fds);
    if (code < 0) {
        fprintf(stderr, "%s: %s\n", argv[0], strerror(-code));
        return code == -ENOSYS || code == -EPERM ? EXIT_UNAVAILABLE : 1;
    }
    printf("%d messages bounced, %.0f ns of processor time each\n", code, (double)start / code);
    return 0;
}

#endif
