/* SPDX-License-Identifier: MIT */
#include "server/service.h"

#include <signal.h>
#include <stdio.h>

#include <cmio/error.h>

int service_complain(const struct service *service, const char *what, int code) {
    fprintf(stderr, "%s: %s: %s\n", service->program, what, cmio_strerror(code));
    return EXIT_RUNTIME;
}

int service_complain_of_address(const struct service *service, int code) {
    char text[CMIO_ADDRESS_TEXT_MAX], what[CMIO_ADDRESS_TEXT_MAX + 32];
    cmio_address_format(&service->options.address, text, sizeof text);
    snprintf(what, sizeof what, "cannot listen on %s", text);
    return service_complain(service, what, code);
}

int service_start(struct service *service, enum options_kind kind, const char *program,
                  const char *summary, int argc, char **argv) {
    *service = (struct service){.program = program, .lock = PTHREAD_MUTEX_INITIALIZER};
    struct options *options = &service->options;
    int result = options_parse(options, kind, program, summary, argc, argv);
    if (result >= 0)
        return result;
    signal(SIGPIPE, SIG_IGN); /* cmio's sockets raise none, but a log that is a pipe would */
    result = http_page_load(options->page, &service->page);
    if (result < 0)
        return service_complain(service, options->page, result);
    result = access_log_open(&service->log, options->log);
    if (result < 0)
        return service_complain(service, options->log, result);
    return -1;
}

void service_count(struct service *service, uint64_t *counter) {
    pthread_mutex_lock(&service->lock);
    (*counter)++;
    pthread_mutex_unlock(&service->lock);
}

void service_announce(const struct cmio_address *address) {
    char text[CMIO_ADDRESS_TEXT_MAX];
    cmio_address_format(address, text, sizeof text);
    printf("listening on http://%s\n", text);
    fflush(stdout);
}

void service_end(struct service *service) {
    statistics_print(&service->statistics);
    access_log_close(&service->log);
    http_page_free(&service->page);
}
