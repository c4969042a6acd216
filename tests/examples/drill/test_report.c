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

/* Two items, three iterations: of six requests three succeeded. */
static void run(struct results *results) {
    assert_int_equal(results_init(results, 2, 3), 0);
    results_add(results, 1, OUTCOME_SUCCESS, 200, 3000000);
    results_add(results, 0, OUTCOME_SUCCESS, 200, 1000000);
    results_add(results, 0, OUTCOME_STATUS, 404, 100);
    results_add(results, 1, OUTCOME_TIMEOUT, 0, 100);
    results_add(results, 0, OUTCOME_SUCCESS, 204, 2000000);
    results_add(results, 1, OUTCOME_STATUS, 503, 100);
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
                              "Requests per second    3.00\n");
    free(text);
    results_free(&results);
}

static void with_latencies_it_says_them_for_all_and_for_each_item(void **state) {
    (void)state;
    struct results results;
    run(&results);
    char *text = print(&results, false, true);
    static const char expected[] = "Requests per second    3.00\n"
                                   "Median                 2.00 ms\n"
                                   "Average                2.00 ms\n"
                                   "Standard deviation     1.00 ms\n"
                                   "99.0 percentile        3.00 ms\n"
                                   "99.5 percentile        3.00 ms\n"
                                   "99.9 percentile        3.00 ms\n"
                                   "Minimum                1.00 ms\n"
                                   "Maximum                3.00 ms\n"
                                   "\n"
                                   "one\n"
                                   "Total requests         3\n"
                                   "Successful requests    2\n"
                                   "Failed requests        1\n"
                                   "Median                 1.50 ms\n"
                                   "Average                1.50 ms\n"
                                   "Standard deviation     707.1 us\n"
                                   "99.0 percentile        2.00 ms\n"
                                   "99.5 percentile        2.00 ms\n"
                                   "99.9 percentile        2.00 ms\n"
                                   "Minimum                1.00 ms\n"
                                   "Maximum                2.00 ms\n"
                                   "\n"
                                   "two \"\\\xc3\xa9\n"
                                   "Total requests         3\n"
                                   "Successful requests    1\n"
                                   "Failed requests        2\n"
                                   "Median                 3.00 ms\n"
                                   "Average                3.00 ms\n"
                                   "Standard deviation     0.0 us\n"
                                   "99.0 percentile        3.00 ms\n"
                                   "99.5 percentile        3.00 ms\n"
                                   "99.9 percentile        3.00 ms\n"
                                   "Minimum                3.00 ms\n"
                                   "Maximum                3.00 ms\n";
    const char *place = strstr(text, "Requests per second");
    assert_non_null(place);
    assert_string_equal(place, expected);
    free(text);
    results_free(&results);
}

static void json_has_the_same_figures_in_nanoseconds(void **state) {
    (void)state;
    struct results results;
    run(&results);
    char *text = print(&results, true, false);
    static const char expected[] =
        "\"backend\": \"epoll\", \"plan\": \"a\\u000ab.yaml\", \"concurrency\": 2, "
        "\"iterations\": 3, \"signal\": 0, \"time_taken_ns\": 2000000000, \"total_requests\": 6, "
        "\"successful_requests\": 3, \"failed_requests\": 3, \"interrupted_requests\": 0, "
        "\"failures\": {\"status_404\": 1, \"status_503\": 1, \"timeout\": 1}, "
        "\"requests_per_second\": 3.000, "
        "\"latency\": {\"median_ns\": 2000000, \"average_ns\": 2000000.0, "
        "\"standard_deviation_ns\": 1000000.0, \"percentile_99_0_ns\": 3000000, "
        "\"percentile_99_5_ns\": 3000000, \"percentile_99_9_ns\": 3000000, "
        "\"minimum_ns\": 1000000, \"maximum_ns\": 3000000}, "
        "\"items\": [{\"name\": \"one\", \"total_requests\": 3, \"successful_requests\": 2, "
        "\"failed_requests\": 1, \"latency\": {\"median_ns\": 1500000, \"average_ns\": 1500000.0, "
        "\"standard_deviation_ns\": 707106.8, \"percentile_99_0_ns\": 2000000, "
        "\"percentile_99_5_ns\": 2000000, \"percentile_99_9_ns\": 2000000, "
        "\"minimum_ns\": 1000000, \"maximum_ns\": 2000000}}, "
        "{\"name\": \"two \\\"\\\\\xc3\xa9\", \"total_requests\": 3, \"successful_requests\": 1, "
        "\"failed_requests\": 2, \"latency\": {\"median_ns\": 3000000, \"average_ns\": 3000000.0, "
        "\"standard_deviation_ns\": 0.0, \"percentile_99_0_ns\": 3000000, "
        "\"percentile_99_5_ns\": 3000000, \"percentile_99_9_ns\": 3000000, "
        "\"minimum_ns\": 3000000, \"maximum_ns\": 3000000}}]}\n";
    const char *place = strstr(text, "\"backend\"");
    assert_non_null(place);
    assert_string_equal(place, expected);
    free(text);
    results_free(&results);
}

static void without_success_there_are_no_latencies(void **state) {
    (void)state;
    struct results results;
    assert_int_equal(results_init(&results, 2, 1), 0);
    results_add(&results, 0, OUTCOME_REFUSED, 0, 5);
    char *text = print(&results, false, true);
    assert_non_null(strstr(text, "Requests per second    0.00\n"
                                 "Latency                none: no request succeeded\n"));
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
    assert_int_equal(results_init(&results, 2, 3), 0);
    results_add(&results, 0, OUTCOME_NO_PORT, 0, 5);
    results_add(&results, 0, OUTCOME_NO_DESCRIPTOR, 0, 5);
    results_add(&results, 0, OUTCOME_ERROR, 0, 5);
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
        char buffer[DURATION_MAX];
        assert_string_equal(format_duration(cases[i].nanoseconds, buffer), cases[i].text);
    }
}

static void more_results_than_memory_are_refused(void **state) {
    (void)state;
    struct results results;
    assert_int_equal(results_init(&results, SIZE_MAX / 2, 3), -ENOMEM);
    assert_int_equal(results_init(&results, 1000000, UINT64_MAX), -ENOMEM);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_report_says_what_became_of_the_requests),
    cmocka_unit_test(with_latencies_it_says_them_for_all_and_for_each_item),
    cmocka_unit_test(json_has_the_same_figures_in_nanoseconds),
    cmocka_unit_test(without_success_there_are_no_latencies),
    cmocka_unit_test(failures_of_this_machine_come_with_advice),
    cmocka_unit_test(durations_come_in_the_unit_that_fits),
    cmocka_unit_test(more_results_than_memory_are_refused),
};

TEST_GROUP(drill_report, tests)
