/* SPDX-License-Identifier: MIT */
#include "posix/rights.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/uio.h>

#include "posix/descriptor.h"
#include "posix/features.h"

/*
 * Room for everything that a system passes with one message, including credentials and time stamps
 * if they were asked for. A control message that does not fit would be cut, and some systems then
 * leave the remaining descriptors open. Linux passes at most 253, the BSDs what fits in 2048 bytes.
 */
union control {
    struct cmsghdr aligned;
    unsigned char bytes[4096];
};

ssize_t cmio__rights_send(int fd, const void *buffer, size_t length, const int *fds, size_t count) {
    union {
        const void *given;
        void *wanted;
    } bytes = {.given = buffer};
    union control control;
    struct iovec vector = {.iov_base = bytes.wanted, .iov_len = length};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    const size_t size = count * sizeof *fds;
    const size_t space = count > 0 ? CMSG_SPACE(size) : 0;
    if (count > 0) {
        memset(&control, 0, space);
        message.msg_control = &control;
        message.msg_controllen = (__typeof__(message.msg_controllen))space;
        struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = (__typeof__(part->cmsg_len))CMSG_LEN(size);
        memcpy(CMSG_DATA(part), fds, size);
    }
    ssize_t sent = sendmsg(fd, &message, CMIO__SEND_FLAGS);
    return sent < 0 ? cmio__rights_refused(fd, space, -errno) : sent;
}

/* Like CMSG_NXTHDR(3), whose macro causes a warning in musl. NULL after the last part. */
static struct cmsghdr *part_after(const struct msghdr *message, struct cmsghdr *part) {
    const size_t size = CMSG_SPACE(part->cmsg_len - CMSG_LEN(0));
    const unsigned char *end =
        (const unsigned char *)message->msg_control + message->msg_controllen;
    unsigned char *begin = (unsigned char *)part;
    if (part->cmsg_len < CMSG_LEN(0) || (size_t)(end - begin) < size + sizeof *part)
        return NULL;
    return (struct cmsghdr *)(void *)(begin + size);
}

/* The first part of a type, or the next one after a part. */
static struct cmsghdr *next_of_type(struct msghdr *message, struct cmsghdr *part, int type) {
    do
        part = part == NULL ? CMSG_FIRSTHDR(message) : part_after(message, part);
    while (part != NULL && (part->cmsg_level != SOL_SOCKET || part->cmsg_type != type));
    return part;
}

struct cmsghdr *cmio__rights_next(struct msghdr *message, struct cmsghdr *part) {
    return next_of_type(message, part, SCM_RIGHTS);
}

size_t cmio__rights_count(const struct cmsghdr *part) {
    return (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
}

int cmio__rights_at(struct cmsghdr *part, size_t index) {
    int fd;
    memcpy(&fd, CMSG_DATA(part) + index * sizeof fd, sizeof fd);
    return fd;
}

static size_t count_all(struct msghdr *message) {
    size_t count = 0;
    for (struct cmsghdr *part = NULL; (part = cmio__rights_next(message, part)) != NULL;)
        count += cmio__rights_count(part);
    return count;
}

/* Moves all descriptors to out, or closes them if out is NULL. */
static void hand_over(struct msghdr *message, int *out) {
    for (struct cmsghdr *part = NULL; (part = cmio__rights_next(message, part)) != NULL;)
        for (size_t i = 0; i < cmio__rights_count(part); i++) {
            const int fd = cmio__rights_at(part, i);
            if (out != NULL)
                *out++ = fd;
            else
                (void)cmio__fd_close(fd); /* not ours to use: its errors concern others */
        }
}

/* Sockets set to receive descriptors of processes before they were adopted still get them. */
static void close_process_descriptors(struct msghdr *message) {
    struct cmsghdr *part = NULL;
    while ((part = next_of_type(message, part, CMIO__SCM_PIDFD)) != NULL)
        (void)cmio__fd_close(cmio__rights_at(part, 0)); /* nobody asked for it here */
}

ssize_t cmio__rights_receive(int fd, void *buffer, size_t length, int *fds, size_t capacity,
                             ssize_t *count) {
    union control control;
    struct iovec vector = {.iov_base = buffer, .iov_len = length};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    message.msg_control = &control;
    message.msg_controllen = sizeof control;
    const ssize_t received = cmio__rights_take(fd, &message);
    if (received < 0)
        return received;
    close_process_descriptors(&message);
    const size_t came = count_all(&message);
    const bool cut = (message.msg_flags & MSG_CTRUNC) != 0;
    const bool fits = !cut && came <= capacity;
    if (came > 0)
        hand_over(&message, fits ? fds : NULL);
    if (fits)
        *count = (ssize_t)came;
    else
        *count = cut ? -EMFILE : -EMSGSIZE;
    return received;
}
