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

/* The long options that have no short form; those from OPTION_COMPARE on are refused. */
enum {
    OPTION_BASE = 256,
    OPTION_BACKEND,
    OPTION_TAGS,
    OPTION_SKIP_TAGS,
    OPTION_LIST_TAGS,
    OPTION_COMPARE,
    OPTION_THRESHOLD,
    OPTION_REPORT,
    OPTION_NANOSEC,
    OPTION_VERBOSE,
    OPTION_NO_CHECK_CERTIFICATE,
    OPTION_RELAXED_INTERPOLATIONS,
    OPTION_LIST_TASKS,
    OPTIONS_END,
};

/*
 * The options of fcsonline/drill that this program lacks. Their letters have no meaning here, so a
 * command line written for fcsonline/drill never does something else.
 */
static const struct {
    int letter;       /* 0 for none */
    const char *name; /* of the long option */
    const char *hint;
} refused[OPTIONS_END - OPTION_COMPARE] = {
    [OPTION_COMPARE - OPTION_COMPARE] = {'c', "compare", "; for --concurrency use -C"},
    [OPTION_THRESHOLD - OPTION_COMPARE] = {'t', "threshold", "; for --timeout use -o"},
    [OPTION_REPORT - OPTION_COMPARE] = {'r', "report", "; --json has all figures"},
    [OPTION_NANOSEC -
        OPTION_COMPARE] = {'n', "nanosec", ": --json has nanoseconds; for --iterations use -N"},
    [OPTION_VERBOSE - OPTION_COMPARE] = {'v', "verbose", ""},
    [OPTION_NO_CHECK_CERTIFICATE - OPTION_COMPARE] = {0, "no-check-certificate", ": no HTTPS"},
    [OPTION_RELAXED_INTERPOLATIONS - OPTION_COMPARE] = {0, "relaxed-interpolations", ""},
    [OPTION_LIST_TASKS - OPTION_COMPARE] = {0, "list-tasks", ""},
};

static const char short_options[] = "b:sjqC:N:d:R:o:hVcntrv";

static const struct option long_options[] = {
    {"benchmark", required_argument, NULL, 'b'},
    {"stats", no_argument, NULL, 's'},
    {"json", no_argument, NULL, 'j'},
    {"quiet", no_argument, NULL, 'q'},
    {"base", required_argument, NULL, OPTION_BASE},
    {"concurrency", required_argument, NULL, 'C'},
    {"iterations", required_argument, NULL, 'N'},
    {"duration", required_argument, NULL, 'd'},
    {"rate", required_argument, NULL, 'R'},
    {"timeout", required_argument, NULL, 'o'},
    {"tags", required_argument, NULL, OPTION_TAGS},
    {"skip-tags", required_argument, NULL, OPTION_SKIP_TAGS},
    {"list-tags", no_argument, NULL, OPTION_LIST_TAGS},
    {"backend", required_argument, NULL, OPTION_BACKEND},
    {"compare", required_argument, NULL, OPTION_COMPARE},
    {"threshold", required_argument, NULL, OPTION_THRESHOLD},
    {"report", required_argument, NULL, OPTION_REPORT},
    {"nanosec", no_argument, NULL, OPTION_NANOSEC},
    {"verbose", no_argument, NULL, OPTION_VERBOSE},
    {"no-check-certificate", no_argument, NULL, OPTION_NO_CHECK_CERTIFICATE},
    {"relaxed-interpolations", no_argument, NULL, OPTION_RELAXED_INTERPOLATIONS},
    {"list-tasks", no_argument, NULL, OPTION_LIST_TASKS},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "usage: drill --benchmark PLAN [options]\n"
    "\n"
    "Runs the requests of a plan against a server and reports the results.\n"
    "\n"
    "  -b, --benchmark PLAN   the plan, a YAML file\n"
    "  -s, --stats            report latencies too, also per item if the plan has several\n"
    "  -j, --json             print the whole report as JSON\n"
    "  -q, --quiet            no live line, and no report without --stats or --json\n"
    "      --base URL         the base of the plan's relative urls\n"
    "  -C, --concurrency N    how many iterations run at once\n"
    "  -N, --iterations N     how many times the plan runs\n"
    "  -d, --duration SECONDS begin no request after this time\n"
    "  -R, --rate N           begin this many iterations per second, even if the server is slow\n"
    "  -o, --timeout SECONDS  how long a request may take; 0 means no limit (60)\n"
    "      --tags A,B         run only items with one of these tags\n"
    "      --skip-tags A,B    skip items with one of these tags\n"
    "      --list-tags        print all tags of the plan and run nothing\n"
    "      --backend NAME     wait for readiness with this backend\n"
    "  -h, --help             print this help\n"
    "  -V, --version          print the version\n"
    "\n"
    "Exit status: 0 if every request succeeded, 1 if one failed, 2 if the command line or the\n"
    "plan is invalid or the run could not continue, 128 plus the number of a signal that ended\n"
    "it.\n";

static bool complain_of(const char *option, const char *problem) {
    fprintf(stderr, "drill: --%s: %s\n", option, problem);
    return false;
}

static bool read_count(const char *option, uint64_t most, uint64_t *out) {
    char problem[64];
    if (number_parse(optarg, 1, most, out))
        return true;
    (void)snprintf(problem, sizeof problem, "must be a whole number from 1 to %llu",
                   (unsigned long long)most);
    return complain_of(option, problem);
}

/* Reads seconds, or a rate, which is written in the same way. */
static bool read_positive(const char *option, const char *needed, int64_t *out) {
    int64_t value;
    if (!seconds_parse(optarg, &value) || value == 0)
        return complain_of(option, needed);
    *out = value;
    return true;
}

static bool read_timeout(int64_t *out) {
    int64_t timeout;
    if (!seconds_parse(optarg, &timeout))
        return complain_of("timeout", "must be a number of seconds, such as 2 or 0.5");
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
    char problem[128] = "must be one of:";
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

/* Prints why an option of fcsonline/drill is refused. For others, getopt_long() has printed it. */
static bool refuse(int option) {
    for (int i = 0; i < OPTIONS_END - OPTION_COMPARE; i++) {
        bool is_letter = refused[i].letter != 0 && option == refused[i].letter;
        if (!is_letter && option != OPTION_COMPARE + i)
            continue;
        fprintf(stderr, "drill: ");
        if (is_letter)
            fprintf(stderr, "-%c: ", option);
        fprintf(stderr, "--%s of fcsonline/drill is not supported%s\n", refused[i].name,
                refused[i].hint);
    }
    return false;
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
    case 'C':
        return read_count("concurrency", CONCURRENCY_MAX, &options->concurrency);
    case 'N':
        return read_count("iterations", ITERATIONS_MAX, &options->iterations);
    case 'd':
        return read_positive("duration", "must be a number of seconds, such as 2 or 0.5",
                             &options->duration);
    case 'R':
        return read_positive("rate", "must be a number above 0 and at most 1000000, such as 100",
                             &options->rate);
    case 'o':
        return read_timeout(&options->timeout);
    case OPTION_BASE:
        return read_base(&options->base);
    case OPTION_TAGS:
        options->tags.wanted = optarg;
        return true;
    case OPTION_SKIP_TAGS:
        options->tags.skipped = optarg;
        return true;
    case OPTION_LIST_TAGS:
        options->lists_tags = true;
        return true;
    case OPTION_BACKEND:
        return read_backend(&options->backend);
    default:
        return refuse(option);
    }
}

static bool check_tags(const struct tag_filter *tags) {
    const char *tag = NULL;
    size_t length = 0;
    char shown[QUOTED_MAX];
    if (!tags_conflict(tags, &tag, &length))
        return true;
    fprintf(stderr, "drill: %s is in both --tags and --skip-tags\n", quoted(tag, length, shown));
    return false;
}

/* The checks that need all options. */
static bool check(int argc, char **argv, const struct options *options) {
    if (optind < argc) {
        fprintf(stderr, "drill: unexpected argument '%s'\n", argv[optind]);
        return false;
    }
    if (options->plan_path == NULL || options->plan_path[0] == '\0')
        return complain_of("benchmark", "a plan is required");
    return check_tags(&options->tags);
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
    fprintf(stderr, "drill: see --help for the options\n");
    return OPTIONS_BAD;
}

enum options_result options_read(int argc, char **argv, struct options *out) {
    static char name[] = "drill";
    struct options options = {.timeout = TIMEOUT_DEFAULT};
    if (argc > 0)
        argv[0] = name; /* so that messages of getopt_long() begin like ours */
    for (;;) {
        int option = getopt_long(argc, argv, short_options, long_options, NULL);
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
