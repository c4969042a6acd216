/* SPDX-License-Identifier: MIT */
#include <cmio/fd_source.h>

#include "core/source.h"
#include "posix/descriptor.h"

int cmio_fd_source_init(struct cmio_fd_source *source, int fd) {
    if (source == NULL)
        return -EINVAL;
    cmio__source_set_fd(&source->source, fd);
    return 0;
}

int cmio_fd_source_close(struct cmio_fd_source *source) {
    if (source == NULL || cmio__source_fd(&source->source) < 0)
        return 0;
    int error = cmio__source_release(&source->source);
    cmio__source_forget_fd(&source->source);
    return error;
}

int cmio_fd_source_fd(const struct cmio_fd_source *source) {
    return source == NULL ? -EINVAL : cmio__source_fd(&source->source);
}

ssize_t cmio_fd_source_note_io(struct cmio_fd_source *source, cmio_interest direction,
                               ssize_t result, size_t wanted) {
    const int error = cmio__last_error(); /* before anything else may change errno */
    if (cmio_fd_source_fd(source) < 0 || result < -1)
        return -EINVAL;
    if (direction != CMIO_READABLE && direction != CMIO_WRITABLE)
        return -EINVAL;
    return cmio__source_io(&source->source, direction, result < 0 ? error : result, wanted);
}
