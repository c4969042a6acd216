/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_RIGHTS_H
#define CMIO_POSIX_RIGHTS_H

/*
 * Descriptors that travel with the bytes of a Unix stream: SCM_RIGHTS of unix(7), cmsg(3). Received
 * descriptors are close-on-exec, atomically if the system can (see fresh.c). None is left open
 * unless the caller gets it.
 */

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

/*
 * Sends up to length bytes, with duplicates of the descriptors, at most CMIO_UNIX_FDS_MAX, attached
 * to the first byte. Returns how many bytes were sent. If none were sent, no descriptor was.
 */
ssize_t cmio__rights_send(int fd, const void *buffer, size_t length, const int *fds, size_t count);

/*
 * What an error of sendmsg(2) meant, as a negative errno, for a stream that was to take control
 * messages of size bytes in total. Differs only on NetBSD (rights_refused_netbsd.c).
 */
int cmio__rights_refused(int fd, size_t size, int error);

/*
 * Receives up to length bytes and the descriptors that came with them. Returns how many bytes. Sets
 * *count to the number of descriptors, or to the reason why none could be received: -EMSGSIZE for
 * more than capacity, -EMFILE if the system withheld some.
 */
ssize_t cmio__rights_receive(int fd, void *buffer, size_t length, int *fds, size_t capacity,
                             ssize_t *count);

/* recvmsg(2). Then makes all received descriptors close-on-exec. */
ssize_t cmio__rights_take(int fd, struct msghdr *message);

/*
 * The first part of a received message that holds descriptors, or the next one after part. Returns
 * NULL if there are no more.
 */
struct cmsghdr *cmio__rights_next(struct msghdr *message, struct cmsghdr *part);

/* How many descriptors are in the part, and each of them. */
size_t cmio__rights_count(const struct cmsghdr *part);
int cmio__rights_at(struct cmsghdr *part, size_t index);

#endif
