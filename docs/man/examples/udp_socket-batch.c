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

enum { COUNT = 3 };

int main(void) {
    struct cmio_udp_socket socket;
    struct cmio_address address;
    char out[COUNT][8], in[COUNT][8];
    struct cmio_udp_message sent[COUNT], received[COUNT];
    check(cmio_address_parse("127.0.0.1:0", &address));
    check(cmio_udp_socket_bind(&socket, &address, NULL));
    check(cmio_udp_socket_local_address(&socket, &address));
    for (int i = 0; i < COUNT; i++) {
        const int length = snprintf(out[i], sizeof out[i], "no. %d", i);
        sent[i] = (struct cmio_udp_message){.buffer = out[i],
                                            .size = (size_t)length,
                                            .address = address};
        received[i] = (struct cmio_udp_message){.buffer = in[i],
                                                .size = sizeof in[i]};
    }
    /* To itself. If fewer went out, the rest is sent later. */
    printf("sent %d of %d\n",
           cmio_udp_socket_send_batch(&socket, sent, COUNT), COUNT);
    const int n = cmio_udp_socket_recv_batch(&socket, received, COUNT);
    for (int i = 0; i < n; i++)
        printf("%.*s%s\n", (int)received[i].length, in[i],
               received[i].truncated ? ", cut" : "");
    (void)cmio_udp_socket_close(&socket);
    return n < 0;
}
