/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

static char name_one[] = "one";
static char name_two[] = "two \"\\\xc3\xa9";

static void add(struct results *results, size_t item, enum outcome outcome, int status,
                int64_t latency) {
    const struct ending ending = {.outcome = outcome,
                                  .status = status,
                                  .latency = latency,
                                  .bytes = 1000,
                                  .connects = item == 0,
                                  .reused = item == 1};
    results_add(results, item, &ending);
}

/* Two items, three iterations: of six requests three succeeded. */
static void run(struct results *results) {
    assert_int_equal(results_init(results, 2, 6), 0);
    add(results, 1, OUTCOME_SUCCESS, 200, 3000000);
    add(results, 0, OUTCOME_SUCCESS, 200, 1000000);
    add(results, 0, OUTCOME_STATUS, 404, 100);
    add(results, 1, OUTCOME_TIMEOUT, 0, 100);
    add(results, 0, OUTCOME_SUCCESS, 204, 2000000);
    add(results, 1, OUTCOME_STATUS, 503, 100);
    results->duration = 2000000000;
}

/* Prints the report of what run() made; heap memory. */
static char *print(struct results *results, bool json, bool with_latencies) {
    struct plan_item items[] = {{.name = {.data = name_one}}, {.name = {.data = name_two}}};
    struct plan plan = {.items = items, .item_count = 2};
    struct report report = {.plan_path = "a\nb.yaml",
                            .backend = "epoll",
                            .concurrency = 2,
                            .iterations = 3,
                            .plan = &plan};
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    assert_int_equal(report_compute(&report, results), 0);
    if (json)
        report_print_json(&report, stream);
    else
        report_print(&report, with_latencies, stream);
    assert_int_equal(fclose(stream), 0);
    report_free(&report);
    return text;
}

static void the_report_says_what_became_of_the_requests(void **state) {
    (void)state;
    struct results results;
    run(&results);
    char *text = print(&results, false, false);
    assert_string_equal(text, "Time taken             2000.00 ms\n"
                              "Total requests         6\n"
                              "Successful requests    3\n"
                              "Failed requests        3\n"
                              "  status 404           1\n"
                              "  status 503           1\n"
                              "  timeout              1\n"
                              "Requests per second    3.00\n"
                              "Received               6.00 kB\n"
                              "Received per second    3.00 kB\n"
                              "Connections opened     3\n"
                              "Connections reused     3\n");
    free(text);
    results_free(&results);
}

static void assert_has(const char *text, const char *part) {
    if (strstr(text, part) == NULL)
        fail_msg("this is not in it: %s\nit is: %s", part, text);
}

static void with_latencies_it_says_them_for_all_and_for_each_item(void **state) {
    (void)state;
    struct results results;
    run(&results);
    char *text = print(&results, false, true);
    assert_has(text, "Connections reused     3\n"
                     "Answers\n"
                     "  status 200           2\n"
                     "  status 204           1\n"
                     "  status 404           1\n"
                     "  status 503           1\n"
                     "Median                 2.00 ms\n"
                     "Average                2.00 ms\n"
                     "Standard deviation     1.00 ms\n"
                     "50.0 percentile        2.00 ms\n"
                     "75.0 percentile        3.00 ms\n"
                     "90.0 percentile        3.00 ms\n"
                     "95.0 percentile        3.00 ms\n"
                     "99.0 percentile        3.00 ms\n"
                     "99.5 percentile        3.00 ms\n"
                     "99.9 percentile        3.00 ms\n"
                     "Minimum                1.00 ms\n"
                     "Maximum                3.00 ms\n"
                     "Latencies\n"
                     "     1.00 ms to    1.12 ms  ######################################## 1\n"
                     "     1.12 ms to    1.25 ms                                           0\n");
    assert_has(text, "     2.69 ms to    3.00 ms  ######################################## 1\n"
                     "\n"
                     "one\n"
                     "Total requests         3\n"
                     "Successful requests    2\n"
                     "Failed requests        1\n"
                     "  status 404           1\n"
                     "Requests per second    1.50\n"
                     "Received               3.00 kB\n"
                     "Received per second    1.50 kB\n"
                     "Connections opened     3\n"
                     "Connections reused     0\n"
                     "Answers\n"
                     "  status 200           1\n"
                     "  status 204           1\n"
                     "  status 404           1\n"
                     "Median                 1.50 ms\n");
    assert_has(text, "\n"
                     "two \"\\\xc3\xa9\n"
                     "Total requests         3\n"
                     "Successful requests    1\n"
                     "Failed requests        2\n"
                     "  status 503           1\n"
                     "  timeout              1\n");
    assert_has(text, "Maximum                3.00 ms\n"
                     "Latencies\n"
                     "     3.00 ms to    3.00 ms  ######################################## 1\n");
    free(text);
    results_free(&results);
}

static void json_has_the_same_figures_in_nanoseconds(void **state) {
    (void)state;
    struct results results;
    run(&results);
    char *text = print(&results, true, false);
    assert_has(
        text,
        "\"backend\": \"epoll\", \"plan\": \"a\\u000ab.yaml\", \"concurrency\": 2, "
        "\"iterations\": 3, \"duration_ns\": null, \"rate\": null, \"signal\": 0, "
        "\"interrupted_requests\": 0, "
        "\"time_taken_ns\": 2000000000, \"total_requests\": 6, \"successful_requests\": 3, "
        "\"failed_requests\": 3, "
        "\"failures\": {\"status_404\": 1, \"status_503\": 1, \"timeout\": 1}, "
        "\"statuses\": {\"200\": 2, \"204\": 1, \"404\": 1, \"503\": 1}, "
        "\"requests_per_second\": 3.000, \"bytes_received\": 6000, "
        "\"bytes_received_per_second\": 3000.000, \"connections_opened\": 3, "
        "\"connections_reused\": 3, \"latency\": {\"is_exact\": true, \"median_ns\": 2000000, "
        "\"average_ns\": 2000000.0, \"standard_deviation_ns\": 1000000.0, "
        "\"percentile_50_0_ns\": 2000000, \"percentile_75_0_ns\": 3000000, "
        "\"percentile_90_0_ns\": 3000000, \"percentile_95_0_ns\": 3000000, "
        "\"percentile_99_0_ns\": 3000000, \"percentile_99_5_ns\": 3000000, "
        "\"percentile_99_9_ns\": 3000000, \"minimum_ns\": 1000000, \"maximum_ns\": 3000000, "
        "\"histogram\": [{\"from_ns\": 1000000.0, \"to_ns\": 1116123.2, \"count\": 1}, ");
    assert_has(text, "\"to_ns\": 3000000.0, \"count\": 1}]}, \"items\": [{\"name\": \"one\", "
                     "\"total_requests\": 3, \"successful_requests\": 2, "
                     "\"failed_requests\": 1, \"failures\": {\"status_404\": 1}, "
                     "\"statuses\": {\"200\": 1, \"204\": 1, \"404\": 1}, "
                     "\"requests_per_second\": 1.500, \"bytes_received\": 3000, "
                     "\"bytes_received_per_second\": 1500.000, \"connections_opened\": 3, "
                     "\"connections_reused\": 0, \"latency\": {\"is_exact\": true, "
                     "\"median_ns\": 1500000, ");
    assert_has(text, "]}}, {\"name\": \"two \\\"\\\\\xc3\xa9\", \"total_requests\": 3, ");
    assert_has(text, "\"count\": 1}]}}]}\n");
    free(text);
    results_free(&results);
}

static void without_success_there_are_no_latencies(void **state) {
    (void)state;
    struct results results;
    assert_int_equal(results_init(&results, 2, 2), 0);
    add(&results, 0, OUTCOME_REFUSED, 0, 5);
    char *text = print(&results, false, true);
    assert_has(text, "Connections reused     0\n"
                     "Answers\n"
                     "Latency                none: no request succeeded\n");
    free(text);
    text = print(&results, true, true);
    assert_non_null(strstr(text, "\"failures\": {\"refused\": 1}"));
    assert_non_null(strstr(text, "\"latency\": null, \"items\": ["));
    free(text);
    results_free(&results);
}

static void failures_of_this_machine_come_with_advice(void **state) {
    (void)state;
    struct results results;
    assert_int_equal(results_init(&results, 2, 6), 0);
    add(&results, 0, OUTCOME_NO_PORT, 0, 5);
    add(&results, 0, OUTCOME_NO_DESCRIPTOR, 0, 5);
    add(&results, 0, OUTCOME_ERROR, 0, 5);
    results.error = -EACCES;
    results.signal = SIGINT;
    results.unfinished = 4;
    char *text = print(&results, false, false);
    assert_non_null(strstr(text, "  no local port left   1\n"));
    assert_non_null(strstr(text, "  no descriptor left   1\n"));
    assert_non_null(strstr(text, "  other error          1\n"));
    assert_non_null(strstr(text, "Interrupted requests   4\n"));
    assert_non_null(strstr(text, "ip_local_port_range"));
    assert_non_null(strstr(text, "ulimit -n"));
    assert_non_null(strstr(text, "The last of the other errors: Permission denied.\n"));
    free(text);
    results_free(&results);
}

static void durations_come_in_the_unit_that_fits(void **state) {
    (void)state;
    static const struct {
        double nanoseconds;
        const char *text;
    } cases[] = {
        {0, "0.0 us"},
        {49, "0.0 us"},
        {51, "0.1 us"},
        {1234, "1.2 us"},
        {999949, "999.9 us"},
        {999950, "1.00 ms"},
        {1000000, "1.00 ms"},
        {1020345678, "1020.35 ms"},
        {9999994e3, "9999.99 ms"},
        {9999995e3, "10.00 s"},
        {3600e9, "3600.00 s"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[FORMATTED_MAX];
        assert_string_equal(format_duration(cases[i].nanoseconds, buffer), cases[i].text);
    }
}

static void bytes_come_in_the_unit_that_fits(void **state) {
    (void)state;
    static const struct {
        double bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},          {999, "999 B"},       {999.6, "1.00 kB"},    {999994, "999.99 kB"},
        {999996, "1.00 MB"}, {12.5e6, "12.50 MB"}, {999996e3, "1.00 GB"}, {5e12, "5000.00 GB"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char buffer[FORMATTED_MAX];
        assert_string_equal(format_bytes(cases[i].bytes, buffer), cases[i].text);
    }
}

/* Twice a million latencies: too many to be kept, and the figures are the same within 0.1 %. */
static void figures_of_more_than_a_million_requests_come_from_histograms(void **state) {
    (void)state;
    struct results results;
    struct report report = {.plan_path = "p", .backend = "epoll"};
    assert_int_equal(results_init(&results, 2, UINT64_MAX), 0);
    for (int64_t i = 1; i <= EXACT_MAX; i++) {
        add(&results, 0, OUTCOME_SUCCESS, 200, 1000 * i);
        add(&results, 1, OUTCOME_SUCCESS, 200, 1000 * (EXACT_MAX + i));
    }
    assert_int_equal(report_compute(&report, &results), 0);
    assert_int_equal(report.all.count, 2 * EXACT_MAX);
    assert_int_equal(report.all.minimum, 1000);
    assert_int_equal(report.all.maximum, INT64_C(2000000000));
    assert_true(llabs(report.all.median - 1000000000) < 1000000);
    assert_true(llabs(report.all.percentiles[6] - INT64_C(1998000000)) < 2000000);
    assert_true(llabs(report.items[0].median - 500000000) < 500000);
    assert_int_equal(report.items[1].count, EXACT_MAX);
    report_free(&report);
    results_free(&results);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_report_says_what_became_of_the_requests),
    cmocka_unit_test(with_latencies_it_says_them_for_all_and_for_each_item),
    cmocka_unit_test(json_has_the_same_figures_in_nanoseconds),
    cmocka_unit_test(without_success_there_are_no_latencies),
    cmocka_unit_test(failures_of_this_machine_come_with_advice),
    cmocka_unit_test(durations_come_in_the_unit_that_fits),
    cmocka_unit_test(bytes_come_in_the_unit_that_fits),
    cmocka_unit_test(figures_of_more_than_a_million_requests_come_from_histograms),
};

TEST_GROUP(drill_report, tests)
