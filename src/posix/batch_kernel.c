/* SPDX-License-Identifier: MIT */
/*
 * Uses recvmmsg(2) and sendmmsg(2) on systems where they work right: see "Batches of datagrams" in
 * docs/platform-notes.md. recvmmsg leaves an error that comes after the first message on the
 * socket; sendmmsg forgets it.
 */
#include "posix/batch.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "posix/features.h"

int cmio__batch_receive(int fd, struct cmio_udp_message *messages, size_t count, int *kept) {
    struct mmsghdr headers[CMIO_UDP_BATCH_MAX];
    struct iovec buffers[CMIO_UDP_BATCH_MAX];
    (void)kept; /* the socket keeps it */
    for (size_t i = 0; i < count; i++) {
        struct cmio_udp_message *message = &messages[i];
        buffers[i] = (struct iovec){.iov_base = message->buffer, .iov_len = message->size};
        headers[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &message->address.u,
                                                  .msg_namelen = sizeof message->address.u,
                                                  .msg_iov = &buffers[i],
                                                  .msg_iovlen = 1}};
    }
    const int received = recvmmsg(fd, headers, (unsigned)count, CMIO__MSG_DONTWAIT, NULL);
    if (received < 0)
        return -errno;
    for (int i = 0; i < received; i++) {
        messages[i].length = headers[i].msg_len;
        messages[i].address.length = headers[i].msg_hdr.msg_namelen;
        messages[i].truncated = (headers[i].msg_hdr.msg_flags & MSG_TRUNC) != 0;
    }
    return received;
}

/* The kernel only reads the address: msg_name lacks const for historical reasons. */
static void *name_of(const struct cmio_address *address) {
    union {
        const void *given;
        void *wanted;
    } name = {.given = &address->u};
    return address->length == 0 ? NULL : name.wanted;
}

int cmio__batch_send(int fd, const struct cmio_udp_message *messages, size_t count, int *kept) {
    struct mmsghdr headers[CMIO_UDP_BATCH_MAX];
    struct iovec buffers[CMIO_UDP_BATCH_MAX];
    (void)kept; /* the kernel does not report it */
    for (size_t i = 0; i < count; i++) {
        const struct cmio_udp_message *message = &messages[i];
        buffers[i] = (struct iovec){.iov_base = message->buffer, .iov_len = message->size};
        headers[i] = (struct mmsghdr){.msg_hdr = {.msg_name = name_of(&message->address),
                                                  .msg_namelen = message->address.length,
                                                  .msg_iov = &buffers[i],
                                                  .msg_iovlen = 1}};
    }
    const int sent = sendmmsg(fd, headers, (unsigned)count, CMIO__SEND_FLAGS);
    return sent < 0 ? -errno : sent;
}
