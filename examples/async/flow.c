/* SPDX-License-Identifier: MIT */
#include "async/flow.h"

static enum cmio_future_state run_flow(struct cmio_coroutine *coroutine,
                                       struct cmio_context *context) {
    struct flow *flow = (struct flow *)coroutine;
    CMIO_BEGIN(coroutine, context);
    for (;;) {
        (void)cmio_read_future_init(&flow->read, flow->from, flow->bytes, sizeof flow->bytes);
        CMIO_AWAIT(&flow->read.future);
        *flow->moved = cmio_now();
        if (flow->read.future.result < 0)
            CMIO_RETURN(flow->read.future.result);
        if (flow->read.future.result == 0)
            break;
        (void)cmio_write_all_future_init(&flow->write, flow->to, flow->bytes,
                                         (size_t)flow->read.future.result);
        CMIO_AWAIT(&flow->write.future);
        *flow->moved = cmio_now();
        if (flow->write.future.result < 0)
            CMIO_RETURN(flow->write.future.result);
    }
    (void)cmio_shutdown_future_init(&flow->shutdown, flow->to);
    CMIO_AWAIT(&flow->shutdown.future);
    CMIO_RETURN(flow->shutdown.future.result);
    CMIO_END;
}

struct cmio_future *flow_start(struct flow *flow, struct cmio_io *from, struct cmio_io *to,
                               int64_t *moved) {
    *flow = (struct flow){.from = from, .to = to, .moved = moved};
    (void)cmio_coroutine_init(&flow->coroutine, run_flow);
    return &flow->coroutine.future;
}
