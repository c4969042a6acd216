/* SPDX-License-Identifier: MIT */
/*
 * OpenBSD and NetBSD wake the notes of a closed reader before they set the end of the pipe. So the
 * write filter of a full pipe finds nothing to report, and is not looked at again:
 * docs/platform-notes.md, "kqueue: how real kernels answer".
 */
#include "kqueue/kqueue.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "posix/descriptor.h"

bool cmio__kqueue_misses_end(int fd) {
    struct stat status;
    if (fstat(fd, &status) < 0 || !S_ISFIFO(status.st_mode))
        return false;
    return (cmio__fd_control(fd, F_GETFL, 0) & O_ACCMODE) != O_RDONLY;
}
