/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmio/async/executor.h>
#include <cmio/async/green.h>
#include <cmio/async/io.h>
#include <cmio/error.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

/* Reads with a system call of the program's own. */
static ssize_t read_some(struct cmio_io *io,
                         struct cmio_fd_source *source, char *buffer,
                         size_t size) {
    struct cmio_ready_future ready;
    ssize_t n;
    do {
        check(cmio_ready_future_init(&ready, io, CMIO_READABLE));
        check(cmio_await(&ready.future));
        n = read(cmio_fd_source_fd(source), buffer, size);
        n = cmio_fd_source_note_io(source, CMIO_READABLE, n, size);
    } while (cmio_io_note(&ready, n) == -EAGAIN);
    return n;
}

static ssize_t run(void *argument) {
    struct cmio_fd_source source;
    struct cmio_io io;
    char text[16];
    check(cmio_fd_source_init(&source, *(int *)argument));
    check(cmio_io_bind_fd_source(&io, NULL, &source, CMIO_READABLE));
    ssize_t n, total = 0;
    while ((n = check(read_some(&io, &source, text, sizeof text))) > 0)
        total += n;
    check(cmio_io_close(&io));
    check(cmio_fd_source_close(&source));
    return total;
}

int main(void) {
    int fds[2];
    struct cmio_executor *executor;
    struct cmio_join_handle *handle;
    struct cmio_join_future join;
    if (pipe(fds) != 0 || fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0)
        return 1;
    check(cmio_executor_new(&executor, NULL));
    check(cmio_green_spawn(executor, run, &fds[0], NULL, &handle));
    const ssize_t written = write(fds[1], "hello", 5);
    (void)close(fds[1]);
    check(cmio_join_future_init(&join, handle));
    printf("%zd bytes, %zd bytes\n", written,
           check(cmio_block_on(executor, &join.future)));
    cmio_join_handle_drop(handle);
    cmio_executor_free(executor);
    return close(fds[0]);
}
