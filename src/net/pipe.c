/* SPDX-License-Identifier: MIT */
#include <cmio/pipe.h>

#include <errno.h>
#include <fcntl.h>

#include "core/source.h"
#include "net/socket.h"
#include "posix/descriptor.h"

/* The source of an end, which is its first member; NULL for NULL. */
#define SOURCE_OF(end) ((end) == NULL ? NULL : &(end)->source)

int cmio_pipe_new(struct cmio_pipe_sender *sender, struct cmio_pipe_receiver *receiver) {
    int fds[2];
    if (sender == NULL || receiver == NULL)
        return -EINVAL;
    int error = cmio__pipe_open(fds);
    if (error < 0)
        return error;
    cmio__source_set_fd(&receiver->source, fds[0]);
    cmio__source_set_fd(&sender->source, fds[1]);
    return 0;
}

static int adopt(struct cmio_source *source, int fd, int access) {
    if (source == NULL)
        return -EINVAL;
    int error = cmio__fd_adopt(fd, access);
    if (error == 0)
        cmio__source_set_fd(source, fd);
    return error;
}

int cmio_pipe_sender_from_fd(struct cmio_pipe_sender *sender, int fd) {
    return adopt(SOURCE_OF(sender), fd, O_WRONLY);
}

int cmio_pipe_receiver_from_fd(struct cmio_pipe_receiver *receiver, int fd) {
    return adopt(SOURCE_OF(receiver), fd, O_RDONLY);
}

int cmio_pipe_sender_into_fd(struct cmio_pipe_sender *sender) {
    return cmio__net_into_fd(SOURCE_OF(sender));
}

int cmio_pipe_receiver_into_fd(struct cmio_pipe_receiver *receiver) {
    return cmio__net_into_fd(SOURCE_OF(receiver));
}

int cmio_pipe_sender_fd(const struct cmio_pipe_sender *sender) {
    return cmio__net_fd(SOURCE_OF(sender));
}

int cmio_pipe_receiver_fd(const struct cmio_pipe_receiver *receiver) {
    return cmio__net_fd(SOURCE_OF(receiver));
}

int cmio_pipe_sender_close(struct cmio_pipe_sender *sender) {
    return cmio__net_close(SOURCE_OF(sender));
}

int cmio_pipe_receiver_close(struct cmio_pipe_receiver *receiver) {
    return cmio__net_close(SOURCE_OF(receiver));
}

/* The descriptor to move bytes with, or the reason why there is none. */
static int fd_for(const struct cmio_source *source, const void *buffer, size_t length) {
    return cmio__net_fd_if(source, cmio__net_is_buffer(buffer, length));
}

static int fd_for_vector(const struct cmio_source *source, const struct iovec *buffers, int count) {
    return cmio__net_fd_if(source, cmio__net_is_vector(buffers, count));
}

ssize_t cmio_pipe_sender_write(struct cmio_pipe_sender *sender, const void *buffer, size_t length) {
    const int fd = fd_for(SOURCE_OF(sender), buffer, length);
    if (fd < 0)
        return fd;
    return cmio__source_io(&sender->source, CMIO_WRITABLE, cmio__fd_write(fd, buffer, length),
                           length);
}

ssize_t cmio_pipe_sender_writev(struct cmio_pipe_sender *sender, const struct iovec *buffers,
                                int count) {
    const int fd = fd_for_vector(SOURCE_OF(sender), buffers, count);
    if (fd < 0)
        return fd;
    if (count == 0)
        return 0; /* some systems call this invalid */
    return cmio__net_wrote_vector(&sender->source, cmio__fd_writev(fd, buffers, count), buffers,
                                  count);
}

ssize_t cmio_pipe_receiver_read(struct cmio_pipe_receiver *receiver, void *buffer, size_t length) {
    const int fd = fd_for(SOURCE_OF(receiver), buffer, length);
    if (fd < 0)
        return fd;
    return cmio__source_io(&receiver->source, CMIO_READABLE, cmio__fd_read(fd, buffer, length),
                           length);
}

ssize_t cmio_pipe_receiver_readv(struct cmio_pipe_receiver *receiver, const struct iovec *buffers,
                                 int count) {
    const int fd = fd_for_vector(SOURCE_OF(receiver), buffers, count);
    if (fd < 0)
        return fd;
    if (count == 0)
        return 0; /* some systems call this invalid */
    return cmio__source_io(&receiver->source, CMIO_READABLE, cmio__fd_readv(fd, buffers, count),
                           1); /* any number but 0 will do */
}
