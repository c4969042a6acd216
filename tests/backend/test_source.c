/* SPDX-License-Identifier: MIT */

/*
 * Sources as such: composite ones of the program's own, sources that move in memory, descriptors
 * that are not cmio's, and what happens when one is closed under a source.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "support/loop.h"
#include "support/pair.h"
#include "support/scale.h"

enum { TOKEN = 1, OTHER = 2, WAKER = 3 };

/*
 * A source of a program's own: two readers under one token, that counts its calls and fails when it
 * is told to.
 */
struct twin {
    struct cmio_source source;
    struct cmio_fd_source halves[2];
    int registers;
    int reregisters;
    int deregisters;
    int error; /* what the next call answers, where it is not 0 */
    struct cmio_registry *registry;
    cmio_token token;
    cmio_interest interest;
};

static struct twin *twin_of(struct cmio_source *source) {
    return (struct twin *)(void *)((char *)source - offsetof(struct twin, source));
}

static void note(struct twin *twin, struct cmio_registry *registry, cmio_token token,
                 cmio_interest interest) {
    twin->registry = registry;
    twin->token = token;
    twin->interest = interest;
}

static int twin_register(struct cmio_source *source, struct cmio_registry *registry,
                         cmio_token token, cmio_interest interest) {
    struct twin *twin = twin_of(source);
    twin->registers++;
    note(twin, registry, token, interest);
    if (twin->error != 0)
        return twin->error;
    int error = cmio_registry_register(registry, &twin->halves[0].source, token, interest);
    if (error < 0)
        return error;
    error = cmio_registry_register(registry, &twin->halves[1].source, token, interest);
    if (error < 0)
        (void)cmio_registry_deregister(registry, &twin->halves[0].source);
    return error;
}

static int twin_reregister(struct cmio_source *source, struct cmio_registry *registry,
                           cmio_token token, cmio_interest interest) {
    struct twin *twin = twin_of(source);
    twin->reregisters++;
    note(twin, registry, token, interest);
    int error = twin->error;
    for (int i = 0; i < 2 && error == 0; i++)
        error = cmio_registry_reregister(registry, &twin->halves[i].source, token, interest);
    return error;
}

static int twin_deregister(struct cmio_source *source, struct cmio_registry *registry) {
    struct twin *twin = twin_of(source);
    twin->deregisters++;
    note(twin, registry, 0, 0);
    int first = cmio_registry_deregister(registry, &twin->halves[0].source);
    int second = cmio_registry_deregister(registry, &twin->halves[1].source);
    if (twin->error != 0)
        return twin->error;
    return first < 0 ? first : second;
}

static const struct cmio_source_ops twin_ops = {
    .on_register = twin_register,
    .on_reregister = twin_reregister,
    .on_deregister = twin_deregister,
};

struct setting {
    struct test_loop loop;
    struct twin twin;
    int fds[2][2];
};

static void setting_open(struct setting *setting) {
    memset(setting, 0, sizeof *setting);
    test_loop_open(&setting->loop);
    assert_int_equal(cmio_source_init(&setting->twin.source, &twin_ops), 0);
    for (int i = 0; i < 2; i++) {
        test_pair_open(TEST_PIPE, setting->fds[i]);
        assert_int_equal(cmio_fd_source_init(&setting->twin.halves[i], setting->fds[i][0]), 0);
    }
}

static void setting_close(struct setting *setting) {
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cmio_fd_source_close(&setting->twin.halves[i]), 0);
        test_pair_close(setting->fds[i]);
    }
    test_loop_close(&setting->loop);
}

static int enter(struct setting *setting) {
    return cmio_registry_register(setting->loop.registry, &setting->twin.source, TOKEN,
                                  CMIO_READABLE);
}

static int change(struct setting *setting, cmio_token token) {
    return cmio_registry_reregister(setting->loop.registry, &setting->twin.source, token,
                                    CMIO_READABLE | CMIO_LEVEL);
}

static int leave(struct setting *setting) {
    return cmio_registry_deregister(setting->loop.registry, &setting->twin.source);
}

static void expect_calls(const struct twin *twin, int registers, int reregisters, int deregisters) {
    assert_int_equal(twin->registers, registers);
    assert_int_equal(twin->reregisters, reregisters);
    assert_int_equal(twin->deregisters, deregisters);
}

static void a_composite_source_brings_the_events_of_its_parts(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(enter(&setting), 0);
    assert_true(cmio_source_is_registered(&setting.twin.source));
    assert_true(cmio_source_is_registered(&setting.twin.halves[0].source));
    for (int i = 0; i < 2; i++) {
        test_loop_expect_silence(&setting.loop);
        test_put(setting.fds[i][1], 1);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    }
    assert_int_equal(leave(&setting), 0);
    assert_false(cmio_source_is_registered(&setting.twin.halves[1].source));
    test_loop_expect_silence(&setting.loop);
    setting_close(&setting);
}

static void each_call_on_a_composite_source_is_one_call_of_its_operation(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    struct twin *twin = &setting.twin;
    assert_int_equal(enter(&setting), 0);
    expect_calls(twin, 1, 0, 0);
    assert_ptr_equal(twin->registry, setting.loop.registry);
    assert_int_equal(twin->token, TOKEN);
    assert_int_equal(twin->interest, CMIO_READABLE);
    assert_int_equal(change(&setting, OTHER), 0);
    expect_calls(twin, 1, 1, 0);
    assert_ptr_equal(twin->registry, setting.loop.registry);
    assert_int_equal(twin->token, OTHER);
    assert_int_equal(twin->interest, CMIO_READABLE | CMIO_LEVEL);
    assert_int_equal(leave(&setting), 0);
    expect_calls(twin, 1, 1, 1);
    assert_ptr_equal(twin->registry, setting.loop.registry);
    setting_close(&setting);
}

static void misuse_of_a_composite_source_is_refused_before_its_operation(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    struct test_loop other;
    test_loop_open(&other);
    struct twin *twin = &setting.twin;
    assert_int_equal(change(&setting, TOKEN), -ENOENT);
    assert_int_equal(leave(&setting), -ENOENT);
    assert_int_equal(
        cmio_registry_register(setting.loop.registry, &twin->source, TOKEN, CMIO_LEVEL), -EINVAL);
    expect_calls(twin, 0, 0, 0);
    assert_int_equal(enter(&setting), 0);
    assert_int_equal(enter(&setting), -EEXIST);
    assert_int_equal(cmio_registry_register(other.registry, &twin->source, TOKEN, CMIO_READABLE),
                     -EEXIST);
    assert_int_equal(cmio_registry_reregister(other.registry, &twin->source, TOKEN, CMIO_READABLE),
                     -EEXIST);
    assert_int_equal(cmio_registry_deregister(other.registry, &twin->source), -EEXIST);
    expect_calls(twin, 1, 0, 0);
    test_put(setting.fds[1][1], 1);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    assert_int_equal(leave(&setting), 0);
    test_loop_close(&other);
    setting_close(&setting);
}

static void the_errors_of_a_composite_source_are_passed_on(void **state) {
    (void)state;
    static const int errors[] = {-EPERM, -EIO, -ENOSPC, -ENOMEM};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct setting setting;
        setting_open(&setting);
        struct twin *twin = &setting.twin;
        /* Not registered after a register that failed; it may be tried again. */
        twin->error = errors[i];
        assert_int_equal(enter(&setting), errors[i]);
        assert_false(cmio_source_is_registered(&twin->source));
        assert_int_equal(leave(&setting), -ENOENT);
        twin->error = 0;
        assert_int_equal(enter(&setting), 0);
        /* Released by a deregister that failed. */
        twin->error = errors[i];
        assert_int_equal(leave(&setting), errors[i]);
        assert_false(cmio_source_is_registered(&twin->source));
        twin->error = 0;
        assert_int_equal(leave(&setting), -ENOENT);
        assert_int_equal(enter(&setting), 0);
        assert_int_equal(leave(&setting), 0);
        expect_calls(twin, 3, 0, 2);
        setting_close(&setting);
    }
}

static void a_composite_source_stays_registered_when_its_reregister_is_refused(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(enter(&setting), 0);
    setting.twin.error = -ENOTSUP;
    assert_int_equal(change(&setting, OTHER), -ENOTSUP);
    setting.twin.error = 0;
    assert_true(cmio_source_is_registered(&setting.twin.source));
    test_put(setting.fds[0][1], 1);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    assert_int_equal(change(&setting, OTHER), 0);
    test_loop_expect(&setting.loop, OTHER, CMIO_READABLE);
    assert_int_equal(leave(&setting), 0);
    setting_close(&setting);
}

static void a_source_is_not_registered_after_a_reregister_that_failed(void **state) {
    (void)state;
    static const int errors[] = {-ENOMEM, -ENOSPC, -EIO};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct setting setting;
        setting_open(&setting);
        assert_int_equal(enter(&setting), 0);
        setting.twin.error = errors[i];
        assert_int_equal(change(&setting, OTHER), errors[i]);
        setting.twin.error = 0;
        assert_false(cmio_source_is_registered(&setting.twin.source));
        assert_int_equal(leave(&setting), -ENOENT);
        assert_int_equal(enter(&setting), 0);
        assert_int_equal(leave(&setting), 0);
        setting_close(&setting);
    }
}

/* The errors that say what the caller did wrong, and some others. */
static const int refusals[] = {-EINVAL, -EBADF, -EEXIST, -ENOENT, -EPERM, -ENOTSUP};
static const int failures[] = {-ENOMEM, -ENOSPC, -EIO, -EMFILE, -EAGAIN};

static void a_refused_on_reregister_calls_no_other_operation(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct setting setting;
        setting_open(&setting);
        assert_int_equal(enter(&setting), 0);
        setting.twin.error = refusals[i];
        assert_int_equal(change(&setting, OTHER), refusals[i]);
        setting.twin.error = 0;
        expect_calls(&setting.twin, 1, 1, 0);
        assert_true(cmio_source_is_registered(&setting.twin.source));
        test_put(setting.fds[0][1], 1);
        test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
        assert_int_equal(leave(&setting), 0);
        expect_calls(&setting.twin, 1, 1, 1);
        setting_close(&setting);
    }
}

static void a_failed_on_reregister_is_followed_by_one_on_deregister(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        struct setting setting;
        setting_open(&setting);
        assert_int_equal(enter(&setting), 0);
        setting.twin.error = failures[i]; /* on_deregister says the same, which is not told */
        assert_int_equal(change(&setting, OTHER), failures[i]);
        setting.twin.error = 0;
        expect_calls(&setting.twin, 1, 1, 1);
        assert_false(cmio_source_is_registered(&setting.twin.source));
        assert_false(cmio_source_is_registered(&setting.twin.halves[0].source));
        assert_false(cmio_source_is_registered(&setting.twin.halves[1].source));
        test_put(setting.fds[0][1], 1);
        test_loop_expect_silence(&setting.loop);
        assert_int_equal(leave(&setting), -ENOENT);
        expect_calls(&setting.twin, 1, 1, 1);
        setting_close(&setting);
    }
}

/* Nothing is undone for it: the parts are where the operation left them. */
static void a_refusal_after_a_part_was_changed_leaves_that_part_changed(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(enter(&setting), 0);
    assert_int_equal(cmio_fd_source_close(&setting.twin.halves[1]), 0);
    assert_int_equal(change(&setting, OTHER), -ENOENT);
    assert_true(cmio_source_is_registered(&setting.twin.source));
    test_put(setting.fds[0][1], 1);
    test_loop_expect(&setting.loop, OTHER, CMIO_READABLE);
    (void)leave(&setting);
    assert_false(cmio_source_is_registered(&setting.twin.source));
    setting_close(&setting);
}

static void a_composite_whose_part_is_refused_leaves_nothing_registered(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    int directory = open("/", O_RDONLY);
    assert_true(directory >= 0);
    assert_int_equal(cmio_fd_source_init(&setting.twin.halves[1], directory), 0);
    assert_int_equal(enter(&setting), -EPERM);
    assert_false(cmio_source_is_registered(&setting.twin.source));
    assert_false(cmio_source_is_registered(&setting.twin.halves[0].source));
    test_put(setting.fds[0][1], 1);
    test_loop_expect_silence(&setting.loop);
    test_close(directory);
    setting_close(&setting);
}

static void a_composite_source_without_all_operations_is_invalid(void **state) {
    (void)state;
    struct cmio_source source;
    struct cmio_source_ops ops = twin_ops;
    assert_int_equal(cmio_source_init(NULL, &twin_ops), -EINVAL);
    assert_int_equal(cmio_source_init(&source, NULL), -EINVAL);
    ops.on_register = NULL;
    assert_int_equal(cmio_source_init(&source, &ops), -EINVAL);
    ops = twin_ops;
    ops.on_reregister = NULL;
    assert_int_equal(cmio_source_init(&source, &ops), -EINVAL);
    ops = twin_ops;
    ops.on_deregister = NULL;
    assert_int_equal(cmio_source_init(&source, &ops), -EINVAL);
}

static void a_composite_source_has_no_edge_of_its_own_to_arm(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(enter(&setting), 0);
    assert_int_equal(cmio_source_rearm(&setting.twin.source, CMIO_READABLE), -EINVAL);
    assert_int_equal(leave(&setting), 0);
    setting_close(&setting);
}

static void a_composite_source_of_a_freed_poll_can_be_registered_with_another(void **state) {
    (void)state;
    struct setting setting;
    setting_open(&setting);
    assert_int_equal(enter(&setting), 0);
    test_loop_close(&setting.loop);
    assert_false(cmio_source_is_registered(&setting.twin.source));
    test_loop_open(&setting.loop);
    assert_int_equal(enter(&setting), 0);
    test_put(setting.fds[1][1], 1);
    test_loop_expect(&setting.loop, TOKEN, CMIO_READABLE);
    assert_int_equal(leave(&setting), 0);
    setting_close(&setting);
}

/* Sources that move. */

static void a_source_that_was_copied_elsewhere_keeps_working(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    int fds[2];
    test_pair_open(TEST_UNIX_STREAM, fds);
    struct cmio_fd_source places[2];
    assert_int_equal(cmio_fd_source_init(&places[0], fds[0]), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &places[0].source, TOKEN, CMIO_READABLE),
                     0);
    for (int round = 0; round < 6; round++) {
        struct cmio_fd_source *from = &places[round % 2];
        struct cmio_fd_source *to = &places[1 - round % 2];
        memcpy(to, from, sizeof *to);
        memset(from, 0x5a, sizeof *from);
        test_put(fds[1], 1);
        test_loop_expect(&loop, TOKEN, CMIO_READABLE);
        assert_int_equal(test_source_drain(to), 1);
        test_loop_expect_silence(&loop);
        assert_int_equal(cmio_registry_reregister(loop.registry, &to->source, TOKEN, CMIO_READABLE),
                         0);
    }
    assert_int_equal(cmio_fd_source_close(&places[0]), 0);
    test_pair_close(fds);
    test_loop_close(&loop);
}

static void sources_in_an_array_that_grows_keep_working(void **state) {
    (void)state;
    enum { MOST = 64 };
    struct connection {
        struct cmio_fd_source source;
        int far;
    };
    struct test_loop loop;
    test_loop_open(&loop);
    struct connection *connections = NULL;
    for (size_t count = 0; count < MOST; count++) {
        /* A new place each time, and the old one scribbled over. */
        struct connection *grown = malloc((count + 1) * sizeof *grown);
        assert_non_null(grown);
        if (count > 0) {
            memcpy(grown, connections, count * sizeof *grown);
            memset(connections, 0x5a, count * sizeof *grown);
        }
        free(connections);
        connections = grown;
        int fds[2];
        test_pair_open(TEST_PIPE, fds);
        connections[count].far = fds[1];
        assert_int_equal(cmio_fd_source_init(&connections[count].source, fds[0]), 0);
        assert_int_equal(cmio_registry_register(loop.registry, &connections[count].source.source,
                                                count, CMIO_READABLE),
                         0);
    }
    for (size_t i = 0; i < MOST; i++) {
        test_put(connections[i].far, 1);
        test_loop_expect(&loop, i, CMIO_READABLE);
        assert_int_equal(test_source_drain(&connections[i].source), 1);
    }
    test_loop_expect_silence(&loop);
    for (size_t i = 0; i < MOST; i++) {
        int fd = cmio_fd_source_fd(&connections[i].source);
        assert_int_equal(cmio_fd_source_close(&connections[i].source), 0);
        test_close(fd);
        test_close(connections[i].far);
    }
    free(connections);
    test_loop_close(&loop);
}

/* Descriptors that are not cmio's. */

static void a_foreign_descriptor_s_flags_are_not_touched(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    int fds[2];
    assert_int_equal(pipe(fds), 0); /* blocking, and not close-on-exec */
    int status = fcntl(fds[0], F_GETFL);
    int flags = fcntl(fds[0], F_GETFD);
    struct cmio_fd_source source;
    assert_int_equal(cmio_fd_source_init(&source, fds[0]), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &source.source, TOKEN, CMIO_READABLE),
                     0);
    test_put(fds[1], 1);
    test_loop_expect(&loop, TOKEN, CMIO_READABLE);
    assert_int_equal(fcntl(fds[0], F_GETFL), status);
    assert_int_equal(fcntl(fds[0], F_GETFD), flags);
    assert_int_equal(cmio_fd_source_close(&source), 0);
    assert_int_equal(fcntl(fds[0], F_GETFL), status);
    test_pair_close(fds); /* that it is still open */
    test_loop_close(&loop);
}

/* Descriptor 0, which programs without standard input have for something else. */

static int put_descriptor_0_aside(void) {
    const int kept = fcntl(0, F_DUPFD_CLOEXEC, 3);
    assert_true(kept > 0);
    test_close(0);
    return kept;
}

static void put_descriptor_0_back(int kept) {
    assert_int_equal(fcntl(0, F_GETFD), -1); /* what had the number is closed */
    assert_int_equal(dup2(kept, 0), 0);
    test_close(kept);
}

/* A source with descriptor 0 is registered, hears a byte that is written to far, and is closed. */
static void expect_source_0(struct cmio_source *source, int fd, int far,
                            int (*close_it)(struct cmio_source *source)) {
    assert_int_equal(fd, 0);
    struct test_loop loop;
    test_loop_open(&loop);
    assert_int_equal(cmio_registry_register(loop.registry, source, TOKEN, CMIO_READABLE), 0);
    assert_int_equal(cmio_registry_reregister(loop.registry, source, OTHER, CMIO_READABLE), 0);
    test_put(far, 1);
    test_loop_expect(&loop, OTHER, CMIO_READABLE);
    assert_int_equal(close_it(source), 0);
    assert_false(cmio_source_is_registered(source));
    test_loop_close(&loop);
}

#define CLOSE_AS(name)                                                                             \
    static int close_##name(struct cmio_source *source) {                                          \
        return cmio_##name##_close((struct cmio_##name *)source);                                  \
    }

CLOSE_AS(pipe_receiver)
CLOSE_AS(unix_stream)
CLOSE_AS(unix_datagram)
CLOSE_AS(tcp_stream)
CLOSE_AS(udp_socket)

static void pipes_and_unix_sockets_may_have_descriptor_0(void **state) {
    (void)state;
    const int kept = put_descriptor_0_aside();
    struct cmio_pipe_receiver receiver;
    struct cmio_pipe_sender sender;
    assert_int_equal(cmio_pipe_new(&sender, &receiver), 0);
    expect_source_0(&receiver.source, cmio_pipe_receiver_fd(&receiver),
                    cmio_pipe_sender_fd(&sender), close_pipe_receiver);
    assert_int_equal(cmio_pipe_sender_close(&sender), 0);

    struct cmio_unix_stream streams[2];
    assert_int_equal(cmio_unix_stream_pair(&streams[0], &streams[1]), 0);
    expect_source_0(&streams[0].source, cmio_unix_stream_fd(&streams[0]),
                    cmio_unix_stream_fd(&streams[1]), close_unix_stream);
    assert_int_equal(cmio_unix_stream_close(&streams[1]), 0);

    struct cmio_unix_datagram datagrams[2];
    assert_int_equal(cmio_unix_datagram_pair(&datagrams[0], &datagrams[1]), 0);
    expect_source_0(&datagrams[0].source, cmio_unix_datagram_fd(&datagrams[0]),
                    cmio_unix_datagram_fd(&datagrams[1]), close_unix_datagram);
    assert_int_equal(cmio_unix_datagram_close(&datagrams[1]), 0);
    put_descriptor_0_back(kept);
}

static void adopted_and_accepted_sockets_may_have_descriptor_0(void **state) {
    (void)state;
    int fds[2];
    test_pair_open(TEST_TCP, fds);
    int kept = put_descriptor_0_aside();
    struct cmio_tcp_stream stream;
    assert_int_equal(dup(fds[0]), 0);
    assert_int_equal(cmio_tcp_stream_from_fd(&stream, 0), 0);
    expect_source_0(&stream.source, cmio_tcp_stream_fd(&stream), fds[1], close_tcp_stream);
    put_descriptor_0_back(kept);
    test_pair_close(fds);

    uint16_t port;
    const int listening = test_listen(&port);
    const int client = test_connect(port);
    struct cmio_tcp_listener listener;
    assert_int_equal(cmio_tcp_listener_from_fd(&listener, listening), 0);
    kept = put_descriptor_0_aside();
    TEST_EVENTUALLY(cmio_tcp_listener_accept(&listener, &stream, NULL) == 0);
    expect_source_0(&stream.source, cmio_tcp_stream_fd(&stream), client, close_tcp_stream);
    put_descriptor_0_back(kept);
    assert_int_equal(cmio_tcp_listener_close(&listener), 0);
    test_close(client);
}

static void a_bound_socket_may_have_descriptor_0(void **state) {
    (void)state;
    struct cmio_udp_socket socket;
    struct cmio_address address;
    uint16_t port;
    const int far = test_udp_bind(&port);
    const int kept = put_descriptor_0_aside();
    assert_int_equal(cmio_address_parse("127.0.0.1:0", &address), 0);
    assert_int_equal(cmio_udp_socket_bind(&socket, &address, NULL), 0);
    assert_int_equal(cmio_udp_socket_local_address(&socket, &address), 0);
    test_udp_connect(far, cmio_address_port(&address));
    expect_source_0(&socket.source, cmio_udp_socket_fd(&socket), far, close_udp_socket);
    put_descriptor_0_back(kept);
    test_close(far);
}

/* Accepts without cmio, one connection an event, each of which gets descriptor 0. */
static void accept_descriptor_0(size_t wanted) {
    uint16_t port;
    const int listening = test_listen(&port);
    test_set_nonblocking(listening);
    struct test_loop loop;
    struct cmio_fd_source listener;
    test_loop_open(&loop);
    assert_int_equal(cmio_fd_source_init(&listener, listening), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &listener.source, TOKEN, CMIO_READABLE),
                     0);
    const int kept = put_descriptor_0_aside();
    for (int round = 0; round < 3; round++) {
        /* Not 0 itself, which is for what is accepted. */
        const int low = test_connect(port);
        const int client = low == 0 ? dup(low) : low;
        if (low == 0)
            test_close(low);
        test_loop_expect(&loop, TOKEN, CMIO_READABLE);
        assert_int_equal(
            cmio_fd_source_note_io(&listener, CMIO_READABLE, accept(listening, NULL, NULL), wanted),
            0);
        test_close(0);
        test_close(client);
    }
    put_descriptor_0_back(kept);
    assert_int_equal(cmio_fd_source_close(&listener), 0);
    test_close(listening);
    test_loop_close(&loop);
}

/* What accept wants has no length, so all of these mean the same. */
static const size_t lengths_of_nothing[] = {0, 1, 4096, SIZE_MAX};

static void an_accept_that_gave_descriptor_0_is_no_end(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof lengths_of_nothing / sizeof *lengths_of_nothing; i++)
        accept_descriptor_0(lengths_of_nothing[i]);
}

/* Takes one datagram an event, with room for length bytes of it. */
static void take_empty_datagrams(enum test_pair_kind kind, size_t length) {
    struct test_loop loop;
    struct cmio_fd_source receiver;
    int fds[2];
    char byte;
    test_loop_open(&loop);
    test_pair_open(kind, fds);
    TEST_OK(cmio_fd_source_init(&receiver, fds[0]));
    TEST_OK(cmio_poll_register(loop.poll, &receiver.source, TOKEN, CMIO_READABLE));
    for (int round = 0; round < 3; round++) {
        assert_int_equal(send(fds[1], NULL, 0, 0), 0);
        test_loop_expect(&loop, TOKEN, CMIO_READABLE);
        TEST_OK(cmio_fd_source_note_io(&receiver, CMIO_READABLE, recv(fds[0], &byte, length, 0),
                                       length));
    }
    TEST_FAILS(cmio_fd_source_note_io(&receiver, CMIO_READABLE, recv(fds[0], &byte, 1, 0), 1),
               -EAGAIN);
    TEST_OK(cmio_fd_source_close(&receiver));
    test_pair_close(fds);
    test_loop_close(&loop);
}

static void an_empty_datagram_is_taken_and_no_end(void **state) {
    (void)state;
    for (size_t length = 0; length <= 1; length++) {
        take_empty_datagrams(TEST_UDP, length);
        take_empty_datagrams(TEST_UNIX_DATAGRAM, length);
    }
}

static void polls_and_wakers_may_have_descriptor_0(void **state) {
    (void)state;
    for (int waker_has_it = 0; waker_has_it < 2; waker_has_it++) {
        int kept = waker_has_it ? -1 : put_descriptor_0_aside();
        struct test_loop loop;
        test_loop_open(&loop);
        if (waker_has_it)
            kept = put_descriptor_0_aside();
        struct cmio_waker *waker;
        assert_int_equal(cmio_waker_new(&waker, loop.registry, WAKER), 0);
        for (int round = 0; round < 3; round++) {
            assert_int_equal(cmio_waker_wake(waker), 0);
            test_loop_expect(&loop, WAKER, CMIO_READABLE);
            test_loop_expect_silence(&loop);
        }
        cmio_waker_free(waker);
        if (waker_has_it)
            put_descriptor_0_back(kept);
        test_loop_close(&loop);
        if (!waker_has_it)
            put_descriptor_0_back(kept);
    }
}

static void closing_a_source_deregisters_though_a_dup_keeps_the_description(void **state) {
    (void)state;
    static const cmio_interest modes[] = {0, CMIO_LEVEL, CMIO_ONESHOT};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct test_loop loop;
        test_loop_open(&loop);
        int fds[2];
        test_pair_open(TEST_PIPE, fds);
        int copy = dup(fds[0]);
        assert_true(copy >= 0);
        struct cmio_fd_source source;
        assert_int_equal(cmio_fd_source_init(&source, fds[0]), 0);
        assert_int_equal(
            cmio_registry_register(loop.registry, &source.source, TOKEN, CMIO_READABLE | modes[i]),
            0);
        test_put(fds[1], 1);
        assert_int_equal(cmio_fd_source_close(&source), 0);
        test_close(fds[0]);
        test_loop_expect_silence(&loop);
        test_put(fds[1], 1);
        test_loop_expect_silence(&loop);
        test_close(copy);
        test_close(fds[1]);
        test_loop_close(&loop);
    }
}

static void two_sources_may_watch_two_descriptors_of_one_description(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    const int copies[2] = {fds[0], dup(fds[0])};
    struct cmio_fd_source sources[2];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(cmio_fd_source_init(&sources[i], copies[i]), 0);
        assert_int_equal(
            cmio_registry_register(loop.registry, &sources[i].source, i, CMIO_READABLE), 0);
    }
    test_put(fds[1], 1);
    for (size_t i = 0; i < 2; i++)
        test_loop_expect(&loop, i, CMIO_READABLE);
    assert_int_equal(test_source_drain(&sources[1]), 1);
    assert_int_equal(cmio_fd_source_close(&sources[0]), 0);
    test_put(fds[1], 1);
    test_loop_expect(&loop, 1, CMIO_READABLE);
    test_loop_expect_silence(&loop);
    assert_int_equal(cmio_fd_source_close(&sources[1]), 0);
    test_close(copies[1]);
    test_pair_close(fds);
    test_loop_close(&loop);
}

/* A child's standard input and output, as pipes. */

struct child {
    pid_t pid;
    int input;  /* to its standard input; -1 once it is closed */
    int output; /* from its standard output */
};

/* What cat(1) does. No program is run for it: where the suite is one static file there is none. */
static void copy_input_to_output(void) {
    char buffer[512];
    ssize_t count;
    while ((count = read(STDIN_FILENO, buffer, sizeof buffer)) > 0)
        for (ssize_t done = 0; done < count;) {
            ssize_t written = write(STDOUT_FILENO, buffer + done, (size_t)(count - done));
            if (written < 0)
                _exit(1);
            done += written;
        }
    _exit(count == 0 ? 0 : 1);
}

static struct child start_child(void) {
    int input[2];
    int output[2];
    assert_int_equal(pipe(input), 0);
    assert_int_equal(pipe(output), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(input[0], STDIN_FILENO);
        dup2(output[1], STDOUT_FILENO);
        test_pair_close(input);
        test_pair_close(output);
        copy_input_to_output();
    }
    test_close(input[0]);
    test_close(output[1]);
    test_set_nonblocking(input[1]);
    test_set_nonblocking(output[0]);
    return (struct child){.pid = pid, .input = input[1], .output = output[0]};
}

/* Writes until it blocks or all is written, and then ends the child's input. */
static void feed(struct child *child, struct cmio_fd_source *source, size_t *left) {
    ssize_t count = 0;
    while (*left > 0 && (count = test_source_write(source, *left < 4096 ? *left : 4096)) > 0)
        *left -= (size_t)count;
    assert_true(count > 0 || count == -EAGAIN || *left == 0);
    if (*left > 0)
        return;
    assert_int_equal(cmio_fd_source_close(source), 0);
    test_close(child->input);
    child->input = -1;
}

static void a_child_s_input_and_output_are_written_and_read_through_pipes(void **state) {
    (void)state;
    const size_t length = 1 << 20;
    struct test_loop loop;
    test_loop_open(&loop);
    struct child child = start_child();
    struct cmio_fd_source input;
    struct cmio_fd_source output;
    assert_int_equal(cmio_fd_source_init(&input, child.input), 0);
    assert_int_equal(cmio_fd_source_init(&output, child.output), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &input.source, TOKEN, CMIO_WRITABLE), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &output.source, OTHER, CMIO_READABLE),
                     0);
    size_t left = length;
    size_t read = 0;
    ssize_t count = -EAGAIN;
    while (count != 0) {
        assert_true(test_loop_wait(&loop, 30 * CMIO_SECOND) > 0);
        if (child.input >= 0 && loop.came[TOKEN] & CMIO_WRITABLE)
            feed(&child, &input, &left);
        while (loop.came[OTHER] & CMIO_READABLE && (count = test_source_read(&output, 4096)) > 0)
            read += (size_t)count;
        assert_true(count == 0 || count == -EAGAIN);
        test_loop_forget(&loop);
    }
    assert_int_equal(read, length);
    int status = -1;
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(cmio_fd_source_close(&output), 0);
    test_close(child.output);
    test_loop_close(&loop);
}

/* A descriptor that is closed while its source is registered: misuse, with bounded harm. */

static void expect_bounded_harm(enum test_pair_kind kind, cmio_interest interest) {
    struct test_loop loop;
    test_loop_open(&loop);
    int fds[2];
    int other[2];
    test_pair_open(kind, fds);
    test_pair_open(TEST_PIPE, other);
    struct cmio_fd_source closed;
    struct cmio_fd_source unhurt;
    assert_int_equal(cmio_fd_source_init(&closed, fds[0]), 0);
    assert_int_equal(cmio_fd_source_init(&unhurt, other[0]), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &closed.source, TOKEN, interest), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &unhurt.source, OTHER, CMIO_READABLE),
                     0);
    test_put(fds[1], 1);
    test_close(fds[0]);
    int events = 0;
    for (int wait = 0; wait < 5; wait++) {
        int count = test_loop_wait(&loop, 2 * CMIO_MILLISECOND);
        assert_true(count >= 0);
        events += count;
    }
    assert_in_range(events, 0, 5);
    test_put(other[1], 1);
    test_loop_expect(&loop, OTHER, CMIO_READABLE);
    int released = cmio_registry_deregister(loop.registry, &closed.source);
    assert_true(released == 0 || released == -EBADF);
    assert_false(cmio_source_is_registered(&closed.source));
    assert_int_equal(cmio_registry_deregister(loop.registry, &closed.source), -ENOENT);
    test_loop_forget(&loop);
    test_loop_expect_silence(&loop);
    assert_int_equal(cmio_fd_source_close(&closed), 0);
    assert_int_equal(cmio_fd_source_close(&unhurt), 0);
    test_close(fds[1]);
    test_pair_close(other);
    test_loop_close(&loop);
}

static void a_closed_descriptor_harms_nobody_and_its_source_is_released(void **state) {
    (void)state;
    static const cmio_interest modes[] = {0, CMIO_LEVEL, CMIO_ONESHOT};
    for (enum test_pair_kind kind = 0; kind < TEST_PAIR_KINDS; kind++)
        for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
            expect_bounded_harm(kind, CMIO_READABLE | modes[i]);
}

/*
 * A wait that sleeps takes some microseconds of processor time, however busy the machine; one that
 * spins takes all that it gets.
 */
static void a_closed_descriptor_makes_no_wait_spin(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    struct cmio_fd_source closed;
    struct cmio_waker *waker;
    assert_int_equal(cmio_fd_source_init(&closed, fds[0]), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &closed.source, TOKEN, CMIO_READABLE),
                     0);
    assert_int_equal(cmio_waker_new(&waker, loop.registry, OTHER), 0);
    test_close(fds[0]);
    bool was_idle = false;
    for (int tries = 0; tries < 5 && !was_idle; tries++) {
        struct test_waiter waiter;
        test_waiter_start(&waiter, &loop, cmio_poll_wait, CMIO_FOREVER);
        const int64_t end = test_now() + 100 * CMIO_MILLISECOND;
        while (test_now() < end)
            test_pause();
        assert_int_equal(cmio_waker_wake(waker), 0);
        test_waiter_join(&waiter);
        const int64_t little = test_is_slow() ? waiter.elapsed / 4 : 3 * CMIO_MILLISECOND;
        was_idle = waiter.result == 1 && waiter.busy < little;
        test_waiter_free(&waiter);
    }
    assert_true(was_idle);
    cmio_waker_free(waker);
    (void)cmio_fd_source_close(&closed); /* it may say that the descriptor is gone */
    test_close(fds[1]);
    test_loop_close(&loop);
}

static void closing_a_source_whose_descriptor_is_gone_says_ebadf_or_nothing(void **state) {
    (void)state;
    struct test_loop loop;
    test_loop_open(&loop);
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    struct cmio_fd_source source;
    assert_int_equal(cmio_fd_source_init(&source, fds[0]), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &source.source, TOKEN, CMIO_READABLE),
                     0);
    test_close(fds[0]);
    int closed = cmio_fd_source_close(&source);
    assert_true(closed == 0 || closed == -EBADF);
    assert_int_equal(cmio_fd_source_close(&source), 0);
    test_close(fds[1]);
    test_loop_close(&loop);
}

/* What was opened since has the number: the source is not its, and is let go all the same. */
static void expect_release_after_reuse(int opened_since) {
    struct test_loop loop;
    test_loop_open(&loop);
    int fds[2];
    test_pair_open(TEST_PIPE, fds);
    struct cmio_fd_source source;
    assert_int_equal(cmio_fd_source_init(&source, fds[0]), 0);
    assert_int_equal(cmio_registry_register(loop.registry, &source.source, TOKEN, CMIO_READABLE),
                     0);
    test_close(fds[0]);
    assert_int_equal(dup2(opened_since, fds[0]), fds[0]);
    int released = cmio_registry_deregister(loop.registry, &source.source);
    assert_true(released == 0 || released == -EBADF);
    assert_false(cmio_source_is_registered(&source.source));
    test_loop_expect_silence(&loop);
    assert_int_equal(cmio_fd_source_close(&source), 0);
    test_pair_close(fds);
    test_loop_close(&loop);
}

static void a_source_is_released_though_its_number_was_used_again(void **state) {
    (void)state;
    int others[2];
    test_pair_open(TEST_UNIX_STREAM, others);
    int directory = open("/", O_RDONLY);
    assert_true(directory >= 0);
    expect_release_after_reuse(others[0]);
    expect_release_after_reuse(directory);
    test_close(directory);
    test_pair_close(others);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_composite_source_brings_the_events_of_its_parts),
    cmocka_unit_test(each_call_on_a_composite_source_is_one_call_of_its_operation),
    cmocka_unit_test(misuse_of_a_composite_source_is_refused_before_its_operation),
    cmocka_unit_test(the_errors_of_a_composite_source_are_passed_on),
    cmocka_unit_test(a_composite_source_stays_registered_when_its_reregister_is_refused),
    cmocka_unit_test(a_source_is_not_registered_after_a_reregister_that_failed),
    cmocka_unit_test(a_refused_on_reregister_calls_no_other_operation),
    cmocka_unit_test(a_failed_on_reregister_is_followed_by_one_on_deregister),
    cmocka_unit_test(a_refusal_after_a_part_was_changed_leaves_that_part_changed),
    cmocka_unit_test(a_composite_whose_part_is_refused_leaves_nothing_registered),
    cmocka_unit_test(a_composite_source_without_all_operations_is_invalid),
    cmocka_unit_test(a_composite_source_has_no_edge_of_its_own_to_arm),
    cmocka_unit_test(a_composite_source_of_a_freed_poll_can_be_registered_with_another),
    cmocka_unit_test(a_source_that_was_copied_elsewhere_keeps_working),
    cmocka_unit_test(sources_in_an_array_that_grows_keep_working),
    cmocka_unit_test(a_foreign_descriptor_s_flags_are_not_touched),
    cmocka_unit_test(pipes_and_unix_sockets_may_have_descriptor_0),
    cmocka_unit_test(adopted_and_accepted_sockets_may_have_descriptor_0),
    cmocka_unit_test(a_bound_socket_may_have_descriptor_0),
    cmocka_unit_test(an_accept_that_gave_descriptor_0_is_no_end),
    cmocka_unit_test(an_empty_datagram_is_taken_and_no_end),
    cmocka_unit_test(polls_and_wakers_may_have_descriptor_0),
    cmocka_unit_test(closing_a_source_deregisters_though_a_dup_keeps_the_description),
    cmocka_unit_test(two_sources_may_watch_two_descriptors_of_one_description),
    cmocka_unit_test(a_child_s_input_and_output_are_written_and_read_through_pipes),
    cmocka_unit_test(a_closed_descriptor_harms_nobody_and_its_source_is_released),
    cmocka_unit_test(a_closed_descriptor_makes_no_wait_spin),
    cmocka_unit_test(closing_a_source_whose_descriptor_is_gone_says_ebadf_or_nothing),
    cmocka_unit_test(a_source_is_released_though_its_number_was_used_again),
};

TEST_GROUP(backend_source, tests)
