/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <unistd.h>

#include <cmio/cmio.h>

/* A listener goes from hand to hand as a descriptor, as between a
   supervisor and the program that it starts. */
int main(void) {
    struct cmio_unix_listener first, second;
    struct cmio_address address;
    char text[CMIO_ADDRESS_TEXT_MAX];
    int error;
    if ((error = cmio_address_parse("unix:adopt.sock", &address)) <
            0 ||
        (error = cmio_unix_listener_bind(&first, &address, NULL)) <
            0)
        goto failed;
    const int fd = cmio_unix_listener_into_fd(&first);
    if ((error = fd) < 0 ||
        (error = cmio_unix_listener_from_fd(&second, fd)) < 0 ||
        (error = cmio_unix_listener_local_address(&second,
                                                  &address)) < 0 ||
        (error = cmio_address_format(&address, text, sizeof text)) <
            0 ||
        (error = cmio_unix_listener_take_error(&second)) < 0)
        goto failed;
    printf("%s, the same descriptor: %s\n", text,
           cmio_unix_listener_fd(&second) == fd ? "yes" : "no");
    (void)unlink("adopt.sock");
    return cmio_unix_listener_close(&second) < 0;
failed:
    fprintf(stderr, "%s\n", cmio_strerror(error));
    (void)unlink("adopt.sock");
    return 1;
}
