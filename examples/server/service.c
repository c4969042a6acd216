/* SPDX-License-Identifier: MIT */
#include "server/service.h"

#include <stdio.h>

#include "common/backend.h"
#include "common/program.h"
#include "server/hangup.h"

int service_complain(const char *what, int code) {
    (void)backend_complain(what, code);
    return EXIT_RUNTIME;
}

int service_complain_of_address(const struct cmio_address *address, int code) {
    char text[CMIO_ADDRESS_TEXT_MAX], what[CMIO_ADDRESS_TEXT_MAX + 32];
    cmio_address_format(address, text, sizeof text);
    snprintf(what, sizeof what, "cannot listen on %s", text);
    return service_complain(what, code);
}

int service_start(struct service *service, enum options_kind kind, const char *program,
                  const char *summary, int argc, char **argv) {
    *service = (struct service){.lock = PTHREAD_MUTEX_INITIALIZER};
    struct options *options = &service->options;
    program_start(program);
    int result = options_parse(options, kind, program, summary, argc, argv);
    if (result >= 0)
        return result;
    result = http_page_load(options->page, &service->page);
    if (result < 0)
        return service_complain(options->page, result);
    result = access_log_open(&service->log, program, options->log);
    if (result == 0)
        result = hangup_init(&service->log);
    return result < 0 ? service_complain(options->log, result) : -1;
}

void service_count(struct service *service, uint64_t *counter) {
    pthread_mutex_lock(&service->lock);
    (*counter)++;
    pthread_mutex_unlock(&service->lock);
}

int service_announce(const struct cmio_address *address) {
    char text[CMIO_ADDRESS_TEXT_MAX];
    cmio_address_format(address, text, sizeof text);
    return announce("listening on http://%s", text);
}

void service_end(struct service *service) {
    hangup_report();
    statistics_print(&service->statistics, access_log_dropped(&service->log));
    access_log_close(&service->log);
    http_page_free(&service->page);
}
