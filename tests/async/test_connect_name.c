/* SPDX-License-Identifier: MIT */

/*
 * Connecting to a host by name, with getaddrinfo(3) replaced by the linker: a test says which
 * addresses there are. An address that does not answer is a listener whose queue is full, to which
 * Linux drops connects. All listeners of a test have one port, each at an address of its own.
 */
#include <cmio/async.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/test.h"

enum { ADDRESSES_MAX = 8, FILLERS = 8 };

/*
 * Where each test takes its port, and keeps it: of several processes of this test no two have the same
 * one. The other addresses of 127.0.0.0/8 that it uses are nobody else's.
 */
#define BASE "127.0.0.2"

/* What the replaced resolver answers. */
static struct {
    const char *addresses[ADDRESSES_MAX];
    int count;
    int error;
} answer;

int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out);
void __wrap_freeaddrinfo(struct addrinfo *info);

/* Answers that were given and not given back. */
static atomic_int outstanding;

static struct addrinfo *new_info(const char *text) {
    struct addrinfo *info = calloc(1, sizeof *info + sizeof(struct sockaddr_in6));
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)(info + 1);
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)(info + 1);
    assert_non_null(info);
    info->ai_addr = (struct sockaddr *)(void *)(info + 1);
    if (strchr(text, ':') != NULL) {
        v6->sin6_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
    } else {
        v4->sin_family = AF_INET;
        assert_int_equal(inet_pton(AF_INET, text, &v4->sin_addr), 1);
    }
    info->ai_family = info->ai_addr->sa_family;
    info->ai_addrlen = info->ai_family == AF_INET ? sizeof *v4 : sizeof *v6;
    return info;
}

int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out) {
    (void)node, (void)service;
    if ((hints->ai_flags & AI_NUMERICHOST) != 0)
        return EAI_NONAME;
    if (answer.error != 0)
        return answer.error;
    struct addrinfo **end = out;
    for (int i = 0; i < answer.count; i++, end = &(*end)->ai_next)
        *end = new_info(answer.addresses[i]);
    atomic_fetch_add(&outstanding, answer.count > 0);
    return 0;
}

void __wrap_freeaddrinfo(struct addrinfo *info) {
    atomic_fetch_sub(&outstanding, info != NULL);
    while (info != NULL) {
        struct addrinfo *next = info->ai_next;
        free(info);
        info = next;
    }
}

static void answer_with(int count, const char *const *addresses) {
    memset(&answer, 0, sizeof answer);
    answer.count = count;
    for (int i = 0; i < count; i++)
        answer.addresses[i] = addresses[i];
}

/* Listeners */

static struct cmio_address address_at(const char *host, uint16_t port) {
    char text[CMIO_ADDRESS_TEXT_MAX];
    struct cmio_address address;
    snprintf(text, sizeof text, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
    TEST_OK(cmio_address_parse(text, &address));
    return address;
}

/* Port 0 becomes the one that the system chose. -1, and errno, if it is not to be had. */
static int try_to_listen_at(const char *host, uint16_t *port, int backlog) {
    struct cmio_address address = address_at(host, *port);
    const int fd = socket(cmio_address_family(&address), SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (bind(fd, &address.u.any, address.length) != 0) {
        const int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, &address.u.any, &address.length), 0);
    *port = cmio_address_port(&address);
    return fd;
}

static int listen_at(const char *host, uint16_t *port, int backlog) {
    const int fd = try_to_listen_at(host, port, backlog);
    assert_true(fd >= 0);
    return fd;
}

/* A listener that takes no more: its queue is full. */
struct silent {
    int listener;
    int fillers[FILLERS];
};

static struct silent be_silent_at(const char *host, uint16_t port) {
    struct silent silent = {.listener = listen_at(host, &port, 0)};
    const struct cmio_address address = address_at(host, port);
    for (int i = 0; i < FILLERS; i++) {
        silent.fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_true(silent.fillers[i] >= 0);
        (void)connect(silent.fillers[i], &address.u.any, address.length);
    }
    struct pollfd queue = {.fd = silent.listener, .events = POLLIN};
    assert_int_equal(poll(&queue, 1, 30000), 1); /* one that waits fills it */
    return silent;
}

static void close_silent(struct silent *silent) {
    for (int i = 0; i < FILLERS; i++)
        close(silent->fillers[i]);
    close(silent->listener);
}

/* Connecting */

static struct cmio_executor *new_executor(void **state) {
    struct cmio_executor *executor = NULL;
    TEST_OK(cmio_executor_new(&executor,
                              &(struct cmio_executor_options){.workers = *(const int *)*state,
                                                              .backend = test_backend()}));
    return executor;
}

/* The address that it is connected to; an empty text if the future failed with the error. */
static void expect_connected(void **state, uint16_t port, ssize_t result, const char *host) {
    struct cmio_executor *executor = new_executor(state);
    struct cmio_connect_name_future connect;
    struct cmio_tcp_stream stream;
    struct cmio_io io;
    TEST_OK(cmio_connect_name_future_init(&connect, &io, &stream, "a.host", port));
    TEST_GIVES(cmio_block_on(executor, &connect.future), result);
    if (result == 0) {
        struct cmio_address peer;
        TEST_OK(cmio_tcp_stream_peer_address(&stream, &peer));
        const struct cmio_address expected = address_at(host, port);
        assert_true(cmio_address_equal(&peer, &expected));
    }
    TEST_OK(cmio_io_close(&io));
    TEST_OK(cmio_tcp_stream_close(&stream));
    cmio_executor_free(executor);
}

static void the_first_address_is_taken(void **state) {
    uint16_t port = 0;
    const int first = listen_at(BASE, &port, 8), second = listen_at("127.0.0.3", &port, 8);
    answer_with(2, (const char *[]){BASE, "127.0.0.3"});
    expect_connected(state, port, 0, BASE);
    close(first);
    close(second);
}

static void after_a_refusal_the_next_address_is_tried(void **state) {
    uint16_t port = 0;
    const int listener = listen_at(BASE, &port, 8);
    answer_with(3, (const char *[]){"127.0.0.5", "127.0.0.6", BASE});
    expect_connected(state, port, 0, BASE);
    close(listener);
}

static void an_address_that_does_not_answer_is_overtaken(void **state) {
    uint16_t port = 0;
    const int listener = listen_at(BASE, &port, 8);
    struct silent silent = be_silent_at("127.0.0.3", port);
    answer_with(2, (const char *[]){"127.0.0.3", BASE});
    expect_connected(state, port, 0, BASE);
    close_silent(&silent);
    close(listener);
}

static bool has_ipv6(void) {
    const struct cmio_address address = address_at("::1", 0);
    const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool has = fd >= 0 && bind(fd, &address.u.any, address.length) == 0;
    close(fd);
    return has;
}

/* A listener at ::1 with the port of one at BASE: another port, if somebody has that one there. */
static int listen_at_both(int *base, uint16_t *port) {
    for (;;) {
        *port = 0;
        *base = listen_at(BASE, port, 8);
        const int other = try_to_listen_at("::1", port, 8);
        if (other >= 0)
            return other;
        assert_int_equal(errno, EADDRINUSE);
        close(*base);
    }
}

static void after_one_family_the_other_has_its_turn(void **state) {
    uint16_t port;
    int same;
    if (!has_ipv6())
        skip();
    const int other = listen_at_both(&same, &port);
    struct silent silent = be_silent_at("127.0.0.3", port);
    answer_with(3, (const char *[]){"127.0.0.3", BASE, "::1"});
    expect_connected(state, port, 0, "::1");
    close_silent(&silent);
    close(same);
    close(other);
}

static void when_all_fail_the_error_is_that_of_the_last(void **state) {
    uint16_t port = 0;
    const int listener = listen_at(BASE, &port, 8);
    answer_with(2, (const char *[]){"127.0.0.5", "127.0.0.6"});
    expect_connected(state, port, -ECONNREFUSED, "");
    close(listener);
}

static void errors_of_the_lookup_are_its_own(void **state) {
    answer_with(0, NULL);
    answer.error = EAI_NONAME;
    expect_connected(state, 1, -ENOENT, "");
    answer.error = EAI_AGAIN;
    expect_connected(state, 1, -EAGAIN, "");
    answer.error = EAI_FAIL;
    expect_connected(state, 1, -EIO, "");
    answer.error = EAI_MEMORY;
    expect_connected(state, 1, -ENOMEM, "");
}

static void dropped_while_it_connects_it_leaves_nothing_open(void **state) {
    struct cmio_executor *executor = new_executor(state);
    uint16_t port = 0;
    const int listener = listen_at(BASE, &port, 8);
    struct silent silent = be_silent_at("127.0.0.3", port);
    answer_with(3, (const char *[]){"127.0.0.3", "127.0.0.3", "127.0.0.3"});
    /* At different points: at once, during the lookup, with one and with more connects in progress. */
    for (int64_t wait = 0; wait <= 600 * CMIO_MILLISECOND; wait += 200 * CMIO_MILLISECOND) {
        struct cmio_connect_name_future connect;
        struct cmio_timeout_future timeout;
        struct cmio_tcp_stream stream;
        struct cmio_io io;
        TEST_OK(cmio_connect_name_future_init(&connect, &io, &stream, "a.host", port));
        TEST_OK(cmio_timeout_future_init(&timeout, &connect.future, wait));
        TEST_FAILS(cmio_block_on(executor, &timeout.future), -ETIMEDOUT);
        TEST_OK(cmio_io_close(&io));
        TEST_OK(cmio_tcp_stream_close(&stream));
    }
    close_silent(&silent);
    close(listener);
    /* Waits for the lookups: the next test says what they answer. */
    TEST_OK(cmio_executor_shutdown(executor, CMIO_FOREVER));
    cmio_executor_free(executor);
}

static void misuse_is_refused(void **state) {
    (void)state;
    struct cmio_connect_name_future connect;
    struct cmio_tcp_stream stream;
    struct cmio_io io;
    TEST_FAILS(cmio_connect_name_future_init(NULL, &io, &stream, "a", 1), -EINVAL);
    TEST_FAILS(cmio_connect_name_future_init(&connect, NULL, &stream, "a", 1), -EINVAL);
    TEST_FAILS(cmio_connect_name_future_init(&connect, &io, NULL, "a", 1), -EINVAL);
    TEST_FAILS(cmio_connect_name_future_init(&connect, &io, &stream, NULL, 1), -EINVAL);
    TEST_FAILS(cmio_connect_name_future_init(&connect, &io, &stream, "", 1), -EINVAL);
    cmio_future_drop(NULL);
}

static const int none = CMIO_CURRENT_THREAD, four = 4;

#define ROWS(test) TEST_ROW(none, test, &none), TEST_ROW(four, test, &four)

/* The last: of all that the tests before it asked for. */
static void every_answer_of_the_resolver_is_given_back(void **state) {
    (void)state;
    TEST_EVENTUALLY(atomic_load(&outstanding) == 0);
}

static const struct CMUnitTest tests[] = {
    ROWS(the_first_address_is_taken),
    ROWS(after_a_refusal_the_next_address_is_tried),
    ROWS(an_address_that_does_not_answer_is_overtaken),
    ROWS(after_one_family_the_other_has_its_turn),
    ROWS(when_all_fail_the_error_is_that_of_the_last),
    ROWS(errors_of_the_lookup_are_its_own),
    ROWS(dropped_while_it_connects_it_leaves_nothing_open),
    cmocka_unit_test(misuse_is_refused),
    cmocka_unit_test(every_answer_of_the_resolver_is_given_back),
};

TEST_GROUP(async_connect_name, tests)
