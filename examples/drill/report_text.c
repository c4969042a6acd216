/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <inttypes.h>
#include <string.h>

#include <cmio/error.h>

enum { LONGEST_BAR = 40 };

/* The names of the figures are in a column as wide as the longest of them. */
static void print_text(FILE *stream, const char *name, const char *value) {
    fprintf(stream, "%-22s %s\n", name, value);
}

static void print_count(FILE *stream, const char *name, uint64_t count) {
    fprintf(stream, "%-22s %" PRIu64 "\n", name, count);
}

static void print_duration(FILE *stream, const char *name, double nanoseconds) {
    char buffer[FORMATTED_MAX];
    print_text(stream, name, format_duration(nanoseconds, buffer));
}

static void print_status(FILE *stream, int status, uint64_t count) {
    char name[32];
    (void)snprintf(name, sizeof name, "  status %d", status);
    if (count > 0)
        print_count(stream, name, count);
}

static void print_failures(const struct tally *tally, FILE *stream) {
    char name[64];
    for (int status = STATUS_FAILED; status < STATUSES; status++)
        print_status(stream, status, tally->statuses[status]);
    for (int outcome = OUTCOME_STATUS + 1; outcome < OUTCOMES; outcome++) {
        (void)snprintf(name, sizeof name, "  %s", outcome_text((enum outcome)outcome));
        if (tally->outcomes[outcome] > 0)
            print_count(stream, name, tally->outcomes[outcome]);
    }
}

/* Hints for failures that are caused by this machine rather than by the server. */
static void print_hints(const struct results *results, FILE *stream) {
    const uint64_t *outcomes = results->all.outcomes;
    if (outcomes[OUTCOME_NO_PORT] > 0)
        fprintf(stream, "An address has a limited range of ports (ip_local_port_range), and a "
                        "closed connection keeps its port for a minute. Lower the concurrency, or "
                        "let the server keep connections open.\n");
    if (outcomes[OUTCOME_NO_DESCRIPTOR] > 0)
        fprintf(stream, "Raise the limit on descriptors (ulimit -n), or lower the concurrency.\n");
    if (outcomes[OUTCOME_ERROR] > 0)
        fprintf(stream, "The last of the other errors: %s.\n", cmio_strerror(results->error));
}

/* A line for each bar, except for empty bars without width. */
static void print_bars(const struct statistics *statistics, FILE *stream) {
    static const char full[LONGEST_BAR + 1] = "########################################";
    uint64_t most = 1;
    for (int i = 0; i < BARS; i++)
        most = statistics->bars[i].count > most ? statistics->bars[i].count : most;
    for (int i = 0; i < BARS; i++) {
        const struct bar *bar = &statistics->bars[i];
        char from[FORMATTED_MAX];
        char to[FORMATTED_MAX];
        if (bar->count == 0 && bar->from >= bar->to)
            continue;
        int width = (int)((double)bar->count / (double)most * LONGEST_BAR + 0.5);
        fprintf(stream, "  %10s to %10s  %-40.*s %" PRIu64 "\n", format_duration(bar->from, from),
                format_duration(bar->to, to), width, full, bar->count);
    }
}

static void print_latencies(const struct statistics *statistics, FILE *stream) {
    if (statistics->count == 0) {
        print_text(stream, "Latency", "none: no request succeeded");
        return;
    }
    print_duration(stream, "Median", (double)statistics->median);
    print_duration(stream, "Average", statistics->average);
    print_duration(stream, "Standard deviation", statistics->deviation);
    for (int i = 0; i < PERCENTILES; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%u.%u percentile", percentile_ranks[i] / 10,
                       percentile_ranks[i] % 10);
        print_duration(stream, name, (double)statistics->percentiles[i]);
    }
    print_duration(stream, "Minimum", (double)statistics->minimum);
    print_duration(stream, "Maximum", (double)statistics->maximum);
    fprintf(stream, "Latencies\n");
    print_bars(statistics, stream);
}

static void print_requests(const struct tally *tally, FILE *stream) {
    print_count(stream, "Total requests", tally->succeeded + tally->failed);
    print_count(stream, "Successful requests", tally->succeeded);
    print_count(stream, "Failed requests", tally->failed);
    print_failures(tally, stream);
}

static void print_traffic(const struct report *report, const struct tally *tally, FILE *stream) {
    char text[2 * FORMATTED_MAX];
    char bytes[FORMATTED_MAX];
    uint64_t requests = tally->succeeded + tally->failed;
    (void)snprintf(text, sizeof text, "%.2f", report_rate(report, requests));
    print_text(stream, "Requests per second", text);
    print_text(stream, "Received", format_bytes((double)tally->bytes, bytes));
    (void)snprintf(text, sizeof text, "%s", format_bytes(report_rate(report, tally->bytes), bytes));
    print_text(stream, "Received per second", text);
    print_count(stream, "Connections opened", tally->connects);
    print_count(stream, "Connections reused", tally->reuses);
}

/* All complete answers, by status. */
static void print_answers(const struct tally *tally, FILE *stream) {
    fprintf(stream, "Answers\n");
    for (int status = 0; status < STATUSES; status++)
        print_status(stream, status, tally->statuses[status]);
}

static size_t count_requests(const struct plan *plan) {
    size_t count = 0;
    for (size_t i = 0; i < plan->item_count; i++)
        count += !plan->items[i].has_delay;
    return count;
}

static void print_item(const struct report *report, size_t index, FILE *stream) {
    const struct tally *tally = &report->results->items[index];
    fprintf(stream, "\n%s\n", report->plan->items[index].name.data);
    print_requests(tally, stream);
    print_traffic(report, tally, stream);
    print_answers(tally, stream);
    print_latencies(&report->items[index], stream);
}

void report_print(const struct report *report, bool with_latencies, FILE *stream) {
    const struct results *results = report->results;
    print_duration(stream, "Time taken", (double)results->duration);
    print_requests(&results->all, stream);
    if (results->signal != 0)
        print_count(stream, "Interrupted requests", results->unfinished);
    print_traffic(report, &results->all, stream);
    if (with_latencies) {
        print_answers(&results->all, stream);
        print_latencies(&report->all, stream);
    }
    if (with_latencies && count_requests(report->plan) > 1)
        for (size_t i = 0; i < results->item_count; i++)
            if (!report->plan->items[i].has_delay)
                print_item(report, i, stream);
    print_hints(results, stream);
}
