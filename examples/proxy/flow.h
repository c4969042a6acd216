/* SPDX-License-Identifier: MIT */
#ifndef PROXY_FLOW_H
#define PROXY_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/stream.h"

enum { FLOW_SIZE = 64 * 1024 };

/*
 * What goes one way: read from one stream, written to another, never more than a buffer ahead. A
 * flow of zeros is at its beginning.
 */
struct flow {
    size_t begin, end; /* what was read and is still to be written */
    bool ended;        /* there is no more to read */
    bool over;         /* and the reader of it was told */
    char buffer[FLOW_SIZE];
};

/*
 * Reads, writes all of it, reads again. What is not written keeps the next from being read, so a
 * side that is slow slows the other down, through the kernel's buffers, and costs no memory.
 * Returns -EAGAIN when there is nothing to do before the next event, 0 when the flow has had its
 * turn and could go on, or what failed.
 */
ssize_t flow_run(struct flow *flow, struct stream *from, struct stream *to);

#endif
