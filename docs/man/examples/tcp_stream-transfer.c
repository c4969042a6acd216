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

/* On the loopback interface a connection is there at once. Elsewhere
   wait for CMIO_WRITABLE. */
static void make_pair(struct cmio_tcp_stream *a,
                      struct cmio_tcp_stream *b) {
    struct cmio_tcp_listener listener;
    struct cmio_address address;
    check(cmio_address_parse("127.0.0.1:0", &address));
    check(cmio_tcp_listener_bind(&listener, &address, NULL));
    check(cmio_tcp_listener_local_address(&listener, &address));
    check(cmio_tcp_stream_connect(a, &address));
    check(cmio_tcp_listener_accept(&listener, b, NULL));
    check(cmio_tcp_listener_close(&listener));
}

int main(void) {
    struct cmio_tcp_stream a, b;
    struct cmio_address here, there;
    make_pair(&a, &b);
    check(cmio_tcp_stream_local_address(&a, &here));
    check(cmio_tcp_stream_peer_address(&b, &there));
    printf("equal: %d\n", cmio_address_equal(&here, &there));

    char one[] = "hel", two[] = "lo, ", text[64];
    const struct iovec out[] = {{one, 3}, {two, 4}};
    const struct iovec in[] = {{text, 8}, {text + 8, 56}};
    check(cmio_tcp_stream_writev(&a, out, 2));
    FILE *file = tmpfile();
    if (file == NULL || fputs("world", file) == EOF ||
        fflush(file) == EOF)
        return 1;
    check(cmio_tcp_stream_send_file(&a, fileno(file), 0, 5));
    printf("peek: %zd\n", cmio_tcp_stream_peek(&b, text, sizeof text));
    const ssize_t n = check(cmio_tcp_stream_readv(&b, in, 2));
    printf("readv: %.*s\n", (int)n, text);
    (void)fclose(file);
    (void)cmio_tcp_stream_close(&a);
    (void)cmio_tcp_stream_close(&b);
    return 0;
}
