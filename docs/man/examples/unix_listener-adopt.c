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

/* A listener goes from hand to hand as a descriptor, as between a
   supervisor and the program that it starts. */
int main(void) {
    struct cmio_unix_listener first, second;
    struct cmio_address address;
    char text[CMIO_ADDRESS_TEXT_MAX];
    check(cmio_address_parse("unix:adopt.sock", &address));
    check(cmio_unix_listener_bind(&first, &address, NULL));
    const int fd = cmio_unix_listener_into_fd(&first);
    check(fd);
    check(cmio_unix_listener_from_fd(&second, fd));
    check(cmio_unix_listener_local_address(&second, &address));
    check(cmio_address_format(&address, text, sizeof text));
    check(cmio_unix_listener_take_error(&second));
    printf("%s, the same descriptor: %s\n", text,
           cmio_unix_listener_fd(&second) == fd ? "yes" : "no");
    (void)unlink("adopt.sock");
    return cmio_unix_listener_close(&second) < 0;
}
