/* SPDX-License-Identifier: MIT */
/* Linked into a test with --wrap=fcntl64: fcntl(2) as on NetBSD and macOS, a cancellation point. */
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>

int __real_fcntl64(int fd, int command, ...);
int __wrap_fcntl64(int fd, int command, ...);

int __wrap_fcntl64(int fd, int command, ...) {
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    pthread_testcancel();
    return __real_fcntl64(fd, command, argument);
}
