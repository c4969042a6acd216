/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_BATCH_H
#define CMIO_POSIX_BATCH_H

/*
 * Several datagrams per call: in one system call if the kernel has a reliable one (batch_kernel.c),
 * otherwise with one call each (batch_plain.c). count is 1 to CMIO_UDP_BATCH_MAX, which the caller
 * checks. Returns how many messages were moved, at least 1, or -errno. Later messages are
 * untouched.
 *
 * If an error other than a message's own comes after the first message, it is kept, by the kernel
 * or in *kept, which is otherwise untouched. -EAGAIN is not kept, because the next call meets it
 * again.
 */

#include <stddef.h>

#include <cmio/udp_socket.h>

int cmio__batch_receive(int fd, struct cmio_udp_message *messages, size_t count, int *kept);
int cmio__batch_send(int fd, const struct cmio_udp_message *messages, size_t count, int *kept);

#endif
