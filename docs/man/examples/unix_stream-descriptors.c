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

/* Passes the writing end of a pipe through a stream, and uses it. */
int main(void) {
    struct cmio_unix_stream a, b;
    int fds[2], received[CMIO_UNIX_FDS_MAX];
    char byte, text[16];
    ssize_t count;
    if (pipe(fds) != 0) {
        perror("pipe");
        return 1;
    }
    check(cmio_unix_stream_pair(&a, &b));
    check(cmio_unix_stream_send_fds(&a, "x", 1, &fds[1], 1));
    (void)close(fds[1]); /* the other side gets a duplicate */
    check(cmio_unix_stream_receive_fds(&b, &byte, 1, received,
                                       CMIO_UNIX_FDS_MAX, &count));
    check(count); /* negative: some could not be received */
    printf("received with 1 byte: %zd descriptor\n", count);

    if (write(received[0], "through it", 10) != 10)
        return 1;
    const ssize_t n = read(fds[0], text, sizeof text);
    printf("%.*s\n", (int)n, text);
    (void)close(received[0]);
    (void)close(fds[0]);
    (void)cmio_unix_stream_close(&a);
    (void)cmio_unix_stream_close(&b);
    return n < 0;
}
