/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmio/cmio.h>

/* Makes a stream of a socket that the program opened by itself, and
   takes the socket out of it again. */
int main(void) {
    struct cmio_tcp_stream stream;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) {
        perror("socket");
        return 1;
    }
    int error = cmio_tcp_stream_from_fd(&stream, fd);
    if (error < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(error));
        (void)close(fd); /* still the program's */
        return 1;
    }
    error = cmio_tcp_stream_take_error(&stream);
    printf("adopted %d, pending: %s\n", cmio_tcp_stream_fd(&stream),
           cmio_strerror(error));
    const int mine = cmio_tcp_stream_into_fd(&stream);
    printf("the program's again: %s\n", mine == fd ? "yes" : "no");
    (void)close(mine);
    return 0;
}
