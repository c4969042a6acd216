/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <sys/uio.h>

#include <cmio/cmio.h>

/* Connects two streams over the loopback interface, which is done at
   once. Elsewhere wait for CMIO_WRITABLE. */
static int make_pair(struct cmio_tcp_stream *a,
                     struct cmio_tcp_stream *b) {
    struct cmio_tcp_listener listener;
    struct cmio_address address;
    int error;
    if ((error = cmio_address_parse("127.0.0.1:0", &address)) < 0 ||
        (error = cmio_tcp_listener_bind(&listener, &address, NULL)) <
            0)
        return error;
    if ((error = cmio_tcp_listener_local_address(&listener,
                                                 &address)) == 0 &&
        (error = cmio_tcp_stream_connect(a, &address)) == 0)
        error = cmio_tcp_listener_accept(&listener, b, NULL);
    (void)cmio_tcp_listener_close(&listener);
    return error;
}

int main(void) {
    struct cmio_tcp_stream a, b;
    struct cmio_address here, there;
    FILE *file = tmpfile();
    int error;
    if (file == NULL || fputs(", world", file) == EOF ||
        fflush(file) != 0) {
        perror("tmpfile");
        return 1;
    }
    if ((error = make_pair(&a, &b)) < 0 ||
        (error = cmio_tcp_stream_local_address(&a, &here)) < 0 ||
        (error = cmio_tcp_stream_peer_address(&b, &there)) < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(error));
        return 1;
    }
    printf("one address for both: %d\n",
           cmio_address_equal(&here, &there));

    char one[] = "hel", two[] = "lo", text[64];
    struct iovec out[] = {{one, 3}, {two, 2}},
                 in[] = {{text, 8}, {text + 8, 56}};
    printf("writev: %zd\n", cmio_tcp_stream_writev(&a, out, 2));
    printf("send_file: %zd\n",
           cmio_tcp_stream_send_file(&a, fileno(file), 0, 7));
    printf("peek: %zd\n",
           cmio_tcp_stream_peek(&b, text, sizeof text));
    const ssize_t n = cmio_tcp_stream_readv(&b, in, 2);
    printf("readv: %.*s\n", (int)n, text);
    (void)cmio_tcp_stream_close(&a);
    (void)cmio_tcp_stream_close(&b);
    (void)fclose(file);
    return n < 0;
}
