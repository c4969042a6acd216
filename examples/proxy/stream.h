/* SPDX-License-Identifier: MIT */
#ifndef PROXY_STREAM_H
#define PROXY_STREAM_H

/*
 * Streams and listeners that are TCP or Unix ones, depending on their address. cmio has separate
 * types for these; this is for a program that treats them alike. All functions return the results
 * of cmio's functions.
 */

#include <stddef.h>
#include <sys/types.h>

#include <cmio/cmio.h>

struct stream {
    int family; /* AF_UNIX, or one of TCP's */
    union {
        struct cmio_source source; /* the first member of both; this is registered */
        struct cmio_tcp_stream tcp;
        struct cmio_unix_stream local;
    } as;
};

struct listener {
    int family;
    union {
        struct cmio_source source;
        struct cmio_tcp_listener tcp;
        struct cmio_unix_listener local;
    } as;
};

/*
 * Listens, even if an earlier process left its socket file. Sets address to the actual one, in
 * which port 0 is replaced.
 */
int listener_bind(struct listener *listener, struct cmio_address *address);
int listener_accept(struct listener *listener, struct stream *out);

/* Removes the socket file too. */
void listener_close(struct listener *listener);

int stream_connect(struct stream *stream, const struct cmio_address *address);
int stream_finish_connect(struct stream *stream);
ssize_t stream_read(struct stream *stream, void *buffer, size_t length);
ssize_t stream_write(struct stream *stream, const void *buffer, size_t length);

/* Ends writing. Bytes that were written are still delivered. */
int stream_finish(struct stream *stream);
void stream_close(struct stream *stream);

/* Closes and tells the peer that bytes are missing, with a TCP reset. A Unix stream cannot tell. */
void stream_abort(struct stream *stream);

#endif
