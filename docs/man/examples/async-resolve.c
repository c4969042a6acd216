/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/executor.h>
#include <cmio/async/resolve.h>
#include <cmio/error.h>

enum { ROOM = 8 };

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* usage: resolve [HOST]   A number needs no name server. */
int main(int argc, char **argv) {
    const char *host = argc > 1 ? argv[1] : "::1";
    struct cmio_address addresses[ROOM];
    struct cmio_resolve_future resolve;
    check(cmio_resolve_future_init(&resolve, host, 80, addresses, ROOM));
    const ssize_t count = check(cmio_block_on(NULL, &resolve.future));
    for (ssize_t i = 0; i < count && i < ROOM; i++) {
        char text[CMIO_ADDRESS_TEXT_MAX];
        check(cmio_address_format(&addresses[i], text, sizeof text));
        printf("%s: %s\n", host, text);
    }
    return 0;
}
