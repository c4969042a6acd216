/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/cmio.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

int main(void) {
    struct cmio_unix_datagram a, b;
    struct cmio_address peer;
    char text[16];
    check(cmio_unix_datagram_pair(&a, &b));
    check(cmio_unix_datagram_peer_address(&a, &peer));
    printf("unnamed peer: %d\n", cmio_address_is_unnamed(&peer));
    (void)cmio_unix_datagram_send(&a, "one", 3);
    (void)cmio_unix_datagram_send(&a, "two", 3);
    for (int i = 0; i < 2; i++) { /* each comes as it was sent */
        const ssize_t n =
            cmio_unix_datagram_recv(&b, text, sizeof text, NULL);
        printf("%.*s\n", (int)n, text);
    }
    check(cmio_unix_datagram_shutdown(&a, CMIO_SHUTDOWN_WRITE));
    const ssize_t n = cmio_unix_datagram_send(&a, "three", 5);
    printf("after the shutdown: %s\n", cmio_strerror(n));
    (void)cmio_unix_datagram_close(&a);
    (void)cmio_unix_datagram_close(&b);
    return 0;
}
