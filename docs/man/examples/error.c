/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include <cmio/cmio.h>

int main(void) {
    struct cmio_address address;
    const int error = cmio_address_parse("127.0.0.1", &address);
    if (error <
        0) /* a negative errno value; errno itself says nothing */
        printf("an address without a port: %s\n",
               cmio_strerror(error));

    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
    if (cmio_pipe_new(&sender, &receiver) < 0)
        return 1;
    char buffer[16];
    const ssize_t n =
        cmio_pipe_receiver_read(&receiver, buffer, sizeof buffer);
    if (n == -EAGAIN)
        printf("an empty pipe: %s\n", cmio_strerror(n));
    (void)cmio_pipe_sender_close(&sender);
    (void)cmio_pipe_receiver_close(&receiver);
    return 0;
}
