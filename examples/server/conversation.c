/* SPDX-License-Identifier: MIT */
#include "server/conversation.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cmio/address.h>
#include <cmio/time.h>

#include "server/hangup.h"
#include "server/stop.h"

const int64_t conversation_linger_time = 2 * CMIO_SECOND;

/* ---- Time ---- */

int64_t deadline_after(int64_t timeout) {
    return timeout == 0 ? CMIO_FOREVER : cmio_now() + timeout;
}

static int64_t earlier(int64_t a, int64_t b) {
    return a == CMIO_FOREVER || (b != CMIO_FOREVER && b < a) ? b : a;
}

int64_t conversation_limit(int64_t deadline, bool idle) {
    int64_t stop = stop_deadline();
    if (stop == CMIO_FOREVER)
        return deadline;
    return idle ? 0 : earlier(deadline, stop);
}

/* ---- A request ---- */

void conversation_open(struct conversation *talk, struct service *service, int fd) {
    const int on = 1;
    *talk = (struct conversation){.service = service, .fd = fd};
    /* Answers to pipelined requests must not wait for each other's acknowledgement. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    service_count(service, &service->statistics.connections);
}

void conversation_expect(struct conversation *talk) {
    const struct options *options = &talk->service->options;
    talk->deadline =
        deadline_after(talk->greeted ? options->idle_timeout : options->header_timeout);
    talk->since = 0;
    http_request_init(&talk->request, options->max_sleep_ms);
    request_line_free(&talk->line);
}

bool conversation_is_idle(const struct conversation *talk) {
    return talk->request.stage == HTTP_STAGE_START;
}

bool conversation_received(struct conversation *talk, ssize_t count) {
    talk->begin = 0;
    talk->end = count > 0 ? (uint32_t)count : 0;
    return count > 0 || count == -EAGAIN || count == -EWOULDBLOCK || count == -EINTR;
}

/* The request has reached another stage. Sets the deadline for the next bytes. */
static enum conversation_step enter_stage(struct conversation *talk) {
    int64_t timeout = talk->service->options.header_timeout;
    if (talk->request.stage == HTTP_STAGE_HEAD) {
        if (talk->greeted) /* the time of the first request began with the connection */
            talk->deadline = deadline_after(timeout);
        return CONVERSATION_RECEIVE;
    }
    if (talk->since == 0)
        talk->since = cmio_now();
    talk->deadline = deadline_after(timeout);
    if (talk->request.stage == HTTP_STAGE_COMPLETE)
        return CONVERSATION_ANSWER;
    if (!talk->request.wants_continue)
        return CONVERSATION_RECEIVE;
    http_response_make_continue(&talk->buffers->response);
    return CONVERSATION_SEND;
}

enum conversation_step conversation_feed(struct conversation *talk) {
    enum conversation_step step = CONVERSATION_RECEIVE;
    while (talk->begin < talk->end && step == CONVERSATION_RECEIVE) {
        uint8_t stage = talk->request.stage;
        const char *bytes = talk->buffers->received + talk->begin;
        if (talk->service->log.lines != NULL)
            request_line_feed(&talk->line, bytes, talk->end - talk->begin);
        talk->begin += (uint32_t)http_request_feed(&talk->request, bytes, talk->end - talk->begin);
        if (talk->request.stage != stage)
            step = enter_stage(talk);
    }
    return step;
}

bool conversation_refuses_late(struct conversation *talk) {
    if (conversation_is_idle(talk) && (talk->greeted || stop_deadline() != CMIO_FOREVER))
        return false;
    http_request_refuse(&talk->request, 408);
    return true;
}

int64_t conversation_sleep_end(const struct conversation *talk) {
    const struct http_request *request = &talk->request;
    if (request->status != 200 || request->sleep_ms == 0)
        return 0;
    return talk->since + request->sleep_ms * CMIO_MILLISECOND;
}

/* ---- Its answer, and what is counted ---- */

static void log_request(const struct conversation *talk, uint16_t status, size_t body_length) {
    hangup_report();
    if (talk->service->log.lines == NULL)
        return;
    struct sockaddr_storage name;
    struct cmio_address peer;
    socklen_t length = sizeof name;
    bool known = getpeername(talk->fd, (struct sockaddr *)&name, &length) == 0 &&
                 cmio_address_from_sockaddr((struct sockaddr *)&name, length, &peer) == 0;
    access_log_write(&talk->service->log, known ? &peer : NULL, &talk->line, status, body_length,
                     talk->since == 0 ? 0 : cmio_now() - talk->since);
}

void conversation_answer(struct conversation *talk) {
    talk->closing = !talk->request.keep_alive || stop_deadline() != CMIO_FOREVER;
    http_response_make(&talk->buffers->response, &talk->request, &talk->service->page, &talk->date,
                       talk->closing);
}

void conversation_answered(struct conversation *talk) {
    struct statistics *statistics = &talk->service->statistics;
    service_count(talk->service, &statistics->answered);
    if (talk->request.status != 200)
        service_count(talk->service, &statistics->refused);
    log_request(talk, talk->request.status, talk->buffers->response.body_length);
    talk->greeted = true;
}

void conversation_lost(const struct conversation *talk) {
    if (talk->since == 0)
        return;
    int64_t stop = stop_deadline();
    bool cut_off = stop != CMIO_FOREVER && cmio_now() >= stop;
    struct statistics *statistics = &talk->service->statistics;
    service_count(talk->service, cut_off ? &statistics->cut_off : &statistics->left);
    log_request(talk, 0, 0);
}

bool conversation_lingers(const struct conversation *talk) {
    bool likely = talk->request.status != 200 || talk->begin < talk->end;
    return likely && shutdown(talk->fd, SHUT_WR) == 0;
}

void conversation_close(struct conversation *talk) {
    request_line_free(&talk->line);
}
