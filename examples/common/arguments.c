/* SPDX-License-Identifier: MIT */
#include "common/arguments.h"

#include <ctype.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmio/time.h>

#include "common/numbers.h"
#include "common/program.h"

enum {
    MOST_OPTIONS = 8,
    FIRST_OPTION = 256, /* above the characters, which getopt_long(3) uses for errors */
    OPTION_HELP = FIRST_OPTION + MOST_OPTIONS,
    LONGEST_SECONDS = 1000000,
};

int arguments_complain(const char *text, const char *what) {
    message("'%s' is %s (see --help)", text, what);
    return EXIT_USAGE;
}

/* optopt is the value of a long option, or the character of a short one. */
int arguments_complain_of_option(int chosen, int first_long, char **argv) {
    const char *text = argv[optind - 1];
    if (chosen == ':')
        message("%s needs a value (see --help)", text);
    else if (optopt >= first_long)
        message("'%s': this option takes no value (see --help)", text);
    else if (optopt != 0)
        message("unknown option '-%c' (see --help)", isprint(optopt) ? optopt : '?');
    else
        message("unknown option '%s' (see --help)", text);
    return EXIT_USAGE;
}

static int take_time(const struct argument *option, const char *text) {
    int64_t time;
    if (!duration_parse(text, &time) || time == 0)
        return arguments_complain(text, "not a time above 0, such as 10s or 500ms");
    *option->time = time;
    return -1;
}

static int take_seconds(const struct argument *option, const char *text) {
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds >= 0 && seconds <= LONGEST_SECONDS))
        return arguments_complain(text, "not a number of seconds");
    *option->seconds = seconds == 0 ? CMIO_FOREVER : (int64_t)(seconds * (double)CMIO_SECOND);
    return -1;
}

static int take_number(const struct argument *option, const char *text) {
    uint64_t number;
    char what[80];
    if (!number_parse(text, option->most, &number) || number < option->least) {
        snprintf(what, sizeof what, "not a number from %llu to %llu",
                 (unsigned long long)option->least, (unsigned long long)option->most);
        return arguments_complain(text, what);
    }
    *option->number = number;
    return -1;
}

static int take(const struct argument *option, const char *text) {
    if (option->time != NULL)
        return take_time(option, text);
    if (option->seconds != NULL)
        return take_seconds(option, text);
    if (option->number != NULL)
        return take_number(option, text);
    *option->flag = true;
    return -1;
}

int arguments_parse(const struct argument *options, const char *help, int argc, char **argv) {
    struct option known[MOST_OPTIONS + 2] = {{"help", no_argument, NULL, OPTION_HELP}};
    for (int i = 0; i < MOST_OPTIONS && options[i].name != NULL; i++)
        known[i + 1] = (struct option){
            .name = options[i].name,
            .has_arg = options[i].flag != NULL ? no_argument : required_argument,
            .val = FIRST_OPTION + i,
        };
    opterr = 0; /* the messages are ours */
    int chosen, status = -1;
    while (status < 0 && (chosen = getopt_long(argc, argv, ":h", known, NULL)) != -1) {
        if (chosen == OPTION_HELP || chosen == 'h')
            return print_text(STDOUT_FILENO, "%s", help);
        status = chosen < FIRST_OPTION ? arguments_complain_of_option(chosen, FIRST_OPTION, argv)
                                       : take(&options[chosen - FIRST_OPTION], optarg);
    }
    return status;
}

int arguments_parse_address(const char *text, struct cmio_address *out) {
    if (cmio_address_parse(text, out) == 0 && cmio_address_family(out) != AF_UNIX)
        return -1;
    return arguments_complain(text, "not an address such as 127.0.0.1:80 or [::1]:80");
}

int arguments_parse_server(const struct argument *options, const char *help,
                           const char *default_address, int argc, char **argv,
                           struct cmio_address *out) {
    int status = arguments_parse(options, help, argc, argv);
    if (status >= 0)
        return status;
    const char *text = optind < argc ? argv[optind++] : default_address;
    if (optind < argc)
        return arguments_complain(argv[optind], "one argument too many");
    return arguments_parse_address(text, out);
}
