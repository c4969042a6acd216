/* SPDX-License-Identifier: MIT */
#include "posix/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix/cancel.h"
#include "posix/descriptor.h"

int cmio__path_check_socket(const char *path) {
    struct stat status;
    if (lstat(path, &status) < 0)
        return -errno;
    return S_ISSOCK(status.st_mode) ? 0 : -ENOTSOCK;
}

int cmio__path_reserve(char *template) {
    const int state = cmio__cancel_disable(); /* else the file may stay */
    const int fd = mkstemp(template);
    const int error = fd < 0 ? -errno : cmio__fd_close(fd);
    cmio__cancel_restore(state);
    return error;
}

int cmio__path_rename(const char *from, const char *to) {
    return rename(from, to) < 0 ? -errno : 0;
}

/* Links the new name, then removes the old one, because a link never replaces a file. */
int cmio__path_rename_if_free(const char *from, const char *to) {
    return link(from, to) < 0 ? -errno : cmio__path_unlink(from);
}

int cmio__path_unlink(const char *path) {
    return unlink(path) < 0 ? -errno : 0;
}
