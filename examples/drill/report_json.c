/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <inttypes.h>

#include <cmio/version.h>

#include "schedule.h"

/* RFC 8259 section 7. The text is UTF-8, if the command line was. */
static void print_string(FILE *stream, const char *text) {
    fputc('"', stream);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            fprintf(stream, "\\%c", byte);
        else if (byte < ' ')
            fprintf(stream, "\\u%04x", byte);
        else
            fputc(byte, stream);
    }
    fputc('"', stream);
}

static void print_count_member(FILE *stream, const char *key, uint64_t count) {
    fprintf(stream, "\"%s\": %" PRIu64 ", ", key, count);
}

/* null stands for no limit. */
static void print_limit_member(FILE *stream, const char *key, uint64_t value, uint64_t unlimited) {
    if (value == unlimited)
        fprintf(stream, "\"%s\": null, ", key);
    else
        print_count_member(stream, key, value);
}

static void print_histogram(FILE *stream, const struct statistics *statistics) {
    fprintf(stream, "\"histogram\": [");
    for (int i = 0; i < BARS; i++) {
        const struct bar *bar = &statistics->bars[i];
        fprintf(stream, "%s{\"from_ns\": %.1f, \"to_ns\": %.1f, \"count\": %" PRIu64 "}",
                i == 0 ? "" : ", ", bar->from, bar->to, bar->count);
    }
    fprintf(stream, "]");
}

static void print_latency(FILE *stream, const struct statistics *statistics, bool is_exact) {
    fprintf(stream, "\"latency\": ");
    if (statistics->count == 0) {
        fprintf(stream, "null");
        return;
    }
    fprintf(stream, "{\"is_exact\": %s, ", is_exact ? "true" : "false");
    fprintf(stream, "\"median_ns\": %" PRId64 ", ", statistics->median);
    fprintf(stream, "\"average_ns\": %.1f, ", statistics->average);
    fprintf(stream, "\"standard_deviation_ns\": %.1f, ", statistics->deviation);
    for (int i = 0; i < PERCENTILES; i++)
        fprintf(stream, "\"percentile_%u_%u_ns\": %" PRId64 ", ", percentile_ranks[i] / 10,
                percentile_ranks[i] % 10, statistics->percentiles[i]);
    fprintf(stream, "\"minimum_ns\": %" PRId64 ", ", statistics->minimum);
    fprintf(stream, "\"maximum_ns\": %" PRId64 ", ", statistics->maximum);
    print_histogram(stream, statistics);
    fprintf(stream, "}");
}

static void print_failures_member(FILE *stream, const struct tally *tally) {
    const char *separator = "";
    fprintf(stream, "\"failures\": {");
    for (int status = STATUS_FAILED; status < STATUSES; status++) {
        if (tally->statuses[status] == 0)
            continue;
        fprintf(stream, "%s\"%s_%d\": %" PRIu64, separator, outcome_key(OUTCOME_STATUS), status,
                tally->statuses[status]);
        separator = ", ";
    }
    for (int outcome = OUTCOME_STATUS + 1; outcome < OUTCOMES; outcome++) {
        if (tally->outcomes[outcome] == 0)
            continue;
        fprintf(stream, "%s\"%s\": %" PRIu64, separator, outcome_key((enum outcome)outcome),
                tally->outcomes[outcome]);
        separator = ", ";
    }
    fprintf(stream, "}, ");
}

static void print_statuses_member(FILE *stream, const struct tally *tally) {
    const char *separator = "";
    fprintf(stream, "\"statuses\": {");
    for (int status = 0; status < STATUSES; status++) {
        if (tally->statuses[status] == 0)
            continue;
        fprintf(stream, "%s\"%d\": %" PRIu64, separator, status, tally->statuses[status]);
        separator = ", ";
    }
    fprintf(stream, "}, ");
}

static void print_rate_member(FILE *stream, const char *key, double rate) {
    fprintf(stream, "\"%s\": %.3f, ", key, rate);
}

static void print_tally(FILE *stream, const struct report *report, const struct tally *tally) {
    uint64_t requests = tally->succeeded + tally->failed;
    print_count_member(stream, "total_requests", requests);
    print_count_member(stream, "successful_requests", tally->succeeded);
    print_count_member(stream, "failed_requests", tally->failed);
    print_failures_member(stream, tally);
    print_statuses_member(stream, tally);
    print_rate_member(stream, "requests_per_second", report_rate(report, requests));
    print_count_member(stream, "bytes_received", tally->bytes);
    print_rate_member(stream, "bytes_received_per_second", report_rate(report, tally->bytes));
    print_count_member(stream, "connections_opened", tally->connects);
    print_count_member(stream, "connections_reused", tally->reuses);
}

static void print_items(FILE *stream, const struct report *report) {
    const struct results *results = report->results;
    const char *separator = "";
    fprintf(stream, "\"items\": [");
    for (size_t i = 0; i < results->item_count; i++) {
        if (report->plan->items[i].has_delay)
            continue;
        fprintf(stream, "%s{\"name\": ", separator);
        separator = ", ";
        print_string(stream, report->plan->items[i].name.data);
        fprintf(stream, ", ");
        print_tally(stream, report, &results->items[i]);
        print_latency(stream, &report->items[i], !results->is_counting);
        fprintf(stream, "}");
    }
    fprintf(stream, "]");
}

/* The requested run, and how long it took. */
static void print_run(FILE *stream, const struct report *report) {
    const struct results *results = report->results;
    print_count_member(stream, "concurrency", report->concurrency);
    print_limit_member(stream, "iterations", report->iterations, UINT64_MAX);
    print_limit_member(stream, "duration_ns", (uint64_t)report->duration, 0);
    if (report->rate == 0)
        fprintf(stream, "\"rate\": null, ");
    else
        fprintf(stream, "\"rate\": %.9g, ", (double)report->rate / (double)RATE_UNIT);
    print_count_member(stream, "signal", (uint64_t)results->signal);
    print_count_member(stream, "interrupted_requests", results->unfinished);
    print_count_member(stream, "time_taken_ns", (uint64_t)results->duration);
}

void report_print_json(const struct report *report, FILE *stream) {
    const struct results *results = report->results;
    fprintf(stream, "{\"drill\": \"%s\", \"backend\": \"%s\", \"plan\": ", cmio_version(),
            report->backend);
    print_string(stream, report->plan_path);
    fprintf(stream, ", ");
    print_run(stream, report);
    print_tally(stream, report, &results->all);
    print_latency(stream, &report->all, !results->is_counting);
    fprintf(stream, ", ");
    print_items(stream, report);
    fprintf(stream, "}\n");
}
