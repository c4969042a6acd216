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
    int pipe_fds[2], received[CMIO_UNIX_FDS_MAX];
    if (pipe(pipe_fds) != 0) {
        perror("pipe");
        return 1;
    }
    ssize_t n, count;
    char byte, text[16];
    check(cmio_unix_stream_pair(&a, &b));
    check(cmio_unix_stream_send_fds(&a, "x", 1, &pipe_fds[1], 1));
    check(cmio_unix_stream_receive_fds(&b, &byte, 1, received,
                                       CMIO_UNIX_FDS_MAX, &count));
    printf("%zd byte and %zd descriptor\n", n, count);
    if (count != 1) /* none, or a negative errno: some were lost */
        return 1;
    (void)close(pipe_fds[1]);
    if (write(received[0], "through it", 10) == 10 &&
        (n = read(pipe_fds[0], text, sizeof text)) > 0)
        printf("%.*s\n", (int)n, text);
    (void)close(received[0]);
    (void)close(pipe_fds[0]);
    (void)cmio_unix_stream_close(&a);
    (void)cmio_unix_stream_close(&b);
    return n < 0;
}
