/* SPDX-License-Identifier: MIT */

/* What Linux has beside: descriptors that count, tell of time, files, signals and mounts. */
#include "backend/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/pair.h"

#define R CMIO_READABLE
#define W CMIO_WRITABLE
#define P CMIO_PRIORITY

/* The owner, if there is such a thing here. */
static bool own(struct rig *rig, int fd) {
    if (fd >= 0)
        rig_set_fd_source(rig, fd);
    return fd >= 0;
}

/* eventfd(2): the peer is a duplicate. */

static bool open_counter(struct rig *rig) {
    return own(rig, eventfd(0, 0)) && (rig->peer = dup(rig->fd)) >= 0;
}

static bool open_semaphore(struct rig *rig) {
    return own(rig, eventfd(0, EFD_SEMAPHORE)) && (rig->peer = dup(rig->fd)) >= 0;
}

static ssize_t read_eight(struct rig *rig, void *buffer, size_t length) {
    (void)length;
    return rig_fd_read(rig, buffer, 8);
}

/* Nearly all that a counter holds, so that the second write blocks. */
static ssize_t write_most(struct rig *rig, const void *buffer, size_t length) {
    const uint64_t most = UINT64_MAX - 1;
    (void)buffer;
    (void)length;
    return rig_fd_write(rig, &most, sizeof most);
}

static void peer_adds(struct rig *rig) {
    const uint64_t three = 3;
    assert_int_equal(write(rig->peer, &three, sizeof three), sizeof three);
}

static void peer_takes(struct rig *rig) {
    uint64_t count;
    assert_int_equal(read(rig->peer, &count, sizeof count), sizeof count);
}

/* Less than a count: -EINVAL. */
static void owner_reads_too_little(struct rig *rig) {
    char byte;
    (void)rig_note(rig, R, rig_fd_read(rig, &byte, 1), 1);
}

/* No counter holds that: -EINVAL. */
static void owner_writes_too_much(struct rig *rig) {
    const uint64_t too_much = UINT64_MAX;
    (void)rig_note(rig, W, rig_fd_write(rig, &too_much, sizeof too_much), sizeof too_much);
}

static const struct rig_kind counter = {
    .open = open_counter, .receive = read_eight, .send = write_most, .interest = R | W, .whole = 8};
static const struct rig_kind semaphore = {.open = open_semaphore,
                                          .receive = read_eight,
                                          .send = write_most,
                                          .interest = R | W,
                                          .whole = 8};

/* timerfd_create(2) */

static bool open_timer(struct rig *rig) {
    return own(rig, timerfd_create(CLOCK_MONOTONIC, 0));
}

/* It has expired when the step is over, so that what a read says is no matter of time. */
static void timer_is_set(struct rig *rig) {
    const struct itimerspec soon = {.it_value.tv_nsec = 1000};
    struct pollfd expired = {.fd = rig->fd, .events = POLLIN};
    assert_int_equal(timerfd_settime(rig->fd, 0, &soon, NULL), 0);
    assert_int_equal(poll(&expired, 1, 30000), 1);
}

static const struct rig_kind timer = {.open = open_timer, .receive = read_eight, .interest = R};

/* inotify(7) of a folder of its own. */

static bool open_inotify(struct rig *rig) {
    (void)snprintf(rig->path, sizeof rig->path, "/tmp/cmio-rig-XXXXXX");
    if (!own(rig, inotify_init()) || mkdtemp(rig->path) == NULL)
        return false;
    return inotify_add_watch(rig->fd, rig->path, IN_CREATE | IN_DELETE) >= 0;
}

static void file_comes_and_goes(struct rig *rig) {
    char name[RIG_PATH + 8];
    (void)snprintf(name, sizeof name, "%s/file", rig->path);
    test_close(open(name, O_CREAT | O_WRONLY, 0600));
    assert_int_equal(unlink(name), 0);
}

/* A record whole, so that one of two is left. */
static void owner_reads_a_record(struct rig *rig) {
    char record[sizeof(struct inotify_event) + 16];
    (void)rig_note(rig, R, rig_fd_read(rig, record, sizeof record), sizeof record);
}

static void remove_folder(struct rig *rig) {
    (void)rmdir(rig->path);
}

static const struct rig_kind watcher = {
    .open = open_inotify, .receive = rig_fd_read, .close = remove_folder, .interest = R};

/* signalfd(2) */

static bool open_signalfd(struct rig *rig) {
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGUSR2);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
    return own(rig, signalfd(-1, &set, 0));
}

static void signal_comes(struct rig *rig) {
    (void)rig;
    assert_int_equal(raise(SIGUSR2), 0);
}

/* What is pending goes first. */
static void unblock(struct rig *rig) {
    const struct timespec at_once = {0};
    sigset_t set;
    (void)rig;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGUSR2);
    while (sigtimedwait(&set, NULL, &at_once) > 0)
        ;
    assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
}

static const struct rig_kind signals = {
    .open = open_signalfd, .receive = rig_fd_read, .close = unblock, .interest = R};

/* netlink(7): the answers to a request that it sends itself. */

static bool open_netlink(struct rig *rig) {
    return own(rig, socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
}

struct request {
    struct nlmsghdr header;
    struct rtgenmsg body;
};

static ssize_t ask_for_links(struct rig *rig, const void *buffer, size_t length) {
    const struct request request = {
        .header = {.nlmsg_len = sizeof request,
                   .nlmsg_type = RTM_GETLINK,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
        .body = {.rtgen_family = AF_UNSPEC},
    };
    (void)buffer;
    (void)length;
    return cmio_fd_source_note_io(&rig->owner.fd, W, send(rig->fd, &request, sizeof request, 0),
                                  sizeof request);
}

static ssize_t receive_message(struct rig *rig, void *buffer, size_t length) {
    return cmio_fd_source_note_io(&rig->owner.fd, R, recv(rig->fd, buffer, length, 0), length);
}

static const struct rig_kind netlink = {.open = open_netlink,
                                        .receive = receive_message,
                                        .send = ask_for_links,
                                        .interest = R | W,
                                        .whole = sizeof(struct request)};

/* POSIX message queues, of one message of 8 bytes. */

static bool open_queue(struct rig *rig) {
    struct mq_attr settings = {.mq_maxmsg = 1, .mq_msgsize = 8};
    (void)snprintf(rig->path, sizeof rig->path, "/cmio-rig-%ld", (long)getpid());
    if (!own(rig, mq_open(rig->path, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0600, &settings)))
        return false;
    rig->peer = mq_open(rig->path, O_RDWR | O_NONBLOCK);
    return rig->peer >= 0;
}

static ssize_t queue_receive(struct rig *rig, void *buffer, size_t length) {
    return cmio_fd_source_note_io(&rig->owner.fd, R, mq_receive(rig->fd, buffer, length, NULL),
                                  length);
}

static ssize_t queue_send(struct rig *rig, const void *buffer, size_t length) {
    (void)length;
    const int result = mq_send(rig->fd, buffer, 8, 0);
    return cmio_fd_source_note_io(&rig->owner.fd, W, result == 0 ? 8 : -1, 8);
}

static void peer_puts(struct rig *rig) {
    assert_int_equal(mq_send(rig->peer, "12345678", 8, 0), 0);
}

static void peer_gets(struct rig *rig) {
    char message[8];
    assert_int_equal(mq_receive(rig->peer, message, sizeof message, NULL), 8);
}

static void unlink_queue(struct rig *rig) {
    (void)mq_unlink(rig->path);
}

static const struct rig_kind queue = {.open = open_queue,
                                      .receive = queue_receive,
                                      .send = queue_send,
                                      .close = unlink_queue,
                                      .interest = R | W,
                                      .whole = 8,
                                      .is_file = true};

/* An epoll(7) descriptor that watches the reading end of a pipe, other. */

static bool open_epoll(struct rig *rig) {
    int fds[2];
    struct epoll_event wanted = {.events = EPOLLIN};
    test_pair_open(TEST_PIPE, fds);
    rig->other = fds[0];
    rig->peer = fds[1];
    return own(rig, epoll_create1(0)) &&
           epoll_ctl(rig->fd, EPOLL_CTL_ADD, rig->other, &wanted) == 0;
}

static ssize_t take_inner_event(struct rig *rig, void *buffer, size_t length) {
    struct epoll_event event;
    (void)length;
    const int count = epoll_wait(rig->fd, &event, 1, 0);
    if (count > 0)
        (void)!read(rig->other, buffer, 4096);
    errno = EAGAIN;
    return cmio_fd_source_note_io(&rig->owner.fd, R, count > 0 ? 1 : -1, 1);
}

static const struct rig_kind nested = {
    .open = open_epoll, .receive = take_inner_event, .interest = R};

/* pidfd_open(2): other is the number of a child that waits to be killed. */

static bool open_pidfd(struct rig *rig) {
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (;;)
            (void)pause();
    }
    rig->port = 0;
    (void)snprintf(rig->path, sizeof rig->path, "%ld", (long)child);
    const int fd = (int)syscall(SYS_pidfd_open, child, 0);
    if (fd < 0) { /* valgrind knows no such call */
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        return false;
    }
    return own(rig, fd);
}

static void child_is_killed(struct rig *rig) {
    assert_int_equal(kill((pid_t)atol(rig->path), SIGKILL), 0);
}

static void child_is_reaped(struct rig *rig) {
    assert_true(waitpid((pid_t)atol(rig->path), NULL, 0) > 0);
}

static const struct rig_kind process = {.open = open_pidfd, .interest = R};

/* UDP with IP_RECVERR: errors are queued. */

static bool open_udp_with_queue(struct rig *rig) {
    const int on = 1;
    rig_open_udp(rig);
    test_udp_connect(rig->fd, rig->port);
    assert_int_equal(setsockopt(rig->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on), 0);
    assert_int_equal(cmio_udp_socket_from_fd(&rig->owner.udp, rig->fd), 0);
    return true;
}

static ssize_t udp_recv(struct rig *rig, void *buffer, size_t length) {
    return cmio_udp_socket_recv(&rig->owner.udp, buffer, length, NULL);
}

static ssize_t udp_send(struct rig *rig, const void *buffer, size_t length) {
    return cmio_udp_socket_send(&rig->owner.udp, buffer, length);
}

static int udp_take_error(struct rig *rig) {
    return cmio_udp_socket_take_error(&rig->owner.udp);
}

/* Reads the queue until it is empty, which the library does not see. */
static void owner_empties_error_queue(struct rig *rig) {
    char bytes[64];
    char control[256];
    struct iovec vector = {.iov_base = bytes, .iov_len = sizeof bytes};
    ssize_t result;
    do {
        struct msghdr message = {.msg_iov = &vector,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof control};
        result = recvmsg(rig->fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    } while (result >= 0);
    (void)rig_note(rig, R, -errno, 1);
    assert_int_equal(cmio_source_rearm(&rig->owner.source, R),
                     cmio_source_is_registered(&rig->owner.source) ? 0 : -ENOENT);
}

static const struct rig_kind udp_with_queue = {
    .open = open_udp_with_queue,
    .receive = udp_recv,
    .send = udp_send,
    .take_error = udp_take_error,
    .open_peer = rig_open_udp_peer,
    .interest = R | W,
    .has_messages = true,
    .queues_errors = true,
};

/* A pipe whose writes are packets. */
static bool open_packets(struct rig *rig) {
    int fds[2];
    assert_int_equal(pipe2(fds, O_DIRECT | O_NONBLOCK), 0);
    rig->peer = fds[1];
    return own(rig, fds[0]);
}

static const struct rig_kind packets = {
    .open = open_packets, .receive = rig_fd_read, .interest = R};

/*
 * The mounts of a namespace that the process takes for itself and leaves again: other is the one it
 * came from, peer the folder. Where that is not permitted, there is no such thing.
 */

static bool open_mounts(struct rig *rig) {
    rig->other = open("/proc/self/ns/mnt", O_RDONLY);
    rig->peer = open(".", O_RDONLY | O_DIRECTORY);
    if (rig->other < 0 || unshare(CLONE_NEWNS) < 0)
        return false;
    assert_int_equal(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
    return own(rig, open("/proc/self/mountinfo", O_RDONLY));
}

static void leave_mounts(struct rig *rig) {
    if (rig->fd < 0)
        return;
    assert_int_equal(setns(rig->other, CLONE_NEWNS), 0);
    assert_int_equal(fchdir(rig->peer), 0);
}

/* From the beginning, to the end, as a program does that is told of a change. */
static void owner_reads_mounts(struct rig *rig) {
    assert_int_equal(lseek(rig->fd, 0, SEEK_SET), 0);
    owner_drains(rig);
}

static void owner_reads_mounts_at_once(struct rig *rig) {
    assert_int_equal(lseek(rig->fd, 0, SEEK_SET), 0);
    owner_reads_once(rig);
}

static void mount_comes(struct rig *rig) {
    (void)rig;
    assert_int_equal(mount("cmio", "/tmp", "tmpfs", 0, NULL), 0);
}

static void mount_goes(struct rig *rig) {
    (void)rig;
    assert_int_equal(umount("/tmp"), 0);
}

static const struct rig_kind mounts = {.open = open_mounts,
                                       .receive = rig_fd_read,
                                       .close = leave_mounts,
                                       .interest = R,
                                       .reopens = true};

#define S RIG_STEP

static const struct rig_scene scenes[] = {
    {"eventfd: counts",
     &counter,
     0,
     {S(peer_adds), S(owner_drains), S(peer_adds), S(peer_adds), S(owner_drains), S(peer_adds),
      S(owner_drains)}},
    {"eventfd: full, room",
     &counter,
     0,
     {S(owner_fills), S(peer_takes), S(owner_fills), S(owner_drains), S(owner_fills),
      S(peer_takes)}},
    {"eventfd: a semaphore",
     &semaphore,
     R,
     {S(peer_adds), S(owner_reads_one), S(owner_drains), S(peer_adds), S(owner_drains)}},
    {"timerfd",
     &timer,
     0,
     {S(owner_drains), S(timer_is_set), S(owner_drains), S(timer_is_set), S(owner_reads_once),
      S(timer_is_set), S(owner_drains)}},
    {"eventfd: calls that the system refuses",
     &counter,
     0,
     {S(peer_adds), S(owner_reads_to_nowhere), S(owner_reads_too_little), S(owner_drains),
      S(owner_writes_too_much), S(owner_drains), S(peer_adds)}},
    {"inotify",
     &watcher,
     0,
     {S(file_comes_and_goes), S(owner_drains), S(file_comes_and_goes), S(owner_reads_a_record),
      S(owner_drains), S(file_comes_and_goes), S(owner_drains)}},
    {"signalfd",
     &signals,
     0,
     {S(signal_comes), S(owner_drains), S(signal_comes), S(owner_reads_once), S(signal_comes),
      S(owner_drains)}},
    {"netlink",
     &netlink,
     0,
     {S(owner_writes), S(owner_reads_once), S(owner_drains), S(owner_writes), S(owner_drains)}},
    {"mqueue",
     &queue,
     0,
     {S(peer_puts), S(owner_drains), S(peer_puts), S(owner_reads_once), S(owner_fills),
      S(peer_gets), S(owner_fills), S(owner_drains)}},
    {"epoll in it",
     &nested,
     0,
     {S(peer_writes), S(owner_drains), S(peer_writes), S(owner_reads_once), S(peer_writes),
      S(owner_drains)}},
    {"pidfd", &process, 0, {S(child_is_killed), S(child_is_reaped)}},
    {"UDP: errors are queued",
     &udp_with_queue,
     0,
     {S(peer_closes), S(owner_writes), S(owner_drains), S(owner_drains), S(peer_opens),
      S(peer_writes), S(owner_drains), S(peer_writes), S(owner_drains)}},
    {"UDP: errors are queued and read",
     &udp_with_queue,
     0,
     {S(peer_closes), S(owner_writes), S(owner_drains), S(owner_empties_error_queue), S(peer_opens),
      S(peer_writes), S(owner_drains)}},
    {"UDP: errors are queued, told by take_error",
     &udp_with_queue,
     0,
     {S(peer_closes), S(owner_writes), S(owner_takes_error), S(owner_drains), S(peer_opens),
      S(peer_writes), S(owner_drains)}},
    {"UDP: errors are queued, of a reader",
     &udp_with_queue,
     R,
     {S(peer_closes), S(owner_writes), S(owner_drains), S(owner_writes), S(owner_drains),
      S(peer_opens), S(peer_writes), S(owner_drains)}},
    {"UDP: errors are queued, of a writer",
     &udp_with_queue,
     W,
     {S(peer_closes), S(owner_writes), S(owner_writes), S(owner_writes)}},
    {"pipe: packets",
     &packets,
     0,
     {S(peer_writes), S(peer_writes), S(owner_reads_once), S(owner_drains), S(peer_closes),
      S(owner_drains)}},
    {"mountinfo",
     &mounts,
     R,
     {S(owner_reads_mounts), S(mount_comes), S(owner_reads_mounts), S(mount_goes),
      S(owner_reads_mounts)}},
    {"mountinfo: read at once",
     &mounts,
     R | P,
     {S(owner_reads_mounts_at_once), S(mount_comes), S(owner_reads_mounts_at_once), S(mount_goes),
      S(owner_reads_mounts_at_once)}},
    {"mountinfo: priority alone",
     &mounts,
     P,
     {S(owner_reads_mounts), S(mount_comes), S(owner_reads_mounts), S(mount_goes),
      S(owner_reads_mounts)}},
};

static void peer_puts_if_room(struct rig *rig) {
    (void)mq_send(rig->peer, "12345678", 8, 0);
}

static void peer_gets_if_any(struct rig *rig) {
    char message[8];
    (void)mq_receive(rig->peer, message, sizeof message, NULL);
}

/* Mounts and processes are left out: there is little that can be done with them in any order. */
static const struct rig_choice choices[] = {
    {"eventfd", &counter, {S(owner_reads_too_little), S(owner_writes_too_much)}, true},
    {"eventfd, semaphore", &semaphore, {S(owner_reads_too_little)}, true},
    {"timerfd", &timer, {S(timer_is_set)}, true},
    {"inotify", &watcher, {S(file_comes_and_goes), S(owner_reads_a_record)}, true},
    {"signalfd", &signals, {S(signal_comes)}, true},
    {"netlink", &netlink, {{0}}, true},
    {"mqueue", &queue, {S(peer_puts_if_room), S(peer_gets_if_any)}, true},
    {"epoll in it", &nested, {{0}}, true},
    {"UDP, errors are queued", &udp_with_queue, {S(owner_empties_error_queue)}, true},
    {"pipe of packets", &packets, {{0}}, true},
};

struct rig_choices rig_system_choices(void) {
    return (struct rig_choices){choices, sizeof choices / sizeof *choices};
}

struct rig_scenes rig_system_scenes(void) {
    return (struct rig_scenes){scenes, sizeof scenes / sizeof *scenes};
}
