/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <inttypes.h>

#include <cmio/version.h>

/* RFC 8259 section 7. The text is UTF-8, or as good as the command line was. */
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

static void print_latency(FILE *stream, const struct statistics *statistics) {
    fprintf(stream, "\"latency\": ");
    if (statistics->count == 0) {
        fprintf(stream, "null");
        return;
    }
    fprintf(stream, "{\"median_ns\": %" PRId64 ", ", statistics->median);
    fprintf(stream, "\"average_ns\": %.1f, ", statistics->average);
    fprintf(stream, "\"standard_deviation_ns\": %.1f, ", statistics->deviation);
    fprintf(stream, "\"percentile_99_0_ns\": %" PRId64 ", ", statistics->percentile_99_0);
    fprintf(stream, "\"percentile_99_5_ns\": %" PRId64 ", ", statistics->percentile_99_5);
    fprintf(stream, "\"percentile_99_9_ns\": %" PRId64 ", ", statistics->percentile_99_9);
    fprintf(stream, "\"minimum_ns\": %" PRId64 ", ", statistics->minimum);
    fprintf(stream, "\"maximum_ns\": %" PRId64 "}", statistics->maximum);
}

static void print_failures_member(FILE *stream, const struct results *results) {
    const char *separator = "";
    fprintf(stream, "\"failures\": {");
    for (int status = 0; status < STATUSES; status++) {
        if (results->statuses[status] == 0)
            continue;
        fprintf(stream, "%s\"%s_%d\": %" PRIu64, separator, outcome_key(OUTCOME_STATUS), status,
                results->statuses[status]);
        separator = ", ";
    }
    for (int outcome = OUTCOME_STATUS + 1; outcome < OUTCOMES; outcome++) {
        if (results->outcomes[outcome] == 0)
            continue;
        fprintf(stream, "%s\"%s\": %" PRIu64, separator, outcome_key((enum outcome)outcome),
                results->outcomes[outcome]);
        separator = ", ";
    }
    fprintf(stream, "}, ");
}

static void print_items(FILE *stream, const struct report *report) {
    const struct results *results = report->results;
    fprintf(stream, "\"items\": [");
    for (size_t i = 0; i < results->item_count; i++) {
        const struct item_results *item = &results->items[i];
        fprintf(stream, "%s{\"name\": ", i == 0 ? "" : ", ");
        print_string(stream, report->plan->items[i].name.data);
        fprintf(stream, ", ");
        print_count_member(stream, "total_requests", item->succeeded + item->failed);
        print_count_member(stream, "successful_requests", item->succeeded);
        print_count_member(stream, "failed_requests", item->failed);
        print_latency(stream, &report->items[i]);
        fprintf(stream, "}");
    }
    fprintf(stream, "]");
}

void report_print_json(const struct report *report, FILE *stream) {
    const struct results *results = report->results;
    fprintf(stream, "{\"drill\": \"%s\", \"backend\": \"%s\", \"plan\": ", cmio_version(),
            report->backend);
    print_string(stream, report->plan_path);
    fprintf(stream, ", ");
    print_count_member(stream, "concurrency", report->concurrency);
    print_count_member(stream, "iterations", report->iterations);
    print_count_member(stream, "signal", (uint64_t)results->signal);
    print_count_member(stream, "time_taken_ns", (uint64_t)results->duration);
    print_count_member(stream, "total_requests", results->succeeded + results->failed);
    print_count_member(stream, "successful_requests", results->succeeded);
    print_count_member(stream, "failed_requests", results->failed);
    print_count_member(stream, "interrupted_requests", results->unfinished);
    print_failures_member(stream, results);
    fprintf(stream, "\"requests_per_second\": %.3f, ", report_rate(report));
    print_latency(stream, &report->all);
    fprintf(stream, ", ");
    print_items(stream, report);
    fprintf(stream, "}\n");
}
