/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_BATCH_H
#define CMIO_POSIX_BATCH_H

/*
 * Several datagrams a call: in one system call where the kernel has a good one (batch_kernel.c),
 * otherwise with one each (batch_plain.c). 1 to CMIO_UDP_BATCH_MAX messages, checked by the caller;
 * those behind the number that is returned are left alone. How many, at least 1, or -errno.
 *
 * An error behind the first message that is not about a message is kept, by the kernel or in *kept,
 * which is untouched otherwise. -EAGAIN is none, since the next call comes to it again.
 */

#include <stddef.h>

#include <cmio/udp_socket.h>

int cmio__batch_receive(int fd, struct cmio_udp_message *messages, size_t count, int *kept);
int cmio__batch_send(int fd, const struct cmio_udp_message *messages, size_t count, int *kept);

#endif
