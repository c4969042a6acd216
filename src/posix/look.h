/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_LOOK_H
#define CMIO_POSIX_LOOK_H

/* What the system reports about a descriptor at this moment. Nothing here waits. */

#include <stdbool.h>

/* Which of these events poll(2) reports, and POLLERR, POLLHUP and POLLNVAL. */
short cmio__look_at(int fd, short events);

/* Whether bytes are available for reading: FIONREAD. */
bool cmio__look_queued(int fd);

/* What a read that returned 0, or EIO, means. */
enum cmio__end_kind {
    CMIO__FINAL_END,   /* the end of a connection */
    CMIO__FILE_END,    /* the end of a regular file, which can be read again from its start */
    CMIO__REOPENABLE,  /* a pipe, FIFO or terminal: someone may reopen the other side */
    CMIO__MESSAGES,    /* no end: an empty datagram, or accept returned descriptor 0 */
    CMIO__UNKNOWN_END, /* an end or an empty message: SOCK_SEQPACKET */
};

enum cmio__end_kind cmio__look_kind(int fd);

#endif
