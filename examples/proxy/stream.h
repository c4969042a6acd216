/* SPDX-License-Identifier: MIT */
#ifndef PROXY_STREAM_H
#define PROXY_STREAM_H

/*
 * Streams and listeners that are TCP or Unix ones, as their address says: what cmio keeps apart by
 * type, for a program to which it is all the same. All return what cmio's functions do.
 */

#include <stddef.h>
#include <sys/types.h>

#include <cmio/cmio.h>

struct stream {
    int family; /* AF_UNIX, or one of TCP's */
    union {
        struct cmio_source source; /* what both begin with, and what is registered */
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
 * Listens, also where an earlier process left its socket file. Sets address to what it became: port
 * 0 is a port then.
 */
int listener_bind(struct listener *listener, struct cmio_address *address);
int listener_accept(struct listener *listener, struct stream *out);

/* Removes the socket file too. */
void listener_close(struct listener *listener);

int stream_connect(struct stream *stream, const struct cmio_address *address);
int stream_finish_connect(struct stream *stream);
ssize_t stream_read(struct stream *stream, void *buffer, size_t length);
ssize_t stream_write(struct stream *stream, const void *buffer, size_t length);

/* Says that no more will be written; what was still goes. */
int stream_finish(struct stream *stream);
void stream_close(struct stream *stream);

/* Closes so that the peer knows that something is missing, where that can be told: TCP's reset. */
void stream_abort(struct stream *stream);

#endif
