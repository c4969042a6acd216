/* SPDX-License-Identifier: MIT */
#include "framed/options.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmio/time.h>

enum { EXIT_USAGE = 2, LONGEST_SECONDS = 1000000 };

static const char default_address[] = "127.0.0.1:7779";

static int complain_of_argument(const char *program, const char *text, const char *what) {
    fprintf(stderr, "%s: '%s' is %s\n", program, text, what);
    return EXIT_USAGE;
}

static int show_help(const char *program) {
    printf("usage: %s [OPTION]... [ADDRESS]\n"
           "Sends back to every client its messages: each goes behind its length in four bytes,\n"
           "the highest first. ADDRESS is numeric, as 127.0.0.1:80 or [::1]:80; port 0 takes a\n"
           "free one. The default is %s.\n\n"
           "  --idle-timeout SECONDS  drop a client on which nothing moves for so long;\n"
           "                          0: never (60)\n"
           "  --help                  show this\n\n"
           "Once it listens it prints one line: listening on ADDRESS\n"
           "Exit status: 0 after SIGINT or SIGTERM, 1 for a failure, 2 for wrong arguments.\n",
           program, default_address);
    return EXIT_SUCCESS;
}

static bool parse_seconds(const char *text, int64_t *out) {
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds >= 0 && seconds <= LONGEST_SECONDS))
        return false;
    *out = seconds == 0 ? CMIO_FOREVER : (int64_t)(seconds * (double)CMIO_SECOND);
    return true;
}

int options_parse(struct options *options, const char *program, int argc, char **argv) {
    static const struct option known[] = {{"idle-timeout", required_argument, NULL, 'i'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    options->idle_timeout = 60 * CMIO_SECOND;
    int option;
    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (option == 'h')
            return show_help(program);
        if (option != 'i')
            return EXIT_USAGE; /* getopt_long(3) has said what is wrong */
        if (!parse_seconds(optarg, &options->idle_timeout))
            return complain_of_argument(program, optarg, "not a number of seconds");
    }
    const char *text = optind < argc ? argv[optind++] : default_address;
    if (optind < argc)
        return complain_of_argument(program, argv[optind], "one argument too many");
    if (cmio_address_parse(text, &options->address) < 0 ||
        cmio_address_family(&options->address) == AF_UNIX)
        return complain_of_argument(program, text, "not an address such as 127.0.0.1:7779");
    return -1;
}
