/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmio/cmio.h>

int main(void) {
    struct cmio_unix_stream a, b, adopted;
    struct cmio_address local, peer;
    int error;
    if ((error = cmio_unix_stream_pair(&a, &b)) < 0 ||
        (error = cmio_unix_stream_local_address(&a, &local)) < 0 ||
        (error = cmio_unix_stream_peer_address(&a, &peer)) < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(error));
        return 1;
    }
    printf("unnamed: %d and %d\n", cmio_address_is_unnamed(&local),
           cmio_address_is_unnamed(&peer));

    char head[] = "2 ", body[] = "ok", number[2], text[16];
    const struct iovec out[] = {{head, 2}, {body, 2}};
    const struct iovec in[] = {{number, 2}, {text, sizeof text}};
    printf("writev: %zd\n", cmio_unix_stream_writev(&a, out, 2));
    printf("peek: %zd\n",
           cmio_unix_stream_peek(&b, text, sizeof text));
    printf("readv: %zd\n", cmio_unix_stream_readv(&b, in, 2));

    const int fd = cmio_unix_stream_into_fd(&b);
    if ((error = cmio_unix_stream_from_fd(&adopted, fd)) < 0) {
        (void)close(fd);
        return 1;
    }
    printf("moved: %d, pending: %s\n",
           cmio_unix_stream_fd(&adopted) == fd,
           cmio_strerror(cmio_unix_stream_take_error(&adopted)));
    (void)cmio_unix_stream_close(&adopted);
    (void)cmio_unix_stream_close(&a);
    return 0;
}
