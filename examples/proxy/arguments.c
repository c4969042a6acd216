/* SPDX-License-Identifier: MIT */
#include "proxy/arguments.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2 };

int arguments_parse(struct arguments *arguments, const char *program, int argc, char **argv) {
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
    struct cmio_address *const out[] = {&arguments->listen, &arguments->target};
    switch (getopt_long(argc, argv, "", options, NULL)) {
    case -1:
        break;
    case 'h':
        printf(
            "usage: %s [--help] LISTEN TARGET\n"
            "Passes bytes between every client of LISTEN and a connection to TARGET, both ways.\n"
            "Each is a numeric address, as 127.0.0.1:80 or [::1]:80, or unix:/path; port 0 of\n"
            "LISTEN takes a free one, and a socket file that nobody listens on is replaced.\n\n"
            "Once it listens it prints one line: listening on ADDRESS\n"
            "Exit status: 0 after SIGINT or SIGTERM, 1 for a failure, 2 for wrong arguments.\n",
            program);
        return EXIT_SUCCESS;
    default: /* getopt_long(3) has said what is wrong */
        return EXIT_USAGE;
    }
    if (argc - optind != 2) {
        fprintf(stderr, "%s: needs LISTEN and TARGET, see --help\n", program);
        return EXIT_USAGE;
    }
    for (int i = 0; i < 2; i++)
        if (cmio_address_parse(argv[optind + i], out[i]) < 0) {
            fprintf(stderr, "%s: '%s' is not an address, see --help\n", program, argv[optind + i]);
            return EXIT_USAGE;
        }
    return -1;
}
