/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <cmio/poll.h>
#include <cmio/time.h>
#include <cmio/version.h>

#include "number.h"
#include "plan.h"
#include "url.h"

#define TIMEOUT_DEFAULT (60 * CMIO_SECOND)

enum { BACKENDS_MAX = 8 };

/* The long options that have no short form. */
enum { OPTION_BASE = 256, OPTION_BACKEND };

static const struct option long_options[] = {
    {"benchmark", required_argument, NULL, 'b'},
    {"stats", no_argument, NULL, 's'},
    {"json", no_argument, NULL, 'j'},
    {"quiet", no_argument, NULL, 'q'},
    {"base", required_argument, NULL, OPTION_BASE},
    {"concurrency", required_argument, NULL, 'c'},
    {"iterations", required_argument, NULL, 'n'},
    {"timeout", required_argument, NULL, 't'},
    {"backend", required_argument, NULL, OPTION_BACKEND},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "usage: drill --benchmark PLAN [options]\n"
    "\n"
    "Runs the requests of a plan against a server and reports how it went.\n"
    "\n"
    "  -b, --benchmark PLAN   the plan, a YAML file\n"
    "  -s, --stats            report latencies too, of each item of the plan if it has several\n"
    "  -j, --json             report all of it as JSON\n"
    "  -q, --quiet            no progress bar, and no report but what --stats or --json ask for\n"
    "      --base URL         what the plan's relative urls are appended to\n"
    "  -c, --concurrency N    how many iterations run at once\n"
    "  -n, --iterations N     how many times the plan is run\n"
    "  -t, --timeout SECONDS  how long a request may take: 60; 0 for any time\n"
    "      --backend NAME     how to wait for readiness\n"
    "  -h, --help             print this\n"
    "  -V, --version          print the version\n"
    "\n"
    "Exit status: 0 if every request succeeded, 1 if one failed, 2 if the command line or the\n"
    "plan is wrong or the run could not go on, 128 and the number of a signal that ended it.\n";

static bool complain_of(const char *option, const char *problem) {
    fprintf(stderr, "drill: --%s: %s\n", option, problem);
    return false;
}

static bool read_count(const char *option, uint64_t most, uint64_t *out) {
    char problem[64];
    if (number_parse(optarg, 1, most, out))
        return true;
    (void)snprintf(problem, sizeof problem, "a whole number from 1 to %llu is needed",
                   (unsigned long long)most);
    return complain_of(option, problem);
}

static bool read_timeout(int64_t *out) {
    int64_t timeout;
    if (!seconds_parse(optarg, &timeout))
        return complain_of("timeout", "seconds are needed, such as 2 or 0.5");
    *out = timeout == 0 ? CMIO_FOREVER : timeout;
    return true;
}

static bool read_base(const char **out) {
    const char *problem = url_check_base(optarg);
    if (problem != NULL)
        return complain_of("base", problem);
    *out = optarg;
    return true;
}

static bool read_backend(const char **out) {
    const char *names[BACKENDS_MAX];
    char problem[128] = "the library has only";
    size_t length = strlen(problem);
    size_t count = cmio_backends(names, BACKENDS_MAX);
    for (size_t i = 0; i < count && i < BACKENDS_MAX; i++) {
        if (strcmp(names[i], optarg) == 0) {
            *out = names[i];
            return true;
        }
        if (length < sizeof problem)
            length += (size_t)snprintf(problem + length, sizeof problem - length, " %s", names[i]);
    }
    return complain_of("backend", problem);
}

static bool read_option(int option, struct options *options) {
    switch (option) {
    case 'b':
        options->plan_path = optarg;
        return true;
    case 's':
        options->stats = true;
        return true;
    case 'j':
        options->json = true;
        return true;
    case 'q':
        options->quiet = true;
        return true;
    case 'c':
        return read_count("concurrency", CONCURRENCY_MAX, &options->concurrency);
    case 'n':
        return read_count("iterations", ITERATIONS_MAX, &options->iterations);
    case 't':
        return read_timeout(&options->timeout);
    case OPTION_BASE:
        return read_base(&options->base);
    case OPTION_BACKEND:
        return read_backend(&options->backend);
    default:
        return false; /* getopt_long() has said why */
    }
}

/* What is left once all options are read. */
static bool check(int argc, char **argv, const struct options *options) {
    if (optind < argc) {
        fprintf(stderr, "drill: what is '%s' for?\n", argv[optind]);
        return false;
    }
    if (options->plan_path == NULL)
        return complain_of("benchmark", "a plan is needed");
    return true;
}

static enum options_result print_help(void) {
    printf("%s", help);
    return OPTIONS_DONE;
}

static enum options_result print_version(void) {
    printf("drill %s\n", cmio_version());
    return OPTIONS_DONE;
}

static enum options_result complain_of_options(void) {
    fprintf(stderr, "drill: --help explains the options\n");
    return OPTIONS_BAD;
}

enum options_result options_read(int argc, char **argv, struct options *out) {
    struct options options = {.timeout = TIMEOUT_DEFAULT};
    for (;;) {
        int option = getopt_long(argc, argv, "b:sjqc:n:t:hV", long_options, NULL);
        if (option == -1)
            break;
        if (option == 'h')
            return print_help();
        if (option == 'V')
            return print_version();
        if (!read_option(option, &options))
            return complain_of_options();
    }
    if (!check(argc, argv, &options))
        return complain_of_options();
    *out = options;
    return OPTIONS_RUN;
}
