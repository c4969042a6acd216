/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cmio/error.h>

int report_compute(struct report *report, struct results *results) {
    report->results = results;
    report->items = calloc(results->item_count, sizeof *report->items);
    if (report->items == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < results->item_count; i++)
        report->items[i] = statistics_of(results_of_item(results, i), results->items[i].succeeded);
    report->all = statistics_of(results_of_all(results), results->succeeded);
    return 0;
}

void report_free(struct report *report) {
    free(report->items);
    report->items = NULL;
}

double report_rate(const struct report *report) {
    const struct results *results = report->results;
    double requests = (double)(results->succeeded + results->failed);
    return results->duration > 0 ? requests * 1e9 / (double)results->duration : 0;
}

const char *format_duration(double nanoseconds, char buffer[DURATION_MAX]) {
    /* Each unit ends where its last decimal would be rounded up into the next one. */
    if (nanoseconds < 999950)
        (void)snprintf(buffer, DURATION_MAX, "%.1f us", nanoseconds / 1e3);
    else if (nanoseconds < 9999995e3)
        (void)snprintf(buffer, DURATION_MAX, "%.2f ms", nanoseconds / 1e6);
    else
        (void)snprintf(buffer, DURATION_MAX, "%.2f s", nanoseconds / 1e9);
    return buffer;
}

/* The names of the figures stand in a column as wide as the longest of them. */
static void print_text(FILE *stream, const char *name, const char *value) {
    fprintf(stream, "%-22s %s\n", name, value);
}

static void print_count(FILE *stream, const char *name, uint64_t count) {
    fprintf(stream, "%-22s %" PRIu64 "\n", name, count);
}

static void print_duration(FILE *stream, const char *name, double nanoseconds) {
    char buffer[DURATION_MAX];
    print_text(stream, name, format_duration(nanoseconds, buffer));
}

static void print_failures(const struct results *results, FILE *stream) {
    char name[64];
    for (int status = 0; status < STATUSES; status++) {
        (void)snprintf(name, sizeof name, "  status %d", status);
        if (results->statuses[status] > 0)
            print_count(stream, name, results->statuses[status]);
    }
    for (int outcome = OUTCOME_STATUS + 1; outcome < OUTCOMES; outcome++) {
        (void)snprintf(name, sizeof name, "  %s", outcome_text((enum outcome)outcome));
        if (results->outcomes[outcome] > 0)
            print_count(stream, name, results->outcomes[outcome]);
    }
}

/* What a reader can do about failures that say more of this machine than of the server. */
static void print_hints(const struct results *results, FILE *stream) {
    if (results->outcomes[OUTCOME_NO_PORT] > 0)
        fprintf(stream, "One address has a limited range of ports (ip_local_port_range), and a "
                        "closed connection keeps its port for a minute: lower the concurrency, or "
                        "let the server keep connections.\n");
    if (results->outcomes[OUTCOME_NO_DESCRIPTOR] > 0)
        fprintf(stream, "Raise the limit on descriptors (ulimit -n), or lower the concurrency.\n");
    if (results->outcomes[OUTCOME_ERROR] > 0)
        fprintf(stream, "The last of the other errors: %s.\n", cmio_strerror(results->error));
}

static void print_latencies(const struct statistics *statistics, FILE *stream) {
    if (statistics->count == 0) {
        print_text(stream, "Latency", "none: no request succeeded");
        return;
    }
    print_duration(stream, "Median", (double)statistics->median);
    print_duration(stream, "Average", statistics->average);
    print_duration(stream, "Standard deviation", statistics->deviation);
    print_duration(stream, "99.0 percentile", (double)statistics->percentile_99_0);
    print_duration(stream, "99.5 percentile", (double)statistics->percentile_99_5);
    print_duration(stream, "99.9 percentile", (double)statistics->percentile_99_9);
    print_duration(stream, "Minimum", (double)statistics->minimum);
    print_duration(stream, "Maximum", (double)statistics->maximum);
}

static void print_item(const struct report *report, size_t index, FILE *stream) {
    const struct item_results *item = &report->results->items[index];
    fprintf(stream, "\n%s\n", report->plan->items[index].name.data);
    print_count(stream, "Total requests", item->succeeded + item->failed);
    print_count(stream, "Successful requests", item->succeeded);
    print_count(stream, "Failed requests", item->failed);
    print_latencies(&report->items[index], stream);
}

void report_print(const struct report *report, bool with_latencies, FILE *stream) {
    const struct results *results = report->results;
    char rate[32];
    (void)snprintf(rate, sizeof rate, "%.2f", report_rate(report));
    print_duration(stream, "Time taken", (double)results->duration);
    print_count(stream, "Total requests", results->succeeded + results->failed);
    print_count(stream, "Successful requests", results->succeeded);
    print_count(stream, "Failed requests", results->failed);
    print_failures(results, stream);
    if (results->signal != 0)
        print_count(stream, "Interrupted requests", results->unfinished);
    print_text(stream, "Requests per second", rate);
    if (with_latencies)
        print_latencies(&report->all, stream);
    for (size_t i = 0; with_latencies && results->item_count > 1 && i < results->item_count; i++)
        print_item(report, i, stream);
    print_hints(results, stream);
}
