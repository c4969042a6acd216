/* SPDX-License-Identifier: MIT */

/*
 * drill: a load tool for HTTP servers on cmio, with plans modelled on fcsonline/drill. It reads the
 * plan, makes the requests, runs them, and reports. The parts that use cmio are load.c (the loop)
 * and client.c (the connection).
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include <cmio/error.h>

#include "common/standard_streams.h"
#include "load.h"
#include "options.h"
#include "plan.h"
#include "progress.h"
#include "report.h"
#include "request.h"

enum {
    EXIT_FINE = 0,
    EXIT_REQUEST_FAILED = 1,
    EXIT_NOT_RUN = 2,
    EXIT_SIGNAL = 128, /* plus the signal's number, as in shells */
};

static int complain_of_plan(const char *path, const struct complaint *complaint) {
    fprintf(stderr, "%s:%zu:%zu: %s\n", path, complaint->place.line, complaint->place.column,
            complaint->message);
    return EXIT_NOT_RUN;
}

/* --backend has been checked by now, so -ENOTSUP can only come from the environment variable. */
static int complain_of_run(int error) {
    fprintf(stderr, "drill: the run cannot continue: %s\n",
            error == -ENOTSUP ? "the library has no backend of the name in CMIO_BACKEND"
                              : cmio_strerror(error));
    return EXIT_NOT_RUN;
}

/*
 * The default number of users: as many as needed with a rate, one if only the time is limited, and
 * otherwise one for each iteration.
 */
static uint64_t default_concurrency(const struct load_options *load, uint64_t most) {
    if (load->rate != 0)
        return most < CONCURRENCY_MAX ? most : CONCURRENCY_MAX;
    return load->iterations == UINT64_MAX ? 1 : load->iterations;
}

/* The plan's numbers, replaced by those on the command line. */
static struct load_options merge(const struct options *options, const struct plan *plan,
                                 uint64_t most) {
    struct load_options merged = {
        .backend = options->backend,
        .concurrency = options->concurrency != 0 ? options->concurrency : plan->concurrency,
        .iterations = options->iterations != 0 ? options->iterations : plan->iterations,
        .duration = options->duration != 0 ? options->duration : plan->duration,
        .rate = options->rate != 0 ? options->rate : plan->rate,
        .rampup = plan->rampup,
        .timeout = options->timeout,
        .shows_progress = !options->quiet && progress_is_possible(),
    };
    if (merged.iterations == 0)
        merged.iterations = merged.duration != 0 ? UINT64_MAX : 1;
    if (merged.concurrency == 0)
        merged.concurrency = default_concurrency(&merged, most);
    if (merged.concurrency > merged.iterations)
        merged.concurrency = merged.iterations;
    return merged;
}

static int complain_of_tags(void) {
    fprintf(stderr, "drill: --tags and --skip-tags leave no item of the plan\n");
    return EXIT_NOT_RUN;
}

/* Returns the exit status, or another one if the output could not be written. */
static int flush_report(int status) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "drill: the report cannot be written\n");
    return EXIT_NOT_RUN;
}

static int exit_status(const struct results *results) {
    if (results->signal != 0)
        return EXIT_SIGNAL + results->signal;
    return results->all.failed > 0 ? EXIT_REQUEST_FAILED : EXIT_FINE;
}

static int print_report(const struct options *options, struct report *report,
                        const struct results *results) {
    int result = report_compute(report, results);
    if (result < 0)
        return complain_of_run(result);
    if (options->json)
        report_print_json(report, stdout);
    else if (options->stats || !options->quiet)
        report_print(report, options->stats, stdout);
    report_free(report);
    return flush_report(exit_status(results));
}

static int run(const struct options *options, const struct plan *plan,
               const struct requests *requests) {
    uint64_t most = load_connections_max();
    struct load_options load = merge(options, plan, most);
    if (load.concurrency > most) {
        fprintf(stderr,
                "drill: a concurrency of %" PRIu64 " needs more descriptors than this process may "
                "have: %" PRIu64 " connections at most (ulimit -n)\n",
                load.concurrency, most);
        return EXIT_NOT_RUN;
    }
    struct results results;
    int result =
        results_init(&results, plan->item_count, requests_total(requests, load.iterations));
    if (result < 0)
        return complain_of_run(result);
    struct report report = {
        .plan_path = options->plan_path,
        .concurrency = load.concurrency,
        .iterations = load.iterations,
        .duration = load.duration,
        .rate = load.rate,
        .plan = plan,
    };
    result = load_run(&load, requests, &results, &report.backend);
    int status = result < 0 ? complain_of_run(result) : print_report(options, &report, &results);
    results_free(&results);
    return status;
}

static int list_tags(const struct plan *plan) {
    if (!tags_print(plan, stdout))
        return complain_of_run(-ENOMEM);
    return flush_report(EXIT_FINE);
}

static int run_plan(const struct options *options) {
    struct complaint complaint;
    struct plan plan;
    struct requests requests = {0};
    int status;
    if (plan_read(options->plan_path, &plan, &complaint) != 0)
        return complain_of_plan(options->plan_path, &complaint);
    if (options->lists_tags)
        status = list_tags(&plan);
    else if (!plan_select(&plan, &options->tags))
        status = complain_of_tags();
    else if (requests_make(&plan, options->base, &requests, &complaint) != 0 ||
             servers_resolve(&requests.servers, &complaint) != 0)
        status = complain_of_plan(options->plan_path, &complaint);
    else
        status = run(options, &plan, &requests);
    requests_free(&requests);
    plan_free(&plan);
    return status;
}

int main(int argc, char **argv) {
    struct options options;
    standard_streams_open(O_RDONLY); /* a report that nobody can get is a failure */
    switch (options_read(argc, argv, &options)) {
    case OPTIONS_RUN:
        return run_plan(&options);
    case OPTIONS_DONE:
        return EXIT_FINE;
    case OPTIONS_BAD:
        break;
    }
    return EXIT_NOT_RUN;
}
