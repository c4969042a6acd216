/* SPDX-License-Identifier: MIT */
#ifndef KQUEUE_STANDIN_REAL_H
#define KQUEUE_STANDIN_REAL_H

/*
 * The intercepted functions under the names that the linker gives them, --wrap having taken the
 * usual ones. The stand-in itself calls these alone.
 */

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

int __real_close(int fd);
int __real_dup2(int fd, int to);
int __real_dup3(int fd, int to, int flags);
ssize_t __real_read(int fd, void *buffer, size_t length);
ssize_t __real_readv(int fd, const struct iovec *parts, int count);
ssize_t __real_write(int fd, const void *buffer, size_t length);
ssize_t __real_writev(int fd, const struct iovec *parts, int count);
ssize_t __real_send(int fd, const void *buffer, size_t length, int flags);
ssize_t __real_sendto(int fd, const void *buffer, size_t length, int flags,
                      const struct sockaddr *address, socklen_t address_length);
ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
int __real_shutdown(int fd, int how);
ssize_t __real_sendfile64(int fd, int file, off_t *offset, size_t length);
int __real_accept(int fd, struct sockaddr *address, socklen_t *length);
int __real_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int __real_connect(int fd, const struct sockaddr *address, socklen_t length);
int __real_kill(pid_t process, int number);

#endif
