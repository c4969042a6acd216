/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
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

/* Adopts both ends of a pipe(2), and gives them back. */
int main(void) {
    struct cmio_pipe_sender sender;
    struct cmio_pipe_receiver receiver;
    int fds[2];
    if (pipe(fds) != 0) {
        perror("pipe");
        return 1;
    }
    check(cmio_pipe_receiver_from_fd(&receiver, fds[0]));
    check(cmio_pipe_sender_from_fd(&sender, fds[1]));
    char head[] = "2 ", body[] = "ok", number[2], text[16];
    const struct iovec out[] = {{head, 2}, {body, 2}};
    const struct iovec in[] = {{number, 2}, {text, sizeof text}};
    printf("wrote %zd to %d\n", cmio_pipe_sender_writev(&sender, out, 2),
           cmio_pipe_sender_fd(&sender));
    const ssize_t n = cmio_pipe_receiver_readv(&receiver, in, 2);
    if (n >= 2)
        printf("%d had %.*s\n", cmio_pipe_receiver_fd(&receiver),
               (int)(n - 2), text);
    (void)close(cmio_pipe_sender_into_fd(&sender));
    (void)close(cmio_pipe_receiver_into_fd(&receiver));
    return n < 0;
}
