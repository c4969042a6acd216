/* SPDX-License-Identifier: MIT */
/*
 * uv_tcp_t and uv_timer_t. libuv reads and writes by itself, with read(2) and write(2). It reads
 * without being asked, into the buffer that all share. uv_try_write() sends without memory; if
 * there is not enough room, uv_write() sends the rest.
 */
#include "http/http.h"

#include <uv.h>

struct client {
    struct http http;
    uv_tcp_t stream;
    uv_timer_t timer;
    uv_write_t *write; /* of a slow reader */
    uint32_t length;   /* of the current write; 0: none */
    uint32_t open;     /* how many of the two handles are open */
};

static uv_loop_t *loop;

static inline ssize_t http_send(struct http *http, const void *buffer, size_t length) {
    struct client *client = (struct client *)http;
    uv_buf_t piece = uv_buf_init((char *)(uintptr_t)buffer, (unsigned)length);
    const int count = uv_try_write((uv_stream_t *)&client->stream, &piece, 1);
    if (count >= 0)
        return count;
    errno = -count;
    return -1;
}

/* libuv reads by itself, so there is never more. */
static inline ssize_t http_receive(struct http *http, void *buffer, size_t length) {
    (void)http, (void)buffer, (void)length;
    errno = EAGAIN;
    return -1;
}

static void on_timer(uv_timer_t *timer) {
    (void)http_wake(timer->data);
}

static void http_sleep(struct http *http, uint32_t milliseconds) {
    BENCH_CHECK(uv_timer_start(&((struct client *)http)->timer, on_timer, milliseconds, 0) == 0);
}

static void on_close(uv_handle_t *handle) {
    struct client *client = handle->data;
    if (--client->open > 0)
        return;
    http_free(&client->http);
    free(client->write);
    free(client);
}

static void http_close(struct http *http) {
    struct client *client = (struct client *)http;
    uv_close((uv_handle_t *)&client->stream, on_close);
    uv_close((uv_handle_t *)&client->timer, on_close);
}

static void on_write(uv_write_t *write, int status) {
    struct client *client = write->data;
    const uint32_t length = client->length;
    client->length = 0;
    if (status == 0)
        (void)http_sent(&client->http, length);
    else if (!uv_is_closing((uv_handle_t *)&client->stream))
        http_close(&client->http);
}

static void write_later(struct client *client) {
    size_t length;
    const char *output = http_next_output(&client->http, &length);
    uv_buf_t piece = uv_buf_init((char *)(uintptr_t)output, (unsigned)length);
    if (client->write == NULL)
        client->write = malloc(sizeof *client->write);
    BENCH_CHECK(client->write != NULL);
    client->write->data = client;
    client->length = (uint32_t)length;
    BENCH_CHECK(uv_write(client->write, (uv_stream_t *)&client->stream, &piece, 1, on_write) == 0);
}

static void on_buffer(uv_handle_t *handle, size_t size, uv_buf_t *buffer) {
    (void)size;
    const size_t begin = http_begin_input(handle->data);
    *buffer = uv_buf_init(http_input + begin, (unsigned)(sizeof http_input - begin));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer) {
    struct http *http = stream->data;
    if (count > 0)
        (void)http_answer(http, (size_t)(buffer->base - http_input) + (size_t)count, 0);
    else if (count < 0)
        http_close(http);
}

static void http_watch(struct http *http) {
    struct client *client = (struct client *)http;
    if (http_wants_to_read(http))
        (void)uv_read_start((uv_stream_t *)&client->stream, on_buffer, on_read);
    else
        (void)uv_read_stop((uv_stream_t *)&client->stream);
    if (http_wants_to_write(http) && client->length == 0)
        write_later(client);
}

static void on_listener(uv_stream_t *listener, int status) {
    BENCH_CHECK(status == 0);
    struct client *client = calloc(1, sizeof *client);
    BENCH_CHECK(client != NULL && uv_tcp_init(loop, &client->stream) == 0 &&
                uv_timer_init(loop, &client->timer) == 0);
    client->stream.data = client->timer.data = client;
    client->open = 2;
    BENCH_CHECK(uv_accept(listener, (uv_stream_t *)&client->stream) == 0);
    BENCH_CHECK(uv_read_start((uv_stream_t *)&client->stream, on_buffer, on_read) == 0);
}

static void serve(int fd) {
    uv_tcp_t listener;
    loop = uv_default_loop();
    BENCH_CHECK(loop != NULL && uv_tcp_init(loop, &listener) == 0);
    BENCH_CHECK(uv_tcp_open(&listener, fd) == 0);
    BENCH_CHECK(uv_listen((uv_stream_t *)&listener, SOMAXCONN, on_listener) == 0);
    (void)uv_run(loop, UV_RUN_DEFAULT);
}
