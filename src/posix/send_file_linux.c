/* SPDX-License-Identifier: MIT */
/* Files to sockets by Linux's sendfile(2), whose count is what was sent. */
#include "posix/socket.h"

#include <errno.h>
#include <sys/sendfile.h>

/* EINVAL: a file that the kernel cannot map, which may be read all the same. */
ssize_t cmio__socket_send_file(int fd, int file, off_t offset, size_t length) {
    ssize_t count = sendfile(fd, file, &offset, length);
    if (count < 0 && (errno == EINVAL || errno == ENOSYS))
        return cmio__socket_copy_file(fd, file, offset, length);
    return count < 0 ? -errno : count;
}
