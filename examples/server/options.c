/* SPDX-License-Identifier: MIT */
#include "server/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "common/arguments.h"
#include "common/backend.h"
#include "common/numbers.h"
#include "common/program.h"

/* The build defines the path of the page: static/index.html of the source tree. */
#ifndef SLEEP_SERVER_PAGE
#error "define SLEEP_SERVER_PAGE as the page's path"
#endif

enum {
    MOST_THREADS = 1024,
    /* A request counts its sleep in 32 bits of milliseconds: some 49 days at most. */
    LONGEST_SLEEP_HOURS = 1000,
};

/* What the parsing of each option needs besides its text. */
struct parsing {
    struct options *options;
    const char *program;
    const char *summary;
    const char *host;
    uint64_t port;
};

/* Prints the one line about a wrong command line. */
__attribute__((format(printf, 1, 2))) static int complain_about(const char *format, ...) {
    char text[LINES_LONGEST];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    message("%s (see --help)", text);
    return EXIT_USAGE;
}

/* Each of these takes one option's text and returns -1, or the exit status. */

static int take_host(struct parsing *parsing, const char *text) {
    parsing->host = strcmp(text, "localhost") == 0 ? "127.0.0.1" : text;
    return -1;
}

static int take_port(struct parsing *parsing, const char *text) {
    if (!number_parse(text, UINT16_MAX, &parsing->port))
        return complain_about("--port: '%s' is not a number from 0 to 65535", text);
    return -1;
}

static int take_threads(struct parsing *parsing, const char *text) {
    uint64_t threads;
    if (!number_parse(text, MOST_THREADS, &threads) || threads == 0)
        return complain_about("--threads: '%s' is not a number from 1 to %d", text, MOST_THREADS);
    parsing->options->threads = (unsigned)threads;
    return -1;
}

static int take_backend(struct parsing *parsing, const char *text) {
    char list[128];
    backend_list(list, sizeof list);
    if (!backend_is_known(text))
        return complain_about("--backend: '%s' is not one of: %s", text, list);
    parsing->options->backend = text;
    return -1;
}

static int take_page(struct parsing *parsing, const char *text) {
    if (*text == '\0')
        return complain_about("--page: a file name is required");
    parsing->options->page = text;
    return -1;
}

static int take_max_connections(struct parsing *parsing, const char *text) {
    uint64_t most;
    if (!number_parse(text, SIZE_MAX - 1, &most) || most == 0)
        return complain_about("--max-connections: '%s' is not a number above 0", text);
    parsing->options->max_connections = (size_t)most;
    return -1;
}

static int take_duration(const char *name, const char *text, int64_t *out) {
    if (!duration_parse(text, out))
        return complain_about("%s: '%s' is not a time such as 10s, 500ms or 1h", name, text);
    return -1;
}

static int take_max_sleep(struct parsing *parsing, const char *text) {
    int64_t longest = 0;
    int status = take_duration("--max-sleep", text, &longest);
    if (status >= 0)
        return status;
    if (longest > LONGEST_SLEEP_HOURS * 60 * 60 * CMIO_SECOND)
        return complain_about("--max-sleep: '%s' is more than %dh", text, LONGEST_SLEEP_HOURS);
    parsing->options->max_sleep_ms = (uint32_t)(longest / CMIO_MILLISECOND);
    return -1;
}

static int take_header_timeout(struct parsing *parsing, const char *text) {
    return take_duration("--header-timeout", text, &parsing->options->header_timeout);
}

static int take_idle_timeout(struct parsing *parsing, const char *text) {
    return take_duration("--idle-timeout", text, &parsing->options->idle_timeout);
}

static int take_grace(struct parsing *parsing, const char *text) {
    return take_duration("--grace", text, &parsing->options->grace);
}

static int take_log(struct parsing *parsing, const char *text) {
    if (text != NULL && *text == '\0')
        return complain_about("--log=: a file name is required");
    parsing->options->log = text == NULL ? "-" : text;
    return -1;
}

static const char help[] =
    "usage: %s [OPTION]...\n"
    "%s\n"
    "\n"
    "GET /1000 sleeps for 1000 milliseconds and answers with a page.\n"
    "\n"
    "  --host ADDRESS         listen on this address, numeric or localhost (127.0.0.1)\n"
    "  --port NUMBER          listen on this port; 0 stands for a free port (6969)\n"
    "  --threads N            serve with N threads (1); sleep_server_single and\n"
    "                         sleep_server_threads ignore this\n"
    "  --backend NAME         wait with this backend, one of: %s;\n"
    "                         sleep_server_single and sleep_server_threads ignore this\n"
    "  --page FILE            answer with this page\n"
    "                         (%s)\n"
    "  --max-connections N    stop accepting while N connections are open\n"
    "                         (as many as there are descriptors)\n"
    "  --max-sleep TIME       answer 400 to a longer sleep (1h)\n"
    "  --header-timeout TIME  answer 408 to a request that takes longer to arrive;\n"
    "                         0 means no limit (10s)\n"
    "  --idle-timeout TIME    close a connection that is idle for this long;\n"
    "                         0 means never (60s)\n"
    "  --grace TIME           on SIGINT or SIGTERM, finish what is in flight within\n"
    "                         this time (10s); a second signal exits at once\n"
    "  --log[=FILE]           write a line per request to standard error or to FILE;\n"
    "                         SIGHUP opens FILE anew\n"
    "  -h, --help             print this help\n"
    "  --version              print the version\n"
    "\n"
    "TIME is in seconds, or has a unit: 500ms, 10s, 1.5m, 1h.\n"
    "\n"
    "When it is ready, it prints one line: listening on http://ADDRESS:PORT\n"
    "Exit status: 0 after a signal, 1 on failure, 2 if the command line is invalid.\n";

static int take_help(struct parsing *parsing, const char *text) {
    (void)text;
    char backends[128];
    backend_list(backends, sizeof backends);
    return print_text(STDOUT_FILENO, help, parsing->program, parsing->summary, backends,
                      SLEEP_SERVER_PAGE);
}

static int take_version(struct parsing *parsing, const char *text) {
    (void)text;
    return print_text(STDOUT_FILENO, "%s %s (cmio %s)\n", parsing->program, CMIO_VERSION_STRING,
                      cmio_version());
}

/* What getopt_long(3) returns for each. Characters are left out, because they stand for errors. */
enum {
    OPTION_HOST = 256,
    OPTION_PORT,
    OPTION_THREADS,
    OPTION_BACKEND,
    OPTION_PAGE,
    OPTION_MAX_CONNECTIONS,
    OPTION_MAX_SLEEP,
    OPTION_HEADER_TIMEOUT,
    OPTION_IDLE_TIMEOUT,
    OPTION_GRACE,
    OPTION_LOG,
    OPTION_HELP,
    OPTION_VERSION,
};

static const struct option long_options[] = {
    {"host", required_argument, NULL, OPTION_HOST},
    {"port", required_argument, NULL, OPTION_PORT},
    {"threads", required_argument, NULL, OPTION_THREADS},
    {"backend", required_argument, NULL, OPTION_BACKEND},
    {"page", required_argument, NULL, OPTION_PAGE},
    {"max-connections", required_argument, NULL, OPTION_MAX_CONNECTIONS},
    {"max-sleep", required_argument, NULL, OPTION_MAX_SLEEP},
    {"header-timeout", required_argument, NULL, OPTION_HEADER_TIMEOUT},
    {"idle-timeout", required_argument, NULL, OPTION_IDLE_TIMEOUT},
    {"grace", required_argument, NULL, OPTION_GRACE},
    {"log", optional_argument, NULL, OPTION_LOG},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

static int (*const takers[])(struct parsing *parsing, const char *text) = {
    [OPTION_HOST - OPTION_HOST] = take_host,
    [OPTION_PORT - OPTION_HOST] = take_port,
    [OPTION_THREADS - OPTION_HOST] = take_threads,
    [OPTION_BACKEND - OPTION_HOST] = take_backend,
    [OPTION_PAGE - OPTION_HOST] = take_page,
    [OPTION_MAX_CONNECTIONS - OPTION_HOST] = take_max_connections,
    [OPTION_MAX_SLEEP - OPTION_HOST] = take_max_sleep,
    [OPTION_HEADER_TIMEOUT - OPTION_HOST] = take_header_timeout,
    [OPTION_IDLE_TIMEOUT - OPTION_HOST] = take_idle_timeout,
    [OPTION_GRACE - OPTION_HOST] = take_grace,
    [OPTION_LOG - OPTION_HOST] = take_log,
    [OPTION_HELP - OPTION_HOST] = take_help,
    [OPTION_VERSION - OPTION_HOST] = take_version,
};

static int parse_address(const struct parsing *parsing) {
    const char *host = parsing->host;
    bool is_v6 = strchr(host, ':') != NULL && host[0] != '[';
    char text[CMIO_ADDRESS_TEXT_MAX];
    int length =
        snprintf(text, sizeof text, is_v6 ? "[%s]:%u" : "%s:%u", host, (unsigned)parsing->port);
    if (length >= (int)sizeof text || strncmp(text, "unix:", 5) == 0 ||
        cmio_address_parse(text, &parsing->options->address) < 0)
        return complain_about("--host: '%s' is not a numeric IPv4 or IPv6 address", host);
    return -1;
}

static int parse_options(struct parsing *parsing, int argc, char **argv) {
    opterr = 0; /* the messages are ours */
    int chosen;
    while ((chosen = getopt_long(argc, argv, ":h", long_options, NULL)) != -1) {
        if (chosen == 'h')
            chosen = OPTION_HELP;
        int status = chosen < OPTION_HOST ? arguments_complain_of_option(chosen, OPTION_HOST, argv)
                                          : takers[chosen - OPTION_HOST](parsing, optarg);
        if (status >= 0)
            return status;
    }
    if (optind < argc)
        return complain_about("'%s' is not an option%s", argv[optind],
                              parsing->options->log != NULL ? "; to name a log file, use --log=FILE"
                                                            : "");
    return parse_address(parsing);
}

static void note_ignored(const char *name) {
    message("%s has no effect here and is ignored", name);
}

int options_parse(struct options *options, enum options_kind kind, const char *program,
                  const char *summary, int argc, char **argv) {
    *options = (struct options){
        .threads = 1,
        .page = SLEEP_SERVER_PAGE,
        .max_connections = SIZE_MAX,
        .max_sleep_ms = 60 * 60 * 1000,
        .header_timeout = 10 * CMIO_SECOND,
        .idle_timeout = 60 * CMIO_SECOND,
        .grace = 10 * CMIO_SECOND,
    };
    struct parsing parsing = {
        .options = options,
        .program = program,
        .summary = summary,
        .host = "127.0.0.1",
        .port = 6969,
    };
    int status = parse_options(&parsing, argc, argv);
    if (status < 0 && kind == OPTIONS_BLOCKING) {
        if (options->threads > 1)
            note_ignored("--threads");
        if (options->backend != NULL)
            note_ignored("--backend");
    }
    return status;
}
