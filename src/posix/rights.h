/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_RIGHTS_H
#define CMIO_POSIX_RIGHTS_H

/*
 * Descriptors that travel with the bytes of a Unix stream: SCM_RIGHTS of unix(7), cmsg(3). What
 * comes in is close-on-exec, atomically where the system can (see fresh.c), and is never left open unless the
 * caller gets it.
 */

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

/*
 * Sends up to length bytes, and with the first of them duplicates of the descriptors, at most
 * CMIO_UNIX_FDS_MAX. How many bytes went: where none did, no descriptor did.
 */
ssize_t cmio__rights_send(int fd, const void *buffer, size_t length, const int *fds, size_t count);

/*
 * What sendmsg(2) meant by an error, negative as it is, of a stream that was to take control
 * messages of size bytes in all: another one on NetBSD (rights_refused_netbsd.c).
 */
int cmio__rights_refused(int fd, size_t size, int error);

/*
 * Receives up to length bytes, and the descriptors that came with them. How many bytes; in *count
 * how many descriptors, or why none of them could be had: -EMSGSIZE for more than capacity, -EMFILE
 * where the system kept some back.
 */
ssize_t cmio__rights_receive(int fd, void *buffer, size_t length, int *fds, size_t capacity,
                             ssize_t *count);

/* recvmsg(2), after which all descriptors that came are close-on-exec. */
ssize_t cmio__rights_take(int fd, struct msghdr *message);

/*
 * The first, and then each next, part of a received message that holds descriptors; NULL: no more.
 */
struct cmsghdr *cmio__rights_next(struct msghdr *message, struct cmsghdr *part);

/* How many are in the part, and each of them. */
size_t cmio__rights_count(const struct cmsghdr *part);
int cmio__rights_at(struct cmsghdr *part, size_t index);

#endif
