/* SPDX-License-Identifier: MIT */
#include "async/host.h"

#include <stdlib.h>

#include <cmio/async.h>

#include "async/acceptor.h"
#include "async/interrupt.h"
#include "common/backend.h"
#include "common/event_loop.h"

int host_complain(const char *what, int code) {
    (void)backend_complain(what, code);
    return EXIT_FAILURE;
}

/* ---- Until a signal comes ---- */

struct wait {
    struct cmio_coroutine coroutine;
    struct interrupt *interrupt;
    struct cmio_future *future;
};

/* A future that was polled in a task has to end in that task, so it is dropped here. */
static enum cmio_future_state run_wait(struct cmio_coroutine *coroutine,
                                       struct cmio_context *context) {
    struct wait *wait = (struct wait *)coroutine;
    CMIO_BEGIN(coroutine, context);
    CMIO_AWAIT(interrupt_or(wait->interrupt, wait->future));
    CMIO_RETURN(interrupt_number(wait->interrupt));
    CMIO_FINALLY;
    cmio_future_drop(wait->future);
    CMIO_END;
}

int host_wait(struct cmio_executor *executor, struct interrupt *interrupt,
              struct cmio_future *future) {
    struct wait wait = {.interrupt = interrupt, .future = future};
    (void)cmio_coroutine_init(&wait.coroutine, run_wait);
    ssize_t result = cmio_block_on(executor, &wait.coroutine.future);
    cmio_future_drop(&wait.coroutine.future); /* in case it was never run */
    return (int)result;
}

/* ---- A server ---- */

struct host {
    struct cmio_executor *executor;
    struct interrupt interrupt;
    struct acceptor acceptor;
};

static int start(struct host *host, int workers, struct cmio_address *address) {
    const struct cmio_executor_options options = {.workers = workers};
    int result = cmio_executor_new(&host->executor, &options);
    if (result == 0) /* before the announcement, after which signals may come */
        result = interrupt_open(&host->interrupt, host->executor);
    if (result < 0)
        return host_complain("cannot start", result);
    result = acceptor_open(&host->acceptor, host->executor, address);
    return announce_listening(address, result) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int host_run(int workers, struct cmio_address *address,
             int (*serve)(void *owner, struct cmio_tcp_stream *stream), void *owner) {
    struct host host = {.acceptor = {.serve = serve, .owner = owner}};
    int status = start(&host, workers, address);
    if (status == 0) { /* the acceptor never ends; a signal ends the wait */
        int result = host_wait(host.executor, &host.interrupt, &host.acceptor.coroutine.future);
        status = result < 0 ? host_complain("cannot run", result) : EXIT_SUCCESS;
    }
    acceptor_close(&host.acceptor);
    interrupt_close(&host.interrupt);
    cmio_executor_free(host.executor);
    return status;
}
