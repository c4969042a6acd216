/* SPDX-License-Identifier: MIT */
#include "net/datagram.h"

#include <errno.h>
#include <sys/socket.h>

#include "core/source.h"
#include "net/socket.h"
#include "posix/socket.h"

int cmio__datagram_connect(struct cmio_source *source, const struct cmio_address *address) {
    const int fd = cmio__net_fd(source);
    return fd < 0 ? fd : cmio__socket_connect(fd, &address->u.any, address->length);
}

ssize_t cmio__datagram_send_to(struct cmio_source *source, const void *buffer, size_t length,
                               const struct cmio_address *address) {
    const int fd = cmio__net_fd_if(source, cmio__net_is_buffer(buffer, length));
    if (fd < 0)
        return fd;
    ssize_t result = cmio__socket_send_to(fd, buffer, length, &address->u.any, address->length);
    return cmio__source_io(source, CMIO_WRITABLE, result, length);
}

/* On some systems an unnamed Unix sender has no address at all. */
static void give_sender(const union cmio__any_address *from, socklen_t length,
                        struct cmio_address *peer) {
    if (cmio_address_from_sockaddr(&from->any, length, peer) < 0)
        (void)cmio_address_parse("unix:", peer);
}

/* Whatever arrived is one datagram. Even an empty one takes a place in the queue. */
static ssize_t receive_datagram(struct cmio_source *source, void *buffer, size_t length, int flags,
                                struct cmio_address *peer, bool *truncated) {
    union cmio__any_address from;
    socklen_t from_length = peer == NULL ? 0 : sizeof from;
    bool did_not_fit;
    const int fd = cmio__net_fd_if(source, cmio__net_is_buffer(buffer, length));
    if (fd < 0)
        return fd;
    const ssize_t result = cmio__socket_receive_from(
        fd, buffer, length, flags, peer == NULL ? NULL : &from.any, &from_length, &did_not_fit);
    if ((flags & MSG_PEEK) == 0)
        (void)cmio__source_io(source, CMIO_READABLE, result < 0 ? result : 1, 1);
    else if (cmio__source_reports(source))
        cmio__source_note_peek(source, result, length);
    if (result < 0)
        return result;
    if (truncated != NULL)
        *truncated = did_not_fit;
    if (peer != NULL)
        give_sender(&from, from_length, peer);
    return result;
}

ssize_t cmio__datagram_receive(struct cmio_source *source, void *buffer, size_t length,
                               struct cmio_address *peer, bool *truncated) {
    return receive_datagram(source, buffer, length, 0, peer, truncated);
}

ssize_t cmio__datagram_peek(struct cmio_source *source, void *buffer, size_t length,
                            struct cmio_address *peer, bool *truncated) {
    return receive_datagram(source, buffer, length, MSG_PEEK, peer, truncated);
}
