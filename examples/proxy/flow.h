/* SPDX-License-Identifier: MIT */
#ifndef PROXY_FLOW_H
#define PROXY_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "proxy/stream.h"

enum { FLOW_SIZE = 64 * 1024 };

/*
 * One direction: bytes are read from one stream and written to another, never more than a buffer
 * ahead. All zeros is the initial state.
 */
struct flow {
    size_t begin, end; /* the bytes still to be written */
    bool ended;        /* the source has ended */
    bool over;         /* and the destination was told */
    char buffer[FLOW_SIZE];
};

/*
 * Reads, writes all of it, and reads again. Unwritten bytes stop further reading, so a slow side
 * slows the other down, through the kernel's buffers, and costs no memory. Returns -EAGAIN if there
 * is nothing to do before the next event, 0 if the turn is over and the flow could go on, or the
 * error.
 */
ssize_t flow_run(struct flow *flow, struct stream *from, struct stream *to);

#endif
