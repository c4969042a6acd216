/* SPDX-License-Identifier: MIT */

/* A conversation as a function that waits: for threads, and for green threads. */

#include <errno.h>

#include <cmio/time.h>

#include "server/conversation.h"

struct serving {
    struct conversation talk;
    struct conversation_buffers buffers;
    const struct conversation_io *io;
    void *connection;
};

static bool send_response(struct serving *serving) {
    struct http_response *response = &serving->buffers.response;
    for (;;) {
        struct iovec parts[2];
        int count = http_response_parts(response, parts);
        ssize_t n = serving->io->write(serving->connection, parts, count);
        if (n < 0 && n != -EAGAIN && n != -EWOULDBLOCK && n != -EINTR)
            return false;
        if (http_response_sent(response, n > 0 ? (size_t)n : 0))
            return true;
        int64_t deadline = deadline_after(serving->talk.service->options.idle_timeout);
        if (!serving->io->wait(serving->connection, CONVERSATION_WAIT_WRITE, deadline, false))
            return false;
    }
}

/* Waits for bytes. Returns 1, or 0 if the client ended its stream, or -1 after the deadline. */
static int receive(struct serving *serving, int64_t deadline) {
    bool idle = conversation_is_idle(&serving->talk);
    if (!serving->io->wait(serving->connection, CONVERSATION_WAIT_READ, deadline, idle))
        return -1;
    char *received = serving->buffers.received;
    ssize_t n = serving->io->read(serving->connection, received, sizeof serving->buffers.received);
    return conversation_received(&serving->talk, n) ? 1 : 0;
}

/* Returns whether there is a request to answer: one that arrived, or one that is too late. */
static bool receive_request(struct serving *serving) {
    struct conversation *talk = &serving->talk;
    enum conversation_step step;
    conversation_expect(talk);
    while ((step = conversation_feed(talk)) != CONVERSATION_ANSWER) {
        if (step == CONVERSATION_SEND) {
            send_response(serving); /* if it fails, the body will not come */
            continue;
        }
        int arrived = receive(serving, talk->deadline);
        if (arrived == 0)
            return false;
        if (arrived < 0)
            return conversation_refuses_late(talk);
    }
    return true;
}

/* Returns whether the sleep reached its end before the client left or the grace was over. */
static bool sleep_through(struct serving *serving) {
    int64_t end = conversation_sleep_end(&serving->talk);
    if (end == 0)
        return true;
    return !serving->io->wait(serving->connection, CONVERSATION_WAIT_END, end, false) &&
           cmio_now() >= end;
}

/* Serves one request. Returns whether another may follow. */
static bool serve_request(struct serving *serving) {
    struct conversation *talk = &serving->talk;
    if (!receive_request(serving))
        return false;
    bool slept = sleep_through(serving);
    if (slept)
        conversation_answer(talk);
    if (!slept || !send_response(serving)) {
        conversation_lost(talk);
        return false;
    }
    conversation_answered(talk);
    return !talk->closing;
}

void conversation_serve(struct service *service, int fd, const struct conversation_io *io,
                        void *connection) {
    struct serving serving = {.io = io, .connection = connection};
    conversation_open(&serving.talk, service, fd);
    serving.talk.buffers = &serving.buffers;
    while (serve_request(&serving))
        continue;
    if (conversation_lingers(&serving.talk)) {
        int64_t deadline = cmio_now() + conversation_linger_time;
        while (cmio_now() < deadline && receive(&serving, deadline) > 0)
            continue;
    }
    conversation_close(&serving.talk);
}
