/* SPDX-License-Identifier: MIT */
#include <errno.h>
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
    struct cmio_address address;
    const int error = cmio_address_parse("127.0.0.1", &address);
    if (error < 0) /* a negative errno value */
        printf("an address without a port: %s\n", cmio_strerror(error));

    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
    check(cmio_pipe_new(&sender, &receiver));
    char buffer[16];
    const ssize_t n =
        cmio_pipe_receiver_read(&receiver, buffer, sizeof buffer);
    if (n == -EAGAIN)
        printf("an empty pipe: %s\n", cmio_strerror(n));
    (void)cmio_pipe_sender_close(&sender);
    (void)cmio_pipe_receiver_close(&receiver);
    return 0;
}
