/* SPDX-License-Identifier: MIT */
/*
 * The owners of cmio.hpp: they cost nothing, can be moved and not copied, close what they hold once,
 * and do in scenes of the suite what C programs do by hand. After each scene the number of open
 * descriptors is what it was before.
 */
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>
#include <type_traits>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <cmio/cmio.hpp>

namespace {

template <typename Owner, typename Held> constexpr bool is_good_owner() {
    return sizeof(Owner) == sizeof(Held) && std::is_nothrow_default_constructible_v<Owner> &&
           std::is_nothrow_move_constructible_v<Owner> &&
           std::is_nothrow_move_assignable_v<Owner> && !std::is_copy_constructible_v<Owner> &&
           !std::is_copy_assignable_v<Owner>;
}
static_assert(is_good_owner<cmio::poll, cmio_poll *>());
static_assert(is_good_owner<cmio::events, cmio_events *>());
static_assert(is_good_owner<cmio::waker, cmio_waker *>());
static_assert(is_good_owner<cmio::timers, cmio_timers *>());
static_assert(is_good_owner<cmio::child, cmio_child>());
static_assert(is_good_owner<cmio::fd_source, cmio_fd_source>());
static_assert(is_good_owner<cmio::pipe_receiver, cmio_pipe_receiver>());
static_assert(is_good_owner<cmio::pipe_sender, cmio_pipe_sender>());
static_assert(is_good_owner<cmio::signals, cmio_signals>());
static_assert(is_good_owner<cmio::tcp_listener, cmio_tcp_listener>());
static_assert(is_good_owner<cmio::tcp_stream, cmio_tcp_stream>());
static_assert(is_good_owner<cmio::udp_socket, cmio_udp_socket>());
static_assert(is_good_owner<cmio::unix_datagram, cmio_unix_datagram>());
static_assert(is_good_owner<cmio::unix_listener, cmio_unix_listener>());
static_assert(is_good_owner<cmio::unix_stream, cmio_unix_stream>());

int failures;

void expect(bool condition, const char *words, int line) {
    if (!condition) {
        std::fprintf(stderr, "owners.cpp:%d: %s\n", line, words);
        failures++;
    }
}
#define EXPECT(condition) expect(condition, #condition, __LINE__)

int open_descriptors() {
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

struct loop {
    cmio::poll poll;
    cmio::events events;

    loop() {
        EXPECT(cmio_poll_new(poll.out()) == 0);
        EXPECT(cmio_events_new(events.out(), 16) == 0);
    }
    cmio_registry *registry() const {
        return cmio_poll_registry(poll.get());
    }
    /* Waits until an event has the token, for a minute at most. */
    bool wait_for(cmio_token token) {
        const int64_t deadline = cmio_now() + 60 * CMIO_SECOND;
        while (cmio_now() < deadline) {
            const int count = cmio_poll_wait(poll.get(), events.get(), CMIO_SECOND);
            if (count < 0 && count != -EINTR)
                return false;
            for (const cmio_event &event : events)
                if (event.token == token)
                    return true;
        }
        return false;
    }
};

void a_waker_moves_to_the_thread_that_wakes() {
    loop loop;
    cmio::waker waker;
    EXPECT(cmio_waker_new(waker.out(), loop.registry(), 7) == 0);
    EXPECT(bool(waker));
    cmio::waker kept;
    std::thread thread([&kept, moved = std::move(waker)]() mutable {
        EXPECT(cmio_waker_wake(moved.get()) == 0);
        kept = std::move(moved);
    });
    EXPECT(!waker);
    EXPECT(loop.wait_for(7));
    thread.join();
    EXPECT(bool(kept));
}

void a_registered_stream_moves_and_stays_registered() {
    loop loop;
    cmio::tcp_listener listener;
    cmio_address address;
    EXPECT(cmio_address_parse("127.0.0.1:0", &address) == 0);
    EXPECT(cmio_tcp_listener_bind(listener.get(), &address, nullptr) == 0);
    EXPECT(cmio_tcp_listener_local_address(listener.get(), &address) == 0);
    EXPECT(cmio_registry_register(loop.registry(), listener.source(), 1, CMIO_READABLE) == 0);
    cmio::tcp_listener moved_listener(std::move(listener));
    EXPECT(listener.close() == 0);
    cmio::tcp_stream client;
    EXPECT(cmio_tcp_stream_connect(client.get(), &address) == 0);
    EXPECT(loop.wait_for(1));
    cmio::tcp_stream server;
    EXPECT(cmio_tcp_listener_accept(moved_listener.get(), server.get(), nullptr) == 0);
    EXPECT(cmio_registry_register(loop.registry(), server.source(), 2, CMIO_READABLE) == 0);
    cmio::tcp_stream moved;
    moved = std::move(server);
    EXPECT(cmio_registry_register(loop.registry(), client.source(), 3, CMIO_WRITABLE) == 0);
    EXPECT(loop.wait_for(3));
    EXPECT(cmio_tcp_stream_write(client.get(), "hello", 5) == 5);
    EXPECT(loop.wait_for(2));
    char buffer[8];
    EXPECT(cmio_tcp_stream_read(moved.get(), buffer, sizeof buffer) == 5);
    EXPECT(std::memcmp(buffer, "hello", 5) == 0);
    EXPECT(client.close() == 0);
    EXPECT(client.close() == 0);
}

void assigning_closes_what_was_held() {
    cmio::unix_stream a;
    cmio::unix_stream b;
    cmio::unix_stream c;
    cmio::unix_stream d;
    EXPECT(cmio_unix_stream_pair(a.get(), b.get()) == 0);
    EXPECT(cmio_unix_stream_pair(c.get(), d.get()) == 0);
    const int before = open_descriptors();
    a = std::move(c);
    EXPECT(open_descriptors() == before - 1);
    char byte;
    EXPECT(cmio_unix_stream_read(b.get(), &byte, 1) == 0);
    EXPECT(cmio_unix_stream_write(a.get(), "x", 1) == 1);
    EXPECT(cmio_unix_stream_read(d.get(), &byte, 1) == 1);
}

void what_is_released_stays_open() {
    cmio_unix_stream raw;
    cmio::unix_stream other;
    {
        cmio::unix_stream owner;
        EXPECT(cmio_unix_stream_pair(owner.get(), other.get()) == 0);
        raw = owner.release();
    }
    EXPECT(cmio_unix_stream_write(&raw, "x", 1) == 1);
    cmio::unix_stream again(raw);
    EXPECT(again.close() == 0);
}

void an_object_is_replaced_through_out() {
    cmio::timers timers;
    EXPECT(cmio_timers_new(timers.out()) == 0);
    cmio_timers *const released = timers.release();
    EXPECT(!timers);
    timers.reset(released);
    EXPECT(cmio_timers_new(timers.out()) == 0);
    cmio_timer timer{};
    EXPECT(cmio_timers_set(timers.get(), &timer, 0) == 0);
    EXPECT(cmio_timers_pop(timers.get(), 1) == &timer);
}

int freed;

void count_free(int *number) {
    freed += *number;
}

void each_object_is_freed_once() {
    int one = 1;
    int ten = 10;
    int hundred = 100;
    using number = cmio::object<int, count_free>;
    {
        number a(&one);
        number b(&ten);
        a = std::move(b);
        EXPECT(freed == 1);
        number c(std::move(a));
        EXPECT(freed == 1);
        *c.out() = &hundred;
        EXPECT(freed == 11);
    }
    EXPECT(freed == 111);
}

void a_loop_passes_over_purged_events() {
    loop loop;
    cmio::unix_stream a;
    cmio::unix_stream b;
    EXPECT(cmio_unix_stream_pair(a.get(), b.get()) == 0);
    EXPECT(cmio_registry_register(loop.registry(), a.source(), 1, CMIO_WRITABLE) == 0);
    EXPECT(cmio_registry_register(loop.registry(), b.source(), 2, CMIO_WRITABLE) == 0);
    EXPECT(cmio_poll_wait(loop.poll.get(), loop.events.get(), 60 * CMIO_SECOND) == 2);
    cmio_events_purge(loop.events.get(), 1);
    int count = 0;
    for (const cmio_event &event : loop.events) {
        EXPECT(event.token == 2);
        count++;
    }
    EXPECT(count == 1);
}

} // namespace

int main() {
    void (*const scenes[])() = {
        a_waker_moves_to_the_thread_that_wakes, a_registered_stream_moves_and_stays_registered,
        assigning_closes_what_was_held,         what_is_released_stays_open,
        an_object_is_replaced_through_out,      each_object_is_freed_once,
        a_loop_passes_over_purged_events,
    };
    for (void (*scene)() : scenes) {
        const int before = open_descriptors();
        scene();
        EXPECT(open_descriptors() == before);
    }
    return failures == 0 ? 0 : 1;
}
