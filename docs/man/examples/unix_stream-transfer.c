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

int main(void) {
    struct cmio_unix_stream a, b, adopted;
    struct cmio_address local, peer;
    check(cmio_unix_stream_pair(&a, &b));
    check(cmio_unix_stream_local_address(&a, &local));
    check(cmio_unix_stream_peer_address(&a, &peer));
    printf("unnamed: %d and %d\n", cmio_address_is_unnamed(&local),
           cmio_address_is_unnamed(&peer));

    char head[] = "2 ", body[] = "ok", number[2], text[16];
    const struct iovec out[] = {{head, 2}, {body, 2}};
    const struct iovec in[] = {{number, 2}, {text, sizeof text}};
    printf("writev: %zd\n", cmio_unix_stream_writev(&a, out, 2));
    printf("peek: %zd\n", cmio_unix_stream_peek(&b, text, sizeof text));
    printf("readv: %zd\n", cmio_unix_stream_readv(&b, in, 2));

    const int fd = (int)check(cmio_unix_stream_into_fd(&b));
    check(cmio_unix_stream_from_fd(&adopted, fd));
    printf("moved: %d, pending: %s\n",
           cmio_unix_stream_fd(&adopted) == fd,
           cmio_strerror(cmio_unix_stream_take_error(&adopted)));
    (void)cmio_unix_stream_close(&adopted);
    (void)cmio_unix_stream_close(&a);
    return 0;
}
