/* SPDX-License-Identifier: MIT */
#include "async/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async.h>
#include <cmio/error.h>

#include "async/acceptor.h"
#include "async/interrupt.h"

struct host {
    struct cmio_coroutine coroutine;
    struct cmio_executor *executor;
    struct interrupt interrupt;
    struct acceptor acceptor;
};

int host_complain(const char *program, const char *what, int code) {
    fprintf(stderr, "%s: %s: %s\n", program, what, cmio_strerror(code));
    return EXIT_FAILURE;
}

static int complain(const struct host *host, const char *what, int code) {
    (void)host_complain(host->acceptor.program, what, code);
    return code;
}

static int start(struct host *host, int workers, struct cmio_address *address) {
    const struct cmio_executor_options options = {.workers = workers};
    char text[CMIO_ADDRESS_TEXT_MAX];
    int result = cmio_executor_new(&host->executor, &options);
    if (result == 0)
        result = interrupt_open(&host->interrupt, host->executor);
    if (result < 0)
        return complain(host, "cannot start", result);
    result = acceptor_open(&host->acceptor, host->executor, address);
    (void)cmio_address_format(address, text, sizeof text);
    if (result < 0)
        return complain(host, text, result);
    printf("listening on %s\n", text);
    return fflush(stdout) == 0 ? 0 : complain(host, "standard output", -errno);
}

/* The acceptor is never ready: it is a signal that ends this. */
static enum cmio_future_state run_host(struct cmio_coroutine *coroutine,
                                       struct cmio_context *context) {
    struct host *host = (struct host *)coroutine;
    CMIO_BEGIN(coroutine, context);
    CMIO_AWAIT(interrupt_or(&host->interrupt, &host->acceptor.coroutine.future));
    CMIO_RETURN(interrupt_number(&host->interrupt));
    CMIO_FINALLY;
    acceptor_close(&host->acceptor);
    CMIO_END;
}

static int run(struct host *host) {
    (void)cmio_coroutine_init(&host->coroutine, run_host);
    ssize_t result = cmio_block_on(host->executor, &host->coroutine.future);
    return result < 0 ? complain(host, "cannot run", (int)result) : 0;
}

int host_run(const char *program, int workers, struct cmio_address *address,
             int (*serve)(void *owner, struct cmio_tcp_stream *stream), void *owner) {
    struct host host = {.acceptor = {.program = program, .serve = serve, .owner = owner}};
    int result = start(&host, workers, address);
    if (result == 0)
        result = run(&host);
    acceptor_close(&host.acceptor);
    interrupt_close(&host.interrupt);
    cmio_executor_free(host.executor);
    return result == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
