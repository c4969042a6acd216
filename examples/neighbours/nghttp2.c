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
#include <signal.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "check.h"

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

enum { TOKEN_LISTENER, TOKEN_SIGNALS };

struct client {
    struct session session; /* the first member: nghttp2's callbacks get its address */
    struct client *next, **link;
    struct request *requests;
};

/* A request and the answer to it. */
struct request {
    struct request *next, **link;
    size_t begin, end; /* of the answer; begin is how much of it nghttp2 has taken */
};

static struct server {
    struct cmio_poll *poll;
    struct cmio_events *events;
    struct cmio_signals signals;
    struct cmio_tcp_listener listener;
    nghttp2_session_callbacks *callbacks;
    struct client *clients;
    int requests;
} server;

static void request_free(struct request *request) {
    *request->link = request->next;
    if (request->next != NULL)
        request->next->link = request->link;
    free(request);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user) {
    struct client *client = user;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* resets only this stream */
    request->next = client->requests;
    request->link = &client->requests;
    if (request->next != NULL)
        request->next->link = &request->next;
    client->requests = request;
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
    server.requests++;
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
    if (request != NULL)
        request_free(request);
    return 0;
}

/* nghttp2 does not close the streams of a deleted session, so their requests are freed here. */
static void client_free(struct client *client) {
    *client->link = client->next;
    if (client->next != NULL)
        client->next->link = client->link;
    session_close(&client->session);
    for (struct request *request = client->requests, *next; request != NULL; request = next) {
        next = request->next;
        free(request);
    }
    free(client);
}

static void client_new(void) {
    struct client *client = calloc(1, sizeof *client);
    CHECK(client != NULL);
    client->next = server.clients;
    client->link = &server.clients;
    if (client->next != NULL)
        client->next->link = &client->next;
    server.clients = client;
    int result = cmio_tcp_listener_accept(&server.listener, &client->session.stream, NULL);
    if (result == 0)
        result = session_open(&client->session, server.poll, (cmio_token)client, server.callbacks);
    if (result < 0)
        client_free(client);
}

static void client_on_event(struct client *client) {
    int result = session_on_event(&client->session);
    if (result > 0)
        result = cmio_poll_reregister(server.poll, &client->session.stream.source,
                                      (cmio_token)client, both);
    if (result < 0)
        client_free(client);
}

/* The listener is level-triggered: one client per event. Returns whether the server goes on. */
static bool on_event(const struct cmio_event *event) {
    if (event->token == TOKEN_SIGNALS)
        return cmio_signals_next(&server.signals) <= 0;
    if (event->token == TOKEN_LISTENER)
        client_new();
    else
        client_on_event((struct client *)event->token);
    return true;
}

static void make_callbacks(void) {
    CHECK(nghttp2_session_callbacks_new(&server.callbacks) == 0);
    nghttp2_session_callbacks_set_on_begin_headers_callback(server.callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(server.callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(server.callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(server.callbacks, on_stream_close);
}

static void server_open(void) {
    static const int numbers[] = {SIGINT, SIGTERM};
    struct cmio_address address;
    make_callbacks();
    CHECK(cmio_poll_new(&server.poll) == 0 && cmio_events_new(&server.events, 64) == 0);
    CHECK(cmio_signals_init(&server.signals, numbers, 2) == 0);
    CHECK(cmio_poll_register(server.poll, &server.signals.source, TOKEN_SIGNALS, CMIO_READABLE) ==
          0);
    CHECK(cmio_address_parse("127.0.0.1:0", &address) == 0);
    CHECK(cmio_tcp_listener_bind(&server.listener, &address, NULL) == 0);
    CHECK(cmio_poll_register(server.poll, &server.listener.source, TOKEN_LISTENER,
                             CMIO_READABLE | CMIO_LEVEL) == 0);
    CHECK(cmio_tcp_listener_local_address(&server.listener, &address) == 0);
    printf("listening on 127.0.0.1:%u\n", (unsigned)cmio_address_port(&address));
    CHECK(fflush(stdout) == 0);
}

static void server_close(void) {
    for (struct client *client = server.clients, *next; client != NULL; client = next) {
        next = client->next;
        client_free(client);
    }
    (void)cmio_tcp_listener_close(&server.listener);
    (void)cmio_signals_close(&server.signals);
    nghttp2_session_callbacks_del(server.callbacks);
    cmio_events_free(server.events);
    cmio_poll_free(server.poll);
}

int main(void) {
    bool goes_on = true;
    server_open();
    while (goes_on) {
        int count = cmio_poll_wait(server.poll, server.events, CMIO_FOREVER);
        CHECK(count >= 0 || count == -EINTR);
        CMIO_EVENTS_FOREACH (event, server.events)
            goes_on = on_event(event) && goes_on;
    }
    printf("%d requests\n", server.requests);
    server_close();
    return EXIT_SUCCESS;
}
