/* SPDX-License-Identifier: MIT */
#include "async/arguments.h"

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/numbers.h"

enum { MOST_OPTIONS = 8, OPTION_HELP = MOST_OPTIONS };

int arguments_complain(const char *program, const char *text, const char *what) {
    fprintf(stderr, "%s: '%s' is %s (see --help)\n", program, text, what);
    return EXIT_USAGE;
}

static int take_time(const char *program, const struct argument *option, const char *text) {
    int64_t time;
    if (!duration_parse(text, &time) || time == 0)
        return arguments_complain(program, text, "not a time above 0, such as 10s or 500ms");
    *option->time = time;
    return -1;
}

static int take_number(const char *program, const struct argument *option, const char *text) {
    uint64_t number;
    char what[80];
    if (!number_parse(text, option->most, &number) || number < option->least) {
        snprintf(what, sizeof what, "not a number from %llu to %llu",
                 (unsigned long long)option->least, (unsigned long long)option->most);
        return arguments_complain(program, text, what);
    }
    *option->number = number;
    return -1;
}

int arguments_parse(const char *program, const struct argument *options, const char *help, int argc,
                    char **argv) {
    struct option known[MOST_OPTIONS + 2] = {{"help", no_argument, NULL, OPTION_HELP}};
    for (int i = 0; i < MOST_OPTIONS && options[i].name != NULL; i++)
        known[i + 1] = (struct option){options[i].name, required_argument, NULL, i};
    int chosen, status = -1;
    while (status < 0 && (chosen = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (chosen == OPTION_HELP)
            return fputs(help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        if (chosen == '?')
            return EXIT_USAGE; /* getopt_long(3) has said what is wrong */
        const struct argument *option = &options[chosen];
        status = option->time != NULL ? take_time(program, option, optarg)
                                      : take_number(program, option, optarg);
    }
    return status;
}

int arguments_parse_address(const char *program, const char *text, struct cmio_address *out) {
    if (cmio_address_parse(text, out) == 0 && cmio_address_family(out) != AF_UNIX)
        return -1;
    return arguments_complain(program, text, "not an address such as 127.0.0.1:80 or [::1]:80");
}

int arguments_parse_server(const char *program, const struct argument *options, const char *help,
                           const char *default_address, int argc, char **argv,
                           struct cmio_address *out) {
    int status = arguments_parse(program, options, help, argc, argv);
    if (status >= 0)
        return status;
    const char *text = optind < argc ? argv[optind++] : default_address;
    if (optind < argc)
        return arguments_complain(program, argv[optind], "one argument too many");
    return arguments_parse_address(program, text, out);
}
