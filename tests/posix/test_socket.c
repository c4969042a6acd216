/* SPDX-License-Identifier: MIT */
/*
 * New sockets and pipes, and files that are sent. Built twice: with what this system can do, and as
 * on systems that can do less. No test may tell the two apart.
 */
#include "support/pair.h"
#include "support/scale.h"
#include "support/system.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/descriptor.h"
#include "posix/socket.h"

static void assert_prepared(int fd) {
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void new_sockets_are_nonblocking_and_close_on_exec(void **state) {
    (void)state;
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    for (size_t i = 0; i < 2; i++) {
        const int fd = cmio__socket_open(AF_INET, types[i]);
        assert_prepared(fd);
        assert_int_equal(cmio__fd_close(fd), 0);
    }
    const int error = cmio__socket_open(AF_INET, -1);
    assert_true(error == -test_answers()->bad_type || error == -test_answers()->bad_type_too);
}

static void accepted_sockets_are_too(void **state) {
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *name = (struct sockaddr *)&address;
    socklen_t length = sizeof address;
    const int listener = cmio__socket_open(AF_INET, SOCK_STREAM);
    assert_int_equal(cmio__socket_bind(listener, name, length), 0);
    assert_int_equal(cmio__socket_listen(listener, 1), 0);
    assert_int_equal(cmio__socket_local_name(listener, name, &length), 0);
    assert_int_equal(cmio__socket_accept(listener, NULL, NULL), -EAGAIN);
    const int client = cmio__socket_open(AF_INET, SOCK_STREAM);
    assert_int_equal(cmio__socket_connect(client, name, length), 0);
    int accepted = -1;
    TEST_EVENTUALLY((accepted = cmio__socket_accept(listener, NULL, NULL)) != -EAGAIN);
    assert_prepared(accepted);
    assert_int_equal(cmio__fd_close(accepted), 0);
    assert_int_equal(cmio__fd_close(client), 0);
    assert_int_equal(cmio__fd_close(listener), 0);
    assert_int_equal(cmio__socket_accept(-1, NULL, NULL), -EBADF);
}

static void both_sockets_of_a_pair_are_too(void **state) {
    (void)state;
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
    for (size_t i = 0; i < 2; i++) {
        int fds[2];
        char byte = 0;
        assert_int_equal(cmio__socket_pair(AF_UNIX, types[i], fds), 0);
        assert_prepared(fds[0]);
        assert_prepared(fds[1]);
        assert_int_equal(cmio__socket_receive(fds[0], &byte, 1, 0), -EAGAIN);
        assert_int_equal(cmio__socket_send(fds[1], "a", 1), 1);
        assert_int_equal(cmio__socket_receive(fds[0], &byte, 1, 0), 1);
        assert_int_equal(byte, 'a');
        assert_int_equal(cmio__fd_close(fds[0]), 0);
        assert_int_equal(cmio__fd_close(fds[1]), 0);
    }
    int untouched[2] = {77, 77};
    assert_true(cmio__socket_pair(AF_INET, SOCK_STREAM, untouched) < 0);
    assert_int_equal(untouched[0], 77);
}

static void both_ends_of_a_pipe_are_too(void **state) {
    (void)state;
    int fds[2];
    char byte = 0;
    assert_int_equal(cmio__pipe_open(fds), 0);
    assert_prepared(fds[0]);
    assert_prepared(fds[1]);
    assert_int_equal(cmio__fd_read(fds[0], &byte, 1), -EAGAIN);
    assert_int_equal(cmio__fd_write(fds[1], "a", 1), 1);
    assert_int_equal(cmio__fd_read(fds[0], &byte, 1), 1);
    assert_int_equal(byte, 'a');
    assert_int_equal(cmio__fd_close(fds[0]), 0);
    assert_int_equal(cmio__fd_close(fds[1]), 0);
}

static void without_descriptors_nothing_is_left_open(void **state) {
    (void)state;
    int fds[2] = {77, 77};
    int hoard[64];
    int count = 0;
    const int lowest = dup(1);
    close(lowest);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit lowered = {.rlim_cur = (rlim_t)lowest + 8, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    while (count < 64 && (hoard[count] = dup(1)) >= 0)
        count++;
    assert_true(count < 64);
    assert_int_equal(cmio__socket_open(AF_INET, SOCK_STREAM), -EMFILE);
    if (!test_is_under_valgrind()) /* which lets this call through */
        assert_int_equal(cmio__socket_pair(AF_UNIX, SOCK_STREAM, fds), -EMFILE);
    assert_int_equal(fds[0], 77);
    assert_int_equal(cmio__pipe_open(fds), -EMFILE);
    if (!test_is_slow()) /* valgrind fails the call after the numbers were written */
        assert_int_equal(fds[0], 77);
    while (count > 0)
        close(hoard[--count]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void closed_descriptors_are_bad(void **state) {
    (void)state;
    char byte;
    assert_int_equal(cmio__fd_close(-1), -EBADF);
    assert_int_equal(cmio__fd_prepare(-1), -EBADF);
    assert_int_equal(cmio__fd_read(-1, &byte, 1), -EBADF);
    assert_int_equal(cmio__fd_write(-1, "a", 1), -EBADF);
    uint32_t ttl = 77;
    assert_int_equal(cmio__socket_set_ttl(-1, 64), -EBADF);
    assert_int_equal(cmio__socket_ttl(-1, &ttl), -EBADF);
    assert_int_equal(ttl, 77);
    assert_int_equal(cmio__socket_take_error(-1), -EBADF);
    assert_int_equal(cmio__socket_family(-1), -EBADF);
    assert_int_equal(cmio__socket_adopt(-1, SOCK_STREAM), -EBADF);
}

static void a_time_to_live_that_the_system_refuses_is_told(void **state) {
    (void)state;
    const int fd = cmio__socket_open(AF_INET, SOCK_DGRAM);
    assert_true(fd >= 0);
    assert_int_equal(cmio__socket_set_ttl(fd, 256), -EINVAL);
    assert_int_equal(cmio__fd_close(fd), 0);
}

static void an_option_that_the_system_lacks_is_not_supported(void **state) {
    (void)state;
    int value = 77;
    assert_int_equal(cmio__socket_set_option(-1, SOL_SOCKET, -1, 1), -ENOTSUP);
    assert_int_equal(cmio__socket_option(-1, SOL_SOCKET, -1, &value), -ENOTSUP);
    assert_int_equal(value, 77);
}

/* Bytes that tell their offset: no two places of a file look alike. */
static unsigned char byte_at(size_t offset) {
    const size_t number = offset / 4 * 2654435761U;
    return (unsigned char)(number >> (offset % 4 * 8));
}

static int open_numbers(size_t length) {
    FILE *file = tmpfile();
    assert_non_null(file);
    for (size_t i = 0; i < length; i++)
        assert_int_equal(fputc(byte_at(i), file), byte_at(i));
    assert_int_equal(fflush(file), 0);
    const int fd = dup(fileno(file));
    assert_true(fd >= 0);
    assert_int_equal(fclose(file), 0);
    return fd;
}

/* What the file holds from an offset on, taken from the socket. */
static void expect_numbers(int fd, size_t offset, size_t length) {
    unsigned char buffer[4096];
    while (length > 0) {
        const size_t wanted = length < sizeof buffer ? length : sizeof buffer;
        ssize_t count;
        TEST_EVENTUALLY((count = cmio__socket_receive(fd, buffer, wanted, 0)) != -EAGAIN);
        assert_true(count > 0);
        for (size_t i = 0; i < (size_t)count; i++)
            assert_int_equal(buffer[i], byte_at(offset + i));
        offset += (size_t)count;
        length -= (size_t)count;
    }
}

static void files_are_sent_from_an_offset_to_their_end(void **state) {
    (void)state;
    const size_t length = 1000;
    const int file = open_numbers(length);
    const off_t position = lseek(file, 100, SEEK_SET);
    int ends[2];
    test_pair_open(TEST_TCP, ends);
    assert_int_equal(cmio__socket_send_file(ends[1], file, 7, 300), 300);
    expect_numbers(ends[0], 7, 300);
    assert_int_equal(cmio__socket_send_file(ends[1], file, 900, 300), 100);
    expect_numbers(ends[0], 900, 100);
    assert_int_equal(cmio__socket_send_file(ends[1], file, (off_t)length - 1, 300), 1);
    expect_numbers(ends[0], length - 1, 1);
    assert_int_equal(cmio__socket_send_file(ends[1], file, (off_t)length, 300), 0);
    assert_int_equal(cmio__socket_send_file(ends[1], file, 5000, 300), 0);
    if (sizeof(off_t) == 8) /* further on than a file of most file systems can reach */
        assert_int_equal(cmio__socket_send_file(ends[1], file, (off_t)(INT64_MAX / 2), 300), 0);
    assert_int_equal(cmio__socket_send_file(ends[1], file, 0, 0), 0);
    char byte;
    assert_int_equal(cmio__socket_receive(ends[0], &byte, 1, 0), -EAGAIN);
    assert_int_equal(lseek(file, 0, SEEK_CUR), position);
    assert_int_equal(cmio__fd_close(file), 0);
    test_pair_close(ends);
}

static void as_much_is_sent_as_was_asked_for_where_there_is_room(void **state) {
    (void)state;
    const size_t length = 50000; /* several buffers of whoever copies */
    const int file = open_numbers(length);
    int ends[2];
    test_pair_open(TEST_TCP, ends);
    assert_int_equal(cmio__socket_set_option(ends[1], SOL_SOCKET, SO_SNDBUF, 131072), 0);
    assert_int_equal(cmio__socket_send_file(ends[1], file, 0, length), length);
    expect_numbers(ends[0], 0, length);
    assert_int_equal(cmio__fd_close(file), 0);
    test_pair_close(ends);
}

static void files_go_on_where_the_socket_was_full(void **state) {
    (void)state;
    const size_t length = 4 << 20;
    const int file = open_numbers(length);
    int ends[2];
    size_t sent = 0;
    int times_full = 0;
    test_pair_open(TEST_TCP, ends);
    assert_int_equal(cmio__socket_set_option(ends[1], SOL_SOCKET, SO_SNDBUF, 65536), 0);
    for (size_t taken = 0; taken < length; taken = sent) {
        ssize_t count;
        while ((count = cmio__socket_send_file(ends[1], file, (off_t)sent, length - sent)) > 0)
            sent += (size_t)count;
        if (count < 0)
            assert_int_equal(count, -EAGAIN);
        times_full += count < 0;
        expect_numbers(ends[0], taken, sent - taken);
    }
    assert_true(times_full > 0);
    assert_int_equal(cmio__fd_close(file), 0);
    test_pair_close(ends);
}

/* What the system makes up while it is read, as by read(2). */
static size_t read_whole(int file, unsigned char *out, size_t size) {
    size_t length = 0;
    ssize_t count;
    while ((count = cmio__fd_read(file, out + length, size - length)) > 0)
        length += (size_t)count;
    assert_int_equal(count, 0);
    assert_true(length < size);
    return length;
}

static void expect_bytes(int fd, const unsigned char *bytes, size_t length) {
    unsigned char buffer[4096];
    for (size_t taken = 0; taken < length;) {
        ssize_t count;
        TEST_EVENTUALLY((count = cmio__socket_receive(fd, buffer, sizeof buffer, 0)) != -EAGAIN);
        assert_in_range(count, 1, length - taken);
        assert_memory_equal(buffer, bytes + taken, (size_t)count);
        taken += (size_t)count;
    }
}

/* Sends the whole of a file that is open for reading, and more than there is. */
static void expect_sent_whole(int file) {
    static unsigned char bytes[1 << 20];
    int ends[2];
    test_pair_open(TEST_TCP, ends);
    const size_t length = read_whole(file, bytes, sizeof bytes);
    for (size_t sent = 0; sent < length;) { /* less than the rest: the socket is full */
        const size_t rest = length - sent;
        const ssize_t count = cmio__socket_send_file(ends[1], file, (off_t)sent, rest + 100);
        assert_in_range(count, 1, rest);
        if ((size_t)count < rest)
            assert_int_equal(cmio__socket_send(ends[1], "", 1), -EAGAIN);
        expect_bytes(ends[0], bytes + sent, (size_t)count);
        sent += (size_t)count;
    }
    assert_int_equal(cmio__socket_send_file(ends[1], file, (off_t)length, 100), 0);
    test_pair_close(ends);
}

/* A process that does nothing, so that what proc(5) tells of it does not change. */
struct idle_process {
    pid_t pid;
    int life; /* it ends when this is closed */
};

static void sleep_until_closed(const int pipe[2]) {
    char byte = 0;
    (void)close(pipe[1]);
    while (read(pipe[0], &byte, 1) > 0)
        ;
    _exit(0);
}

static struct idle_process start_idle_process(void) {
    int pipe_ends[2];
    assert_int_equal(pipe(pipe_ends), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        sleep_until_closed(pipe_ends);
    test_close(pipe_ends[0]);
    return (struct idle_process){.pid = pid, .life = pipe_ends[1]};
}

static bool is_asleep(const struct idle_process *process) {
    char path[64];
    char text[512] = "";
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)process->pid);
    const int file = open(path, O_RDONLY);
    const ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0)
        test_close(file);
    return length > 0 && strstr(text, ") S ") != NULL;
}

/* proc(5) hands out a page at a time, and there are more mappings to tell of than fit in one. */
static void files_that_read_short_are_sent_to_their_end(void **state) {
    (void)state;
    char path[64];
    void *mappings[200];
    if (access("/proc/self/maps", R_OK) != 0)
        skip(); /* not this system's */
    for (size_t i = 0; i < 200; i++) {
        mappings[i] = mmap(NULL, 4096, i % 2 == 0 ? PROT_READ : PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        assert_true(mappings[i] != MAP_FAILED);
    }
    const struct idle_process process = start_idle_process();
    TEST_EVENTUALLY(is_asleep(&process));
    (void)snprintf(path, sizeof path, "/proc/%ld/maps", (long)process.pid);
    const char *const paths[] = {path, "/proc/self/mountinfo"};
    for (size_t i = 0; i < 2; i++) {
        const int file = open(paths[i], O_RDONLY);
        assert_true(file >= 0);
        expect_sent_whole(file);
        test_close(file);
    }
    test_close(process.life);
    assert_int_equal(waitpid(process.pid, NULL, 0), process.pid);
    for (size_t i = 0; i < 200; i++)
        assert_int_equal(munmap(mappings[i], 4096), 0);
}

/* A call of a system that sends 1000 bytes at most, is interrupted now and then, and gives up. */
static int pieces_before_refusal;

static ssize_t send_small_piece(int fd, int file, off_t offset, size_t length) {
    char buffer[1000];
    const size_t wanted = length < sizeof buffer ? length : sizeof buffer;
    if (pieces_before_refusal-- == 0)
        return -ENOTSUP;
    if (pieces_before_refusal % 2 == 0)
        return -EINTR;
    const ssize_t count = pread(file, buffer, wanted, offset);
    return count > 0 ? cmio__socket_send(fd, buffer, (size_t)count) : count;
}

static void
pieces_go_on_until_the_file_ends_and_through_a_buffer_where_they_are_refused(void **state) {
    (void)state;
    static const int refusals[] = {0, 2, 8, 10000};
    const int file = open_numbers(50000);
    int ends[2];
    test_pair_open(TEST_TCP, ends);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        pieces_before_refusal = refusals[i];
        assert_int_equal(cmio__socket_send_pieces(send_small_piece, ends[1], file, 100, 45000),
                         45000);
        expect_numbers(ends[0], 100, 45000);
        pieces_before_refusal = refusals[i];
        assert_int_equal(
            cmio__socket_send_pieces(send_small_piece, ends[1], file, 40000, SIZE_MAX / 2), 10000);
        expect_numbers(ends[0], 40000, 10000);
    }
    assert_int_equal(cmio__fd_close(file), 0);
    test_pair_close(ends);
}

static void a_file_that_ends_early_is_no_full_socket(void **state) {
    (void)state;
    const int file = open_numbers(40000);
    int ends[2];
    test_pair_open(TEST_TCP, ends);
    assert_int_equal(cmio__socket_send_file(ends[1], file, 20000, SIZE_MAX / 2), 20000);
    assert_int_equal(cmio__socket_copy_file(ends[1], file, 20000, SIZE_MAX / 2), 20000);
    expect_numbers(ends[0], 20000, 20000);
    expect_numbers(ends[0], 20000, 20000);
    assert_int_equal(cmio__fd_close(file), 0);
    test_pair_close(ends);
}

static void what_is_no_file_to_send_is_refused(void **state) {
    (void)state;
    int ends[2];
    int pipe[2];
    test_pair_open(TEST_TCP, ends);
    assert_int_equal(cmio__pipe_open(pipe), 0);
    const int directory = open("/", O_RDONLY | O_DIRECTORY);
    const int file = open_numbers(10);
    assert_int_equal(cmio__socket_send_file(ends[1], pipe[0], 0, 1), -ESPIPE);
    assert_int_equal(cmio__socket_send_file(ends[1], ends[0], 0, 1), -ESPIPE);
    assert_int_equal(cmio__socket_send_file(ends[1], directory, 0, 1),
                     test_answers()->directories_are_read ? 1 : -EISDIR);
    assert_int_equal(cmio__socket_send_file(ends[1], -1, 0, 1), -EBADF);
    assert_int_equal(cmio__socket_send_file(ends[1], -1, 0, 0), -EBADF);
    assert_int_equal(cmio__socket_send_file(ends[1], pipe[0], 0, 0), -ESPIPE);
    assert_int_equal(cmio__socket_send_file(-1, file, 0, 1), -EBADF);
    assert_int_equal(cmio__fd_close(file), 0);
    assert_int_equal(cmio__fd_close(directory), 0);
    test_pair_close(pipe);
    test_pair_close(ends);
}

/* poll(2) on Linux takes no more entries than descriptors may be open. */
static void a_look_at_a_connection_that_the_system_refuses_is_an_error(void **state) {
    (void)state;
    int ends[2];
    struct rlimit kept;
    test_pair_open(TEST_TCP, ends);
    assert_int_equal(cmio__socket_is_settled(ends[1]), 1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = kept.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct pollfd entry = {.fd = ends[1], .events = POLLOUT};
    const bool refuses = poll(&entry, 1, 0) < 0;
    const int settled = cmio__socket_is_settled(ends[1]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
    test_pair_close(ends);
    if (!refuses)
        skip();
    assert_int_equal(settled, -EINVAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(files_are_sent_from_an_offset_to_their_end),
    cmocka_unit_test(as_much_is_sent_as_was_asked_for_where_there_is_room),
    cmocka_unit_test(files_go_on_where_the_socket_was_full),
    cmocka_unit_test(files_that_read_short_are_sent_to_their_end),
    cmocka_unit_test(pieces_go_on_until_the_file_ends_and_through_a_buffer_where_they_are_refused),
    cmocka_unit_test(a_file_that_ends_early_is_no_full_socket),
    cmocka_unit_test(what_is_no_file_to_send_is_refused),
    cmocka_unit_test(new_sockets_are_nonblocking_and_close_on_exec),
    cmocka_unit_test(accepted_sockets_are_too),
    cmocka_unit_test(both_sockets_of_a_pair_are_too),
    cmocka_unit_test(both_ends_of_a_pipe_are_too),
    cmocka_unit_test(without_descriptors_nothing_is_left_open),
    cmocka_unit_test(closed_descriptors_are_bad),
    cmocka_unit_test(a_look_at_a_connection_that_the_system_refuses_is_an_error),
    cmocka_unit_test(a_time_to_live_that_the_system_refuses_is_told),
    cmocka_unit_test(an_option_that_the_system_lacks_is_not_supported),
};
TEST_GROUP(posix_socket, tests)
