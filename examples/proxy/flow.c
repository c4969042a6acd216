/* SPDX-License-Identifier: MIT */
#include "proxy/flow.h"

#include <errno.h>

enum { STEPS_A_TURN = 32 }; /* a read or a write each */

static ssize_t flow_write(struct flow *flow, struct stream *to) {
    ssize_t n = stream_write(to, flow->buffer + flow->begin, flow->end - flow->begin);
    if (n > 0)
        flow->begin += (size_t)n;
    return n;
}

static ssize_t flow_read(struct flow *flow, struct stream *from) {
    ssize_t n = stream_read(from, flow->buffer, FLOW_SIZE);
    flow->begin = 0;
    flow->end = n > 0 ? (size_t)n : 0;
    flow->ended = n == 0;
    return n;
}

ssize_t flow_run(struct flow *flow, struct stream *from, struct stream *to) {
    ssize_t n = 0;
    for (int step = 0; step < STEPS_A_TURN && n >= 0; step++) {
        if (flow->begin < flow->end) {
            n = flow_write(flow, to);
        } else if (!flow->ended) {
            n = flow_read(flow, from);
        } else if (!flow->over) {
            n = stream_finish(to);
            flow->over = true;
        } else {
            n = -EAGAIN;
        }
    }
    return n < 0 ? n : 0;
}
