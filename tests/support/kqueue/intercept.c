/* SPDX-License-Identifier: MIT */
/*
 * The calls of the program that a kqueue notices on the BSDs and an epoll set does not. The linker
 * turns them to here (--wrap: see meson.build), which works in static programs and under sanitizers
 * too, since what is called in the end is their own interceptor or libc's function.
 *
 *   - close, dup2, dup3: a knote goes with its descriptor, while epoll's entries live as long as a
 *     dup does ("close while a dup lives"); and a kqueue goes with its own.
 *   - read, readv: what is left in a pipe after a read is reported once more ("pipe, read,
 *     EV_CLEAR": data=4 after one of five bytes), and so is the room for a writer.
 *   - accept, accept4: so are the connections that still wait ("listener").
 *   - write, writev, send, sendto, sendmsg, sendfile: a pipe reports its room after each write. A
 *     socket's write that was refused or came short arms the filter; one that went out is
 *     acknowledged, and then BSDs report the room again: see watch.c.
 *   - shutdown: of writing by this end itself, which poll(2) does not tell of a Unix datagram socket.
 *   - kill: EVFILT_SIGNAL, see signal.c.
 *
 * Whatever else does one of these things goes unnoticed: fclose, close_range, splice,
 * sendmmsg, a child process.
 *
 * All keep errno as the real call left it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "descriptor.h"
#include "real.h"
#include "standin.h"

int __wrap_close(int fd);
int __wrap_dup2(int fd, int to);
int __wrap_dup3(int fd, int to, int flags);
ssize_t __wrap_read(int fd, void *buffer, size_t length);
ssize_t __wrap___read_chk(int fd, void *buffer, size_t length, size_t room);
ssize_t __wrap_readv(int fd, const struct iovec *parts, int count);
ssize_t __wrap_write(int fd, const void *buffer, size_t length);
ssize_t __wrap_writev(int fd, const struct iovec *parts, int count);
ssize_t __wrap_send(int fd, const void *buffer, size_t length, int flags);
ssize_t __wrap_sendto(int fd, const void *buffer, size_t length, int flags,
                      const struct sockaddr *address, socklen_t address_length);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendfile64(int fd, int file, off_t *offset, size_t length);
int __wrap_accept(int fd, struct sockaddr *address, socklen_t *length);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
int __wrap_shutdown(int fd, int how);
int __wrap_kill(pid_t process, int number);

static bool anyone_watches(void) {
    return atomic_load_explicit(&standin_kqueue_count, memory_order_relaxed) > 0;
}

static void touch(const struct stat *file, unsigned directions) {
    struct standin_thread thread;
    standin_lock(&thread);
    standin_watch_touch(file, directions);
    standin_unlock(&thread);
}

static void forget(int fd) {
    struct standin_thread thread;
    standin_lock(&thread);
    standin_watch_forget(fd);
    struct standin_kqueue *kqueue = standin_kqueue_find(fd);
    if (kqueue != NULL)
        standin_kqueue_close(kqueue);
    standin_unlock(&thread);
}

int __wrap_close(int fd) {
    if (anyone_watches())
        forget(fd);
    return __real_close(fd);
}

static void forget_target(int fd, int to) {
    int kept = errno;
    if (anyone_watches() && fd != to && fcntl(fd, F_GETFD) >= 0)
        forget(to);
    errno = kept;
}

int __wrap_dup2(int fd, int to) {
    forget_target(fd, to);
    return __real_dup2(fd, to);
}

int __wrap_dup3(int fd, int to, int flags) {
    forget_target(fd, to);
    return __real_dup3(fd, to, flags);
}

/* What is left to read or to accept, if anything: asked once for all copies of the descriptor. */
static unsigned left_to_read(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    return poll(&entry, 1, 0) == 1 ? STANDIN_READ : 0;
}

static void note_read(int fd, ssize_t result) {
    struct stat file;
    int kept = errno;
    if ((result > 0 || standin_flavour.empty_read_wakes) && anyone_watches() &&
        fstat(fd, &file) == 0 && S_ISFIFO(file.st_mode))
        touch(&file, STANDIN_WRITE | left_to_read(fd));
    errno = kept;
}

ssize_t __wrap_read(int fd, void *buffer, size_t length) {
    ssize_t result = __real_read(fd, buffer, length);
    note_read(fd, result);
    return result;
}

/* What read is where _FORTIFY_SOURCE is defined. */
ssize_t __wrap___read_chk(int fd, void *buffer, size_t length, size_t room) {
    if (length > room)
        abort();
    return __wrap_read(fd, buffer, length);
}

ssize_t __wrap_readv(int fd, const struct iovec *parts, int count) {
    ssize_t result = __real_readv(fd, parts, count);
    note_read(fd, result);
    return result;
}

static void note_accept(int fd, int result) {
    struct stat file;
    int kept = errno;
    if (result >= 0 && anyone_watches() && fstat(fd, &file) == 0)
        touch(&file, left_to_read(fd));
    errno = kept;
}

int __wrap_accept(int fd, struct sockaddr *address, socklen_t *length) {
    int result = __real_accept(fd, address, length);
    note_accept(fd, result);
    return result;
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    int result = __real_accept4(fd, address, length, flags);
    note_accept(fd, result);
    return result;
}

static bool is_refused(ssize_t result) {
    return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

/*
 * After the call, so that a wait on another thread that saw no room while it ran is made good: what
 * was refused is looked at once more.
 */
static void note_write(int fd, ssize_t result, size_t length) {
    struct stat file;
    int kept = errno;
    bool blocks = is_refused(result) || (result >= 0 && (size_t)result < length);
    if ((result > 0 || blocks) && anyone_watches() && fstat(fd, &file) == 0) {
        if (S_ISFIFO(file.st_mode) || (blocks && S_ISSOCK(file.st_mode)))
            touch(&file, STANDIN_WRITE);
        if (result > 0)
            standin_watch_wrote(&file);
    }
    errno = kept;
}

static size_t total(const struct iovec *parts, size_t count) {
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        length += parts[i].iov_len;
    return length;
}

ssize_t __wrap_write(int fd, const void *buffer, size_t length) {
    ssize_t result = __real_write(fd, buffer, length);
    note_write(fd, result, length);
    return result;
}

ssize_t __wrap_writev(int fd, const struct iovec *parts, int count) {
    ssize_t result = __real_writev(fd, parts, count);
    note_write(fd, result, count > 0 ? total(parts, (size_t)count) : 0);
    return result;
}

ssize_t __wrap_send(int fd, const void *buffer, size_t length, int flags) {
    ssize_t result = __real_send(fd, buffer, length, flags);
    note_write(fd, result, length);
    return result;
}

ssize_t __wrap_sendto(int fd, const void *buffer, size_t length, int flags,
                      const struct sockaddr *address, socklen_t address_length) {
    ssize_t result = __real_sendto(fd, buffer, length, flags, address, address_length);
    note_write(fd, result, length);
    return result;
}

/* NetBSD has no room for descriptors where a stream is full: "too long", it says. */
static void refuse_descriptors(int fd, const struct msghdr *message, ssize_t result) {
    struct standin_descriptor descriptor;
    if (!standin_flavour.full_is_too_long || !is_refused(result) || message->msg_controllen == 0)
        return;
    if (standin_descriptor_open(fd, &descriptor) == 0 && descriptor.kind == STANDIN_UNIX_STREAM)
        errno = EMSGSIZE;
}

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags) {
    ssize_t result = __real_sendmsg(fd, message, flags);
    note_write(fd, result, total(message->msg_iov, message->msg_iovlen));
    refuse_descriptors(fd, message, result);
    return result;
}

/* What sendfile is where off_t has 64 bits by choice, which Meson always makes. */
ssize_t __wrap_sendfile64(int fd, int file, off_t *offset, size_t length) {
    ssize_t result = __real_sendfile64(fd, file, offset, length);
    note_write(fd, result, length);
    return result;
}

int __wrap_shutdown(int fd, int how) {
    struct stat file;
    const int result = __real_shutdown(fd, how);
    if (result == 0 && how != SHUT_RD && fstat(fd, &file) == 0) {
        standin_descriptor_note_shutdown(&file);
        if (anyone_watches())
            touch(&file, STANDIN_WRITE);
    }
    return result;
}

int __wrap_kill(pid_t process, int number) {
    if (anyone_watches() && process == getpid()) {
        struct standin_thread thread;
        standin_lock(&thread);
        standin_signal_sent(number);
        standin_unlock(&thread);
    }
    return __real_kill(process, number);
}
