/* SPDX-License-Identifier: MIT */
#include "common/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void print_help(const char *program, const struct bench_option *options) {
    printf("usage: %s [OPTION NUMBER]...\n\nOne workload on one library; see bench/README.md.\n\n",
           program);
    for (; options->name != NULL; options++)
        printf("  --%-12s %ld to %ld; otherwise %ld\n", options->name, options->least,
               options->most, *options->value);
}

static void refuse(const char *program, const char *what, const char *why) {
    fprintf(stderr, "%s: %s: %s (--help shows what there is)\n", program, what, why);
    exit(2);
}

void bench_options(int argc, char **argv, const struct bench_option *options) {
    for (int i = 1; i < argc; i += 2) {
        const struct bench_option *option = options;
        if (strcmp(argv[i], "--help") == 0) {
            print_help(argv[0], options);
            exit(0);
        }
        while (option->name != NULL &&
               (strncmp(argv[i], "--", 2) != 0 || strcmp(argv[i] + 2, option->name) != 0))
            option++;
        if (option->name == NULL)
            refuse(argv[0], argv[i], "no such option");
        if (i + 1 == argc)
            refuse(argv[0], argv[i], "needs a number");
        char *end;
        errno = 0;
        const long value = strtol(argv[i + 1], &end, 10);
        if (*argv[i + 1] == '\0' || *end != '\0' || errno != 0 || value < option->least ||
            value > option->most)
            refuse(argv[0], argv[i], "not a number within its limits");
        *option->value = value;
    }
}

static int64_t read_clock(clockid_t clock) {
    struct timespec time;
    BENCH_CHECK(clock_gettime(clock, &time) == 0);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int64_t bench_now(void) {
    return read_clock(CLOCK_MONOTONIC);
}

int64_t bench_cpu(void) {
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void bench_fail(const char *text, const char *file, int line) {
    fprintf(stderr, "%s:%d: not true: %s (%s)\n", file, line, text, strerror(errno));
    exit(1);
}

void bench_need_descriptors(long count) {
    struct rlimit limit;
    BENCH_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_cur >= (rlim_t)count)
        return;
    limit.rlim_cur = (rlim_t)count;
    if (limit.rlim_max < limit.rlim_cur)
        limit.rlim_max = limit.rlim_cur;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
        fprintf(stderr, "%ld descriptors are needed, and the limit is lower: ulimit -n\n", count);
        exit(1);
    }
}

void bench_socketpair(int fds[2]) {
    BENCH_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
}

int bench_listen(struct sockaddr_in *address) {
    socklen_t length = sizeof *address;
    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    BENCH_CHECK(fd >= 0);
    BENCH_CHECK(bind(fd, (struct sockaddr *)address, length) == 0);
    BENCH_CHECK(listen(fd, SOMAXCONN) == 0);
    BENCH_CHECK(getsockname(fd, (struct sockaddr *)address, &length) == 0);
    return fd;
}

/* On the loopback interface a connection is made at once, in spite of EINPROGRESS. */
int bench_connect(const struct sockaddr_in *address) {
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    BENCH_CHECK(fd >= 0);
    BENCH_CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
    BENCH_CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) == 0);
    BENCH_CHECK(connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
                errno == EINPROGRESS);
    return fd;
}

void bench_pin(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)processor, &set);
    BENCH_CHECK(sched_setaffinity(0, sizeof set, &set) == 0);
}

/* Does not use statm, which on many kernels is an estimate that may be hundreds of pages off. */
int64_t bench_resident(void) {
    char line[128];
    long kilobytes = -1;
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    BENCH_CHECK(file != NULL);
    while (kilobytes < 0 && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Rss: %ld kB", &kilobytes) != 1)
            kilobytes = -1;
    fclose(file);
    BENCH_CHECK(kilobytes >= 0);
    return (int64_t)kilobytes * 1024;
}

void bench_report(const char *name, double value) {
    printf("%s %.3f\n", name, value);
}

struct bench_begin bench_begin(void) {
    return (struct bench_begin){bench_now(), read_clock(CLOCK_PROCESS_CPUTIME_ID)};
}

void bench_report_each(struct bench_begin begin, long count) {
    const struct bench_begin end = bench_begin();
    bench_report("ns", (double)(end.wall - begin.wall) / (double)count);
    bench_report("cpu_ns", (double)(end.processor - begin.processor) / (double)count);
}
