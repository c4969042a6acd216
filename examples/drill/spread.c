/* SPDX-License-Identifier: MIT */
#include "spread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * On Linux this option makes bind(2) leave the port to connect(2), which can take a port that is in
 * use towards another server. If the option is unknown, it fails, and the system chooses the
 * address.
 */
#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT (-1)
#endif

/* How many addresses are taken in turn: 127.0.0.1 to 127.0.0.255. */
enum { ADDRESSES = 255 };

/* A socket that is bound to 127.0.0.1 + offset, or a negative errno. */
static int open_bound(uint32_t offset) {
    const int on = 1;
    const struct sockaddr_in source = {.sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK + offset)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return -errno;
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) == 0 &&
        bind(fd, (const struct sockaddr *)&source, sizeof source) == 0 &&
        fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
        return fd;
    int error = -errno;
    (void)close(fd); /* nothing was sent */
    return error;
}

static int connect_bound(struct cmio_tcp_stream *stream, const struct cmio_address *address,
                         int fd) {
    socklen_t length = 0;
    const struct sockaddr *peer = cmio_address_sockaddr(address, &length);
    int error = 0;
    if (connect(fd, peer, length) != 0 && errno != EINPROGRESS)
        error = -errno;
    if (error == 0)
        error = cmio_tcp_stream_from_fd(stream, fd);
    if (error < 0)
        (void)close(fd); /* nothing was sent */
    return error;
}

int spread_connect(struct cmio_tcp_stream *stream, const struct cmio_address *address,
                   uint32_t number) {
    bool spreads = number >= SPREAD_CLIENTS && cmio_address_family(address) == AF_INET &&
                   cmio_address_is_loopback(address);
    int fd = spreads ? open_bound(number / SPREAD_CLIENTS % ADDRESSES) : -1;
    return fd < 0 ? cmio_tcp_stream_connect(stream, address) : connect_bound(stream, address, fd);
}
