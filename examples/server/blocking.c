/* SPDX-License-Identifier: MIT */
#include "server/blocking.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmio/address.h>
#include <cmio/error.h>
#include <cmio/time.h>

#include "http/request.h"
#include "http/response.h"
#include "server/stop.h"

/* Where the system cannot tell a client that left from one that is silent, it is not told. */
#ifndef POLLRDHUP
#define POLLRDHUP 0
#endif

/* Systems without it have SIGPIPE ignored by blocking_server_start(). */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

static const int64_t accept_pause = 100 * CMIO_MILLISECOND;
static const int64_t linger_time = 2 * CMIO_SECOND;

/* One connection, and the request on it that is being served. */
struct conversation {
    struct blocking_server *server;
    int fd;
    bool greeted;  /* a request was answered already */
    int64_t since; /* when the head of the request was complete, 0 before that */
    struct http_request request;
    struct http_date date;
    struct http_response response;
    size_t begin, end; /* what of received was not used yet */
    char received[4096];
};

/* ---- Waiting ---- */

static int64_t deadline_after(int64_t timeout) {
    return timeout == 0 ? CMIO_FOREVER : cmio_now() + timeout;
}

static int64_t earlier(int64_t a, int64_t b) {
    return a == CMIO_FOREVER || (b != CMIO_FOREVER && b < a) ? b : a;
}

/* For poll(2): rounded up, so that it never ends early. */
static int milliseconds_until(int64_t deadline) {
    if (deadline == CMIO_FOREVER)
        return -1;
    int64_t left = deadline - cmio_now();
    int64_t milliseconds = (left + CMIO_MILLISECOND - 1) / CMIO_MILLISECOND;
    return left <= 0 ? 0 : milliseconds < INT_MAX ? (int)milliseconds : INT_MAX;
}

/*
 * Waits until the descriptor is ready, and says whether it is: not when the deadline has passed
 * first. Once a signal said to stop, an idle wait is over, and any other ends with the grace.
 */
static bool wait_for(int fd, short events, int64_t deadline, bool idle) {
    for (;;) {
        int64_t stop = stop_deadline();
        bool stopping = stop != CMIO_FOREVER;
        int64_t until = !stopping ? deadline : idle ? 0 : earlier(deadline, stop);
        struct pollfd waits[] = {
            {.fd = fd, .events = events},
            {.fd = stopping ? -1 : stop_fd(), .events = POLLIN},
        };
        int n = poll(waits, 2, milliseconds_until(until));
        if (waits[0].revents != 0 || (n < 0 && errno != EINTR))
            return true; /* what is wrong, the call that follows will say */
        if (n == 0 && until != CMIO_FOREVER && cmio_now() >= until)
            return false;
    }
}

/* ---- Counting ---- */

static void count(struct blocking_server *server, uint64_t *counter) {
    pthread_mutex_lock(&server->lock);
    (*counter)++;
    pthread_mutex_unlock(&server->lock);
}

static void log_request(const struct conversation *talk, uint16_t status, size_t body_length) {
    if (talk->server->log.fd < 0)
        return;
    struct sockaddr_storage name;
    struct cmio_address peer;
    socklen_t length = sizeof name;
    bool known = getpeername(talk->fd, (struct sockaddr *)&name, &length) == 0 &&
                 cmio_address_from_sockaddr((struct sockaddr *)&name, length, &peer) == 0;
    access_log_write(&talk->server->log, known ? &peer : NULL, &talk->request, status, body_length,
                     talk->since == 0 ? 0 : cmio_now() - talk->since);
}

/* The client left with its request in flight, or was left. */
static void count_lost(struct conversation *talk) {
    if (talk->since == 0)
        return;
    int64_t stop = stop_deadline();
    bool cut_off = stop != CMIO_FOREVER && cmio_now() >= stop;
    struct statistics *statistics = &talk->server->statistics;
    count(talk->server, cut_off ? &statistics->cut_off : &statistics->left);
    log_request(talk, 0, 0);
}

/* ---- One request ---- */

/* Whether a call that does not wait has failed only for now. */
static bool may_try_again(void) {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static bool send_response(struct conversation *talk) {
    struct http_response *response = &talk->response;
    for (;;) {
        struct iovec parts[2];
        unsigned count = (unsigned)http_response_parts(response, parts);
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
        ssize_t n = sendmsg(talk->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && !may_try_again())
            return false;
        if (http_response_sent(response, n > 0 ? (size_t)n : 0))
            return true;
        if (!wait_for(talk->fd, POLLOUT, deadline_after(talk->server->options.idle_timeout), false))
            return false;
    }
}

/*
 * Waits for bytes: 1 when there are some, 0 when the client has sent its end, -1 when time is up.
 */
static int receive(struct conversation *talk, int64_t deadline) {
    bool idle = talk->request.stage == HTTP_STAGE_START;
    if (!wait_for(talk->fd, POLLIN, deadline, idle))
        return -1;
    ssize_t n = recv(talk->fd, talk->received, sizeof talk->received, MSG_DONTWAIT);
    talk->begin = 0;
    talk->end = n > 0 ? (size_t)n : 0;
    return n > 0 || (n < 0 && may_try_again()) ? 1 : 0;
}

/* The request has come to another stage: the new deadline for what is to come. */
static int64_t enter_stage(struct conversation *talk, int64_t deadline) {
    int64_t timeout = talk->server->options.header_timeout;
    if (talk->request.stage == HTTP_STAGE_HEAD)
        return talk->greeted ? deadline_after(timeout) : deadline;
    if (talk->since == 0)
        talk->since = cmio_now();
    if (talk->request.wants_continue && talk->request.stage == HTTP_STAGE_BODY) {
        http_response_make_continue(&talk->response);
        send_response(talk); /* if it fails, the body will not come */
    }
    return deadline_after(timeout);
}

/* Says whether there is a request to answer: one that arrived, or one that is too late. */
static bool receive_request(struct conversation *talk) {
    const struct options *options = &talk->server->options;
    int64_t deadline =
        deadline_after(talk->greeted ? options->idle_timeout : options->header_timeout);
    http_request_init(&talk->request, options->max_sleep_ms);
    talk->since = 0;
    for (;;) {
        uint8_t stage = talk->request.stage;
        talk->begin += http_request_feed(&talk->request, talk->received + talk->begin,
                                         talk->end - talk->begin);
        if (talk->request.stage != stage)
            deadline = enter_stage(talk, deadline);
        if (talk->request.stage == HTTP_STAGE_COMPLETE)
            return true;
        int arrived = talk->begin < talk->end ? 1 : receive(talk, deadline);
        if (arrived == 0)
            return false;
        if (arrived < 0)
            break;
    }
    if (talk->request.stage == HTTP_STAGE_START &&
        (talk->greeted || stop_deadline() != CMIO_FOREVER))
        return false;
    http_request_refuse(&talk->request, 408);
    return true;
}

/*
 * Says whether the sleep was slept: not if the client left, or the grace was over, before its end.
 */
static bool sleep_through(struct conversation *talk) {
    if (talk->request.status != 200 || talk->request.sleep_ms == 0)
        return true;
    int64_t end = talk->since + talk->request.sleep_ms * CMIO_MILLISECOND;
    return !wait_for(talk->fd, POLLRDHUP, end, false) && cmio_now() >= end;
}

/* Serves one request. Says whether another may follow. */
static bool serve_request(struct conversation *talk) {
    if (!receive_request(talk))
        return false;
    if (!sleep_through(talk)) {
        count_lost(talk);
        return false;
    }
    bool close = !talk->request.keep_alive || stop_deadline() != CMIO_FOREVER;
    http_response_make(&talk->response, &talk->request, &talk->server->page, &talk->date, close);
    if (!send_response(talk)) {
        count_lost(talk);
        return false;
    }
    count(talk->server, &talk->server->statistics.answered);
    if (talk->request.status != 200)
        count(talk->server, &talk->server->statistics.refused);
    log_request(talk, talk->request.status, talk->response.body_length);
    talk->greeted = true;
    return !close;
}

/* ---- One connection ---- */

/*
 * To close a socket that holds unread bytes is to reset the connection, and a reset may destroy the
 * response before the client has read it. So say that we are done, and read on until the client is
 * too: RFC 9112, 9.6.
 */
static void linger(struct conversation *talk) {
    bool likely = talk->request.status != 200 || talk->begin < talk->end;
    if (!likely || shutdown(talk->fd, SHUT_WR) < 0)
        return;
    int64_t deadline = cmio_now() + linger_time;
    while (cmio_now() < deadline && receive(talk, deadline) > 0)
        continue;
}

void blocking_server_serve(struct blocking_server *server, int fd) {
    struct conversation talk = {.server = server, .fd = fd};
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    count(server, &server->statistics.connections);
    while (serve_request(&talk))
        continue;
    linger(&talk);
    close(fd);
}

/* ---- The server ---- */

int blocking_server_accept(struct blocking_server *server) {
    while (stop_deadline() == CMIO_FOREVER) {
        if (!wait_for(server->listener, POLLIN, CMIO_FOREVER, true))
            return -1;
        int fd = accept(server->listener, NULL, NULL);
        if (fd >= 0)
            return fd;
        /* No descriptor: the connection stays where it is, and we try again after a moment. */
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            wait_for(-1, 0, cmio_now() + accept_pause, true);
    }
    return -1;
}

/* What listens never blocks, as the one it is ready for may leave before it is accepted. */
static int listen_on(const struct cmio_address *address) {
    socklen_t length;
    const struct sockaddr *name = cmio_address_sockaddr(address, &length);
    const int on = 1;
    int fd = socket(cmio_address_family(address), SOCK_STREAM, 0);
    if (fd < 0)
        return -errno;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(fd, name, length) < 0 || listen(fd, SOMAXCONN) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

static void announce(const struct blocking_server *server) {
    struct sockaddr_storage name;
    struct cmio_address address;
    socklen_t length = sizeof name;
    char text[CMIO_ADDRESS_TEXT_MAX] = "";
    getsockname(server->listener, (struct sockaddr *)&name, &length);
    if (cmio_address_from_sockaddr((struct sockaddr *)&name, length, &address) == 0)
        cmio_address_format(&address, text, sizeof text);
    printf("listening on http://%s\n", text);
    fflush(stdout);
}

static int complain(const char *program, const char *what, int code) {
    fprintf(stderr, "%s: %s: %s\n", program, what, cmio_strerror(code));
    return EXIT_RUNTIME;
}

static int complain_of_address(const char *program, const struct cmio_address *address, int code) {
    char text[CMIO_ADDRESS_TEXT_MAX], what[CMIO_ADDRESS_TEXT_MAX + 32];
    cmio_address_format(address, text, sizeof text);
    snprintf(what, sizeof what, "cannot listen on %s", text);
    return complain(program, what, code);
}

int blocking_server_start(struct blocking_server *server, const char *program, const char *summary,
                          int argc, char **argv) {
    *server = (struct blocking_server){.lock = PTHREAD_MUTEX_INITIALIZER};
    struct options *options = &server->options;
    int result = options_parse(options, OPTIONS_BLOCKING, program, summary, argc, argv);
    if (result >= 0)
        return result;
    signal(SIGPIPE, SIG_IGN);
    result = http_page_load(options->page, &server->page);
    if (result < 0)
        return complain(program, options->page, result);
    result = access_log_open(&server->log, options->log);
    if (result < 0)
        return complain(program, options->log, result);
    server->listener = listen_on(&options->address);
    if (server->listener < 0)
        return complain_of_address(program, &options->address, server->listener);
    result = stop_init(options->grace);
    if (result < 0)
        return complain(program, "cannot listen to signals", result);
    announce(server);
    return -1;
}

void blocking_server_stop_listening(struct blocking_server *server) {
    close(server->listener);
}

void blocking_server_end(struct blocking_server *server) {
    statistics_print(&server->statistics);
    access_log_close(&server->log);
    http_page_free(&server->page);
}
