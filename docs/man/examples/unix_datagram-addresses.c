/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmio/cmio.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* Who is bound has an address that others send and answer to. */
int main(void) {
    struct cmio_unix_datagram a, b, c;
    struct cmio_address to, from;
    char text[16], name[CMIO_ADDRESS_TEXT_MAX];
    ssize_t n;
    check(cmio_address_from_path("a.sock", &from));
    check(cmio_unix_datagram_bind(&a, &from));
    check(cmio_address_from_path("b.sock", &to));
    check(cmio_unix_datagram_bind(&b, &to));
    check(cmio_unix_datagram_local_address(&b, &to));
    check(cmio_unix_datagram_send_to(&a, "hello", 5, &to));
    n = check(cmio_unix_datagram_peek(&b, text, sizeof text, NULL));
    printf("the next has %zd bytes\n", n);
    check(cmio_unix_datagram_peek_from(&b, text, sizeof text, &from,
                                       NULL));
    n = cmio_unix_datagram_recv_from(&b, text, sizeof text, &from, NULL);
    check(n);
    check(cmio_address_format(&from, name, sizeof name));
    printf("%.*s from %s\n", (int)n, text, name);

    const int fd = (int)check(cmio_unix_datagram_into_fd(&b));
    check(cmio_unix_datagram_from_fd(&c, fd));
    printf("moved: %d, pending: %s\n", cmio_unix_datagram_fd(&c) == fd,
           cmio_strerror(cmio_unix_datagram_take_error(&c)));
    (void)unlink("a.sock");
    (void)unlink("b.sock");
    (void)cmio_unix_datagram_close(&a);
    (void)cmio_unix_datagram_close(&c);
    return 0;
}
