/* SPDX-License-Identifier: MIT */
/* One call per datagram, if the kernel has nothing better. */
#include "posix/batch.h"

#include <errno.h>
#include <stdbool.h>

#include "posix/socket.h"

static ssize_t receive_one(int fd, struct cmio_udp_message *message) {
    struct cmio_address *address = &message->address;
    socklen_t length = sizeof address->u;
    bool truncated;
    const ssize_t count = cmio__socket_receive_from(fd, message->buffer, message->size, 0,
                                                    &address->u.any, &length, &truncated);
    if (count < 0)
        return count;
    message->length = (size_t)count;
    address->length = length;
    message->truncated = truncated;
    return count;
}

static bool would_block(ssize_t error) {
    return error == -EAGAIN || error == -EWOULDBLOCK;
}

/* Another thread may receive while this one sends, and either may take the kept error. */
static void keep_for_later(int *kept, int error) {
    __atomic_store_n(kept, error, __ATOMIC_RELAXED);
}

int cmio__batch_receive(int fd, struct cmio_udp_message *messages, size_t count, int *kept) {
    size_t received = 0;
    ssize_t result = 0;
    while (received < count && (result = receive_one(fd, &messages[received])) >= 0)
        received++;
    if (received == 0)
        return (int)result;
    if (result < 0 && !would_block(result))
        keep_for_later(kept, (int)result);
    return (int)received;
}

static ssize_t send_one(int fd, const struct cmio_udp_message *message) {
    const struct cmio_address *address = &message->address;
    return cmio__socket_send_to(fd, message->buffer, message->size,
                                address->length == 0 ? NULL : &address->u.any, address->length);
}

/*
 * An error that a second try does not repeat was pending on the socket, and reporting it cleared
 * it, so it is kept. An error that is repeated is the message's own and will be reported with it.
 */
static ssize_t send_next(int fd, const struct cmio_udp_message *message, int *kept) {
    const ssize_t first = send_one(fd, message);
    if (first >= 0 || would_block(first) || first == -ENOBUFS)
        return first;
    const ssize_t second = send_one(fd, message);
    if (second != first)
        keep_for_later(kept, (int)first);
    return second;
}

int cmio__batch_send(int fd, const struct cmio_udp_message *messages, size_t count, int *kept) {
    const ssize_t first = send_one(fd, &messages[0]);
    if (first < 0)
        return (int)first;
    size_t sent = 1;
    while (sent < count && send_next(fd, &messages[sent], kept) >= 0)
        sent++;
    return (int)sent;
}
