/* SPDX-License-Identifier: MIT */

/*
 * nghttp2 on streams of cmio: a server for HTTP/2 without TLS.
 *
 *     nghttp2
 *     curl --http2-prior-knowledge http://127.0.0.1:PORT/300000
 *
 * answers with as many bytes as the path demands. Byte number n is the letter 'a' + n % 23.
 */

#include <errno.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "check.h"
#include "server.h"

/* ---- The adapter ---- */

static const cmio_interest both = CMIO_READABLE | CMIO_WRITABLE;

/*
 * nghttp2 does no I/O. It takes the bytes that were read, and returns bytes to write. So the edges
 * of cmio's own streams are enough.
 */
struct session {
    struct cmio_tcp_stream stream;
    nghttp2_session *nghttp2;
    const uint8_t *data; /* nghttp2's, still to be written */
    size_t length;
    int rounds; /* reads and writes left in this turn */
};

enum { ROUNDS_A_TURN = 64 };

/* Writes until nghttp2 has no more bytes, the stream takes no more, or the turn is over. */
static int session_write(struct session *session) {
    for (; session->rounds > 0; session->rounds--) {
        if (session->length == 0) {
            ssize_t given = nghttp2_session_mem_send(session->nghttp2, &session->data);
            if (given <= 0)
                return given < 0 ? -EPROTO : 0;
            session->length = (size_t)given;
        }
        ssize_t n = cmio_tcp_stream_write(&session->stream, session->data, session->length);
        if (n < 0)
            return n == -EAGAIN ? 0 : (int)n;
        session->data += n;
        session->length -= (size_t)n;
    }
    return 0;
}

/*
 * Reads once. Returns how much, 0 if there is nothing now, or a negative errno. It reads nothing
 * while bytes must still be written, so a client that does not read cannot make us hold more.
 */
static int session_read(struct session *session) {
    uint8_t buffer[16 * 1024];
    if (session->length > 0 || session->rounds-- <= 0)
        return 0;
    ssize_t n = cmio_tcp_stream_read(&session->stream, buffer, sizeof buffer);
    if (n == -EAGAIN)
        return 0;
    if (n <= 0)
        return n < 0 ? (int)n : -ECONNRESET; /* the end */
    return nghttp2_session_mem_recv(session->nghttp2, buffer, (size_t)n) < 0 ? -EPROTO : (int)n;
}

/*
 * Goes on until the stream has to wait. Returns 0; or 1 if others should have their turn, in which
 * case the stream must be reregistered; or a negative errno at the end of the session.
 */
static int session_on_event(struct session *session) {
    session->rounds = ROUNDS_A_TURN;
    int result = session_write(session), count = 1;
    while (result == 0 && count > 0) {
        count = session_read(session);
        result = count < 0 ? count : session_write(session);
    }
    if (result == 0 && !nghttp2_session_want_read(session->nghttp2) &&
        !nghttp2_session_want_write(session->nghttp2))
        return -ECONNRESET; /* nghttp2 has ended the session */
    return result == 0 && session->rounds <= 0 ? 1 : result;
}

/* Call session_close() in any case. */
static int session_open(struct session *session, struct cmio_poll *poll, cmio_token token,
                        const nghttp2_session_callbacks *callbacks) {
    static const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100}};
    if (nghttp2_session_server_new(&session->nghttp2, callbacks, session) != 0 ||
        nghttp2_submit_settings(session->nghttp2, NGHTTP2_FLAG_NONE, settings, 1) != 0)
        return -ENOMEM;
    return cmio_poll_register(poll, &session->stream.source, token, both);
}

static void session_close(struct session *session) {
    nghttp2_session_del(session->nghttp2);
    (void)cmio_tcp_stream_close(&session->stream);
}

/* ---- The program ---- */

struct client {
    struct session session; /* the first member: nghttp2's callbacks get its address */
    struct link link;
    struct link *requests;
};

/* A request and the answer to it. */
struct request {
    struct link link;
    size_t begin, end; /* of the answer; begin is how much of it nghttp2 has taken */
};

static nghttp2_session_callbacks *callbacks;
static int requests_answered;

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    struct client *client = user;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets only this stream */
    link_in(&client->requests, &request->link, request);
    return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, request);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags,
                     void *user) {
    struct request *request = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    (void)flags;
    (void)user;
    bool is_path = name_length == 5 && memcmp(name, ":path", 5) == 0;
    if (request != NULL && is_path && value_length > 0) /* nghttp2 ends values with a NUL */
        request->end = strtoul((const char *)value + 1, NULL, 10);
    return 0;
}

static ssize_t on_data_wanted(nghttp2_session *session, int32_t stream, uint8_t *buffer,
                              size_t length, uint32_t *flags, nghttp2_data_source *source,
                              void *user) {
    struct request *request = source->ptr;
    size_t left = request->end - request->begin;
    (void)session;
    (void)stream;
    (void)user;
    if (left <= length) {
        length = left;
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    for (size_t i = 0; i < length; i++)
        buffer[i] = (uint8_t)('a' + request->begin++ % 23);
    return (ssize_t)length;
}

static int answer(nghttp2_session *session, int32_t stream, struct request *request) {
    static char status[] = ":status", ok[] = "200";
    const nghttp2_nv headers[] = {{(uint8_t *)status, (uint8_t *)ok, 7, 3, NGHTTP2_NV_FLAG_NONE}};
    nghttp2_data_provider provider = {.source.ptr = request, .read_callback = on_data_wanted};
    requests_answered++;
    return nghttp2_submit_response(session, stream, headers, 1, &provider);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    struct request *request = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    (void)user;
    bool is_end = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
                  (frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    return is_end && request != NULL ? answer(session, frame->hd.stream_id, request) : 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t code, void *user) {
    (void)code;
    (void)user;
    struct request *request = nghttp2_session_get_stream_user_data(session, stream);
    if (request != NULL) {
        link_out(&request->link);
        free(request);
    }
    return 0;
}

/* nghttp2 does not close the streams of a deleted session, so their requests are freed here. */
static void client_free(void *freed) {
    struct client *client = freed;
    link_out(&client->link);
    session_close(&client->session);
    for (struct link *link = client->requests, *next; link != NULL; link = next) {
        next = link->next;
        free(link->owner);
    }
    free(client);
}

static void client_new(struct server *server) {
    struct client *client = calloc(1, sizeof *client);
    CHECK(client != NULL);
    link_in(&server->clients, &client->link, client);
    int result = cmio_tcp_listener_accept(&server->listener, &client->session.stream, NULL);
    if (result == 0)
        result = session_open(&client->session, server->poll, (cmio_token)client, callbacks);
    if (result < 0)
        client_free(client);
}

static void client_on_event(struct server *server, void *ready) {
    struct client *client = ready;
    int result = session_on_event(&client->session);
    if (result > 0)
        result = cmio_poll_reregister(server->poll, &client->session.stream.source,
                                      (cmio_token)client, both);
    if (result < 0)
        client_free(client);
}

static void make_callbacks(void) {
    CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
}

int main(void) {
    struct server server = {
        .on_listener = client_new, .on_client = client_on_event, .free_client = client_free};
    make_callbacks();
    server_open(&server);
    server_run(&server);
    printf("%d requests\n", requests_answered);
    server_close(&server);
    nghttp2_session_callbacks_del(callbacks);
    return EXIT_SUCCESS;
}
