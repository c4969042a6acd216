/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_LOOK_H
#define CMIO_POSIX_LOOK_H

/* What the system says about a descriptor at this moment. Nothing here waits. */

#include <stdbool.h>

/* The bits that poll(2) gives of those asked for, and POLLERR, POLLHUP and POLLNVAL. */
short cmio__look_at(int fd, short events);

/* Whether bytes are there to be read: FIONREAD. */
bool cmio__look_queued(int fd);

/* What it means that a read returned 0, or EIO. */
enum cmio__end_kind {
    CMIO__FINAL_END,   /* the end of a connection */
    CMIO__FILE_END,    /* of a regular file, which can be read from its beginning again */
    CMIO__REOPENABLE,  /* a pipe, FIFO or terminal: someone may open the other side again */
    CMIO__MESSAGES,    /* no end: an empty datagram, or a connection with the descriptor 0 */
    CMIO__UNKNOWN_END, /* an end or an empty message: SOCK_SEQPACKET */
};

enum cmio__end_kind cmio__look_kind(int fd);

#endif
