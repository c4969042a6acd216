/* SPDX-License-Identifier: MIT */
/*
 * The coroutines of async.hpp, compiled without exceptions and without run-time types. Every scene
 * runs on an executor without threads, with one worker and with four. After each, the number of open
 * descriptors and of living guards is what it was before. A guard is a local or a parameter of a
 * coroutine, so it tells when a frame is destroyed.
 *
 * usage: [--backend NAME] [PATTERN], where PATTERN is a part of the name of a scene
 */
#include <cmio/async.hpp>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <fcntl.h>

namespace {

using cmio::coroutine;

static_assert(std::is_nothrow_move_constructible_v<coroutine>);
static_assert(std::is_nothrow_move_assignable_v<coroutine>);
static_assert(!std::is_copy_constructible_v<coroutine> && !std::is_copy_assignable_v<coroutine>);
static_assert(sizeof(coroutine) == sizeof(cmio_future) + sizeof(void *));
using sleeping = cmio::future<cmio_sleep_future>;
static_assert(sizeof(sleeping) == sizeof(cmio_sleep_future));
static_assert(!std::is_move_constructible_v<sleeping> && !std::is_copy_constructible_v<sleeping>);
static_assert(!std::is_move_constructible_v<cmio::io> && sizeof(cmio::io) == sizeof(cmio_io));

std::atomic<int> failures;

void expect(bool condition, const char *words, int line) {
    if (!condition) {
        std::fprintf(stderr, "test_coroutines.cpp:%d: %s\n", line, words);
        failures++;
    }
}
#define EXPECT(condition) expect((condition), #condition, __LINE__)

std::atomic<int> living;

/* Counts itself while it lives. A copy of it would be a fault of the compiler or of the header. */
class guard {
  public:
    guard() {
        living++;
    }
    guard(guard &&other) noexcept
        : order_(std::exchange(other.order_, nullptr)), number_(other.number_) {
        living++;
    }
    /* Writes its number down when it goes. */
    guard(std::vector<int> &order, int number) : order_(&order), number_(number) {
        living++;
    }
    ~guard() {
        living--;
        if (order_ != nullptr)
            order_->push_back(number_);
    }

  private:
    std::vector<int> *order_ = nullptr;
    int number_ = 0;
};

const char *backend;

struct scene {
    cmio::executor executor;

    explicit scene(int workers) {
        cmio_executor_options options{};
        options.workers = workers;
        options.backend = backend;
        EXPECT(cmio_executor_new(executor.out(), &options) == 0);
    }
    cmio_executor *on() const {
        return executor.get();
    }
    ssize_t run(coroutine main) const {
        return cmio_block_on(on(), main.get());
    }
    cmio::join_handle spawn(coroutine task) const {
        cmio::join_handle handle;
        EXPECT(std::move(task).spawn(on(), nullptr, handle.out()) == 0);
        return handle;
    }
    ssize_t join(const cmio::join_handle &handle) const {
        cmio::future join(cmio_join_future_init, handle.get());
        return cmio_block_on(on(), join.get());
    }
};

coroutine nap(int64_t pause) {
    co_return co_await cmio::future(cmio_sleep_future_init, pause);
}

coroutine value(ssize_t result) {
    const guard here;
    co_return result;
}

coroutine yield() {
    co_return co_await cmio::future(cmio_yield_future_init);
}

/* Lets others run until the flag is set, or a minute has passed. */
coroutine until(const std::atomic<int> &count, int wanted) {
    const int64_t deadline = cmio_now() + 60 * CMIO_SECOND;
    while (count < wanted && cmio_now() < deadline)
        (void)co_await nap(CMIO_MILLISECOND / 10);
    co_return count >= wanted ? 0 : -ETIMEDOUT;
}

/* Waits for an hour, with a guard in the frame. */
coroutine wait(std::atomic<int> &begun, [[maybe_unused]] guard parameter = {}) {
    const guard here;
    begun++;
    co_return co_await nap(3600 * CMIO_SECOND);
}

/* Leaves and errors */

coroutine sleep_twice(int64_t *end) {
    cmio_sleep_future sleep{};
    EXPECT(cmio_sleep_future_init(&sleep, CMIO_MILLISECOND) == 0);
    const ssize_t first = co_await &sleep.future;
    const ssize_t second = co_await cmio::future(cmio_sleep_future_init, CMIO_MILLISECOND);
    *end = cmio_now();
    co_return first == 0 && second == 0 ? 7 : -EIO;
}

void a_coroutine_sleeps_and_returns_its_result(scene &scene) {
    const int64_t begin = cmio_now();
    int64_t end = 0;
    EXPECT(scene.run(sleep_twice(&end)) == 7);
    EXPECT(end - begin >= 2 * CMIO_MILLISECOND);
}

coroutine collect_errors() {
    cmio::future refused(cmio_join_future_init, nullptr);
    EXPECT(co_await refused == -EINVAL);
    EXPECT(co_await refused == -EINVAL);
    EXPECT(co_await cmio::future(cmio_sleep_future_init, -5) == -EINVAL);
    EXPECT(co_await value(-EPIPE) == -EPIPE);
    EXPECT(co_await coroutine() == 0);
    coroutine twice = value(5);
    EXPECT(co_await twice == 5);
    EXPECT(co_await twice == 5);
    EXPECT((co_await value(1)) + (co_await value(2)) == 3);
    co_return -ENOENT;
}

void errors_are_results_and_an_ended_coroutine_keeps_its_own(scene &scene) {
    coroutine main = collect_errors();
    EXPECT(cmio_block_on(scene.on(), main.get()) == -ENOENT);
    EXPECT(cmio_future_has_ended(main.get()));
    EXPECT(cmio_block_on(scene.on(), main.get()) == -ENOENT);
    cmio_future_drop(main.get());
    EXPECT(main.get()->result == -ENOENT);
}

/* Owners */

void a_coroutine_moves_until_its_first_poll(scene &scene) {
    coroutine first = value(3);
    coroutine second(std::move(first));
    EXPECT(cmio_future_has_ended(first.get()) && first.get()->result == 0);
    coroutine third;
    EXPECT(cmio_future_has_ended(third.get()));
    third = std::move(second);
    EXPECT(cmio_block_on(scene.on(), third.get()) == 3);
    third = value(4);
    EXPECT(cmio_block_on(scene.on(), third.get()) == 4);
}

coroutine hold([[maybe_unused]] guard parameter, std::atomic<int> &begun) {
    begun++;
    co_return 0;
}

void a_coroutine_dropped_before_its_first_poll_runs_nothing(scene &scene) {
    std::atomic<int> begun = 0;
    {
        const coroutine unused = hold(guard(), begun);
        EXPECT(living == 1);
    }
    EXPECT(living == 0);
    coroutine replaced = hold(guard(), begun);
    replaced = hold(guard(), begun);
    EXPECT(living == 1);
    cmio_future_drop(replaced.get());
    EXPECT(living == 0 && replaced.get()->result == -ECANCELED);
    if (scene.join(scene.spawn(hold(guard(), begun))) != 0)
        failures++;
    EXPECT(begun == 1);
}

void an_executor_that_takes_no_tasks_leaves_the_coroutine_to_its_owner(scene &scene) {
    EXPECT(cmio_executor_shutdown(scene.on(), CMIO_FOREVER) == 0);
    std::atomic<int> begun = 0;
    coroutine left = hold(guard(), begun);
    EXPECT(std::move(left).spawn(scene.on()) == -ESHUTDOWN);
    EXPECT(living == 1 && !cmio_future_has_ended(left.get()));
    EXPECT(cmio_block_on(nullptr, left.get()) == 0 && begun == 1);
}

/* Channels and streams */

coroutine produce(cmio::channel_sender sender, int count) {
    for (int i = 0; i < count; i++)
        if (const ssize_t error = co_await cmio::future(cmio_send_future_init, sender.get(), &i);
            error < 0)
            co_return error;
    co_return count;
}

coroutine consume(cmio::channel_receiver receiver) {
    ssize_t sum = 0;
    int message = 0;
    while (co_await cmio::future(cmio_receive_future_init, receiver.get(), &message) == 1)
        sum += message;
    co_return sum;
}

void coroutines_meet_over_a_channel(scene &scene) {
    cmio::channel_sender sender;
    cmio::channel_receiver receiver;
    EXPECT(cmio_channel_new(sender.out(), receiver.out(), sizeof(int), 3) == 0);
    const cmio::join_handle producer = scene.spawn(produce(std::move(sender), 1000));
    EXPECT(scene.run(consume(std::move(receiver))) == 999 * 1000 / 2);
    EXPECT(scene.join(producer) == 1000);
}

coroutine echo(cmio::tcp_stream stream) {
    cmio::io io;
    ssize_t n = cmio_io_bind_tcp_stream(&io, nullptr, stream.get());
    char bytes[512];
    while (n >= 0) {
        n = co_await cmio::future(cmio_read_future_init, &io, bytes, sizeof bytes);
        if (n <= 0)
            break;
        n = co_await cmio::future(cmio_write_all_future_init, &io, bytes, std::size_t(n));
    }
    co_return n;
}

coroutine serve(cmio::tcp_listener listener, int connections) {
    cmio::io io;
    EXPECT(cmio_io_bind_tcp_listener(&io, nullptr, listener.get()) == 0);
    for (int i = 0; i < connections; i++) {
        cmio::tcp_stream stream;
        ssize_t error =
            co_await cmio::future(cmio_accept_tcp_future_init, &io, stream.get(), nullptr);
        if (error == 0)
            error = echo(std::move(stream)).spawn(nullptr);
        if (error < 0)
            co_return error;
    }
    co_return 0;
}

coroutine talk(cmio_address address) {
    cmio::tcp_stream stream;
    cmio::io io;
    ssize_t n = co_await cmio::future(cmio_connect_tcp_future_init, &io, stream.get(), &address);
    char sent[300];
    char received[sizeof sent];
    std::memset(sent, 'x', sizeof sent);
    for (int i = 0; i < 50 && n >= 0; i++) {
        n = co_await cmio::future(cmio_write_all_future_init, &io, sent, sizeof sent);
        if (n < 0)
            break;
        n = co_await cmio::future(cmio_read_exactly_future_init, &io, received, sizeof received);
        if (std::memcmp(sent, received, sizeof sent) != 0)
            n = -EBADMSG;
    }
    co_return n;
}

void a_server_of_coroutines_echoes_over_tcp(scene &scene) {
    cmio::tcp_listener listener;
    cmio_address address;
    EXPECT(cmio_address_parse("127.0.0.1:0", &address) == 0);
    EXPECT(cmio_tcp_listener_bind(listener.get(), &address, nullptr) == 0);
    EXPECT(cmio_tcp_listener_local_address(listener.get(), &address) == 0);
    const cmio::join_handle server = scene.spawn(serve(std::move(listener), 10));
    std::vector<cmio::join_handle> clients;
    for (int i = 0; i < 10; i++)
        clients.push_back(scene.spawn(talk(address)));
    for (const cmio::join_handle &client : clients)
        EXPECT(scene.join(client) == 300);
    EXPECT(scene.join(server) == 0);
}

/* Combinators and cancellation */

coroutine limit(std::atomic<int> &begun) {
    coroutine slow = wait(begun);
    const ssize_t result =
        co_await cmio::future(cmio_timeout_future_init, slow.get(), CMIO_SECOND / 100);
    EXPECT(slow.get()->result == -ECANCELED);
    EXPECT(living == 0);
    EXPECT(co_await cmio::future(cmio_timeout_future_init, value(8).get(), 60 * CMIO_SECOND) == 8);
    co_return result;
}

void a_timeout_drops_a_coroutine_in_the_middle(scene &scene) {
    std::atomic<int> begun = 0;
    EXPECT(scene.run(limit(begun)) == -ETIMEDOUT);
    EXPECT(begun == 1);
}

coroutine wait_for_message(cmio_channel_receiver *receiver) {
    int message = 0;
    const ssize_t error = co_await cmio::future(cmio_receive_future_init, receiver, &message);
    co_return error < 0 ? error : message;
}

coroutine wait_deeper(cmio_channel_receiver *receiver) {
    co_return co_await wait_for_message(receiver);
}

/* The loser has been polled as a future of its own when it is awaited as a coroutine. */
coroutine choose(cmio_channel_sender *sender, cmio_channel_receiver *receiver) {
    coroutine loser = wait_deeper(receiver);
    coroutine winner = nap(CMIO_MILLISECOND);
    cmio_future *children[] = {loser.get(), winner.get()};
    EXPECT(co_await cmio::future(cmio_select_future_init, children, 2) == 1);
    EXPECT(!cmio_future_has_ended(loser.get()));
    const int message = 42;
    EXPECT(cmio_channel_try_send(sender, &message) == 0);
    coroutine moved(std::move(loser));
    co_return co_await moved;
}

void the_loser_of_a_select_may_be_moved_and_awaited_afterwards(scene &scene) {
    cmio::channel_sender sender;
    cmio::channel_receiver receiver;
    EXPECT(cmio_channel_new(sender.out(), receiver.out(), sizeof(int), 1) == 0);
    EXPECT(scene.run(choose(sender.get(), receiver.get())) == 42);
}

coroutine nest(std::vector<int> &order, int depth, std::atomic<int> &begun) {
    const guard outer(order, 2 * depth);
    coroutine unused = value(1);
    const guard inner(order, 2 * depth + 1);
    if (depth == 0) {
        begun++;
        co_return co_await nap(3600 * CMIO_SECOND);
    }
    const ssize_t result = co_await nest(order, depth - 1, begun);
    const bool goes_on_after_the_abort = true;
    EXPECT(!goes_on_after_the_abort);
    co_return result;
}

void an_abort_destroys_frames_from_the_inside_out(scene &scene) {
    std::vector<int> order;
    std::atomic<int> begun = 0;
    const cmio::join_handle handle = scene.spawn(nest(order, 3, begun));
    EXPECT(scene.run(until(begun, 1)) == 0);
    EXPECT(cmio_join_handle_abort(handle.get()) == 0);
    EXPECT(scene.join(handle) == -ECANCELED);
    EXPECT((order == std::vector<int>{1, 0, 3, 2, 5, 4, 7, 6}));
}

void a_message_is_not_lost_with_the_coroutine_that_waits_for_it(scene &scene) {
    cmio::channel_sender sender;
    cmio::channel_receiver receiver;
    EXPECT(cmio_channel_new(sender.out(), receiver.out(), sizeof(int), 1) == 0);
    const cmio::join_handle handle = scene.spawn(wait_deeper(receiver.get()));
    EXPECT(scene.run(yield()) == 0);
    EXPECT(cmio_join_handle_abort(handle.get()) == 0);
    EXPECT(scene.join(handle) == -ECANCELED);
    const int message = 9;
    EXPECT(cmio_channel_try_send(sender.get(), &message) == 0);
    EXPECT(scene.run(wait_for_message(receiver.get())) == 9);
}

/* Notes the result of another coroutine when it goes. */
struct witness {
    cmio_future *watched;
    ssize_t *result;

    ~witness() {
        *result = watched->result;
    }
};

coroutine wait_for_pointer(cmio_future *future, std::atomic<int> &begun) {
    begun++;
    co_return co_await future;
}

coroutine watch(cmio_future *future, std::atomic<int> &begun, ssize_t *result) {
    coroutine inner = wait_for_pointer(future, begun);
    const witness witness{inner.get(), result};
    co_return co_await inner;
}

void a_drop_reaches_futures_that_a_pointer_leads_to(scene &scene) {
    cmio_sleep_future sleep{};
    EXPECT(cmio_sleep_future_init(&sleep, 3600 * CMIO_SECOND) == 0);
    std::atomic<int> begun = 0;
    ssize_t seen = 0;
    const cmio::join_handle handle = scene.spawn(watch(&sleep.future, begun, &seen));
    EXPECT(scene.run(until(begun, 1)) == 0);
    EXPECT(cmio_join_handle_abort(handle.get()) == 0);
    EXPECT(scene.join(handle) == -ECANCELED);
    EXPECT(cmio_future_has_ended(&sleep.future) && sleep.future.result == -ECANCELED);
    EXPECT(seen == -ECANCELED);
    cmio_future_drop(&sleep.future);
}

coroutine await_other(coroutine &other) {
    const guard here;
    co_return co_await other;
}

coroutine wait_in_the_middle(std::atomic<int> &begun) {
    co_return co_await wait(begun);
}

coroutine drop_what_another_awaits(std::atomic<int> &begun) {
    coroutine inner = wait_in_the_middle(begun);
    coroutine outer = await_other(inner);
    coroutine pause = yield();
    cmio_future *children[] = {outer.get(), pause.get()};
    EXPECT(co_await cmio::future(cmio_select_future_init, children, 2) == 1);
    EXPECT(begun == 1 && living == 4);
    cmio_future_drop(inner.get());
    EXPECT(living == 1);
    co_return co_await cmio::future(cmio_join_all_future_init, children, 1);
}

void a_coroutine_that_is_dropped_ends_the_await_of_another(scene &scene) {
    std::atomic<int> begun = 0;
    EXPECT(scene.run(drop_what_another_awaits(begun)) == -ECANCELED);
}

void a_shutdown_destroys_the_frames_of_coroutines_that_wait(scene &scene) {
    std::atomic<int> begun = 0;
    for (int i = 0; i < 20; i++)
        EXPECT(wait(begun).spawn(scene.on()) == 0);
    EXPECT(scene.run(until(begun, 20)) == 0);
    EXPECT(living == 40);
    EXPECT(cmio_executor_shutdown(scene.on(), CMIO_FOREVER) == 0);
    EXPECT(living == 0);
}

/* Many, and deep */

coroutine hop(std::atomic<int> &sum) {
    const guard here;
    for (int i = 0; i < 20; i++) {
        (void)co_await yield();
        sum++;
    }
    co_return co_await nap(CMIO_MILLISECOND);
}

coroutine spawn_many(std::atomic<int> &sum, int count) {
    std::vector<cmio::join_handle> handles(static_cast<std::size_t>(count));
    for (cmio::join_handle &handle : handles)
        EXPECT(hop(sum).spawn(nullptr, nullptr, handle.out()) == 0);
    for (const cmio::join_handle &handle : handles)
        EXPECT(co_await cmio::future(cmio_join_future_init, handle.get()) == 0);
    co_return 0;
}

void a_thousand_coroutines_run_at_once(scene &scene) {
    std::atomic<int> sum = 0;
    EXPECT(scene.run(spawn_many(sum, 1000)) == 0);
    EXPECT(sum == 20000);
}

/* Where the stack is, in a function that is not inlined. */
[[gnu::noinline]] std::uintptr_t stack_now() {
    return reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
}

struct span {
    std::uintptr_t low = UINTPTR_MAX, high = 0;

    void note() {
        const std::uintptr_t now = stack_now();
        low = now < low ? now : low;
        high = now > high ? now : high;
    }
    bool is_small() const {
        return low <= high && high - low < 16384;
    }
};

coroutine dive(int depth, span &span, std::atomic<int> &begun, int64_t pause) {
    span.note();
    ssize_t below = 0;
    if (depth > 0) {
        below = co_await dive(depth - 1, span, begun, pause);
    } else {
        begun++;
        below = co_await nap(pause);
    }
    span.note();
    co_return below < 0 ? below : below + 1;
}

coroutine dive_all(int depth, std::atomic<int> &begun) {
    span span;
    const ssize_t result = co_await dive(depth, span, begun, 0);
    EXPECT(span.is_small());
    co_return result;
}

void a_hundred_thousand_coroutines_in_each_other_need_no_more_stack(scene &scene) {
    std::atomic<int> begun = 0;
    EXPECT(scene.run(dive_all(100000, begun)) == 100001);
}

void a_drop_of_a_hundred_thousand_in_each_other_needs_no_more_stack(scene &scene) {
    span span;
    std::atomic<int> begun = 0;
    const cmio::join_handle handle = scene.spawn(dive(100000, span, begun, 3600 * CMIO_SECOND));
    EXPECT(scene.run(until(begun, 1)) == 0);
    EXPECT(cmio_join_handle_abort(handle.get()) == 0);
    EXPECT(scene.join(handle) == -ECANCELED);
    EXPECT(span.is_small());
}

coroutine note(span &span) {
    span.note();
    co_return 1;
}

coroutine await_in_a_loop(int count) {
    span span;
    ssize_t sum = 0;
    for (int i = 0; i < count; i++)
        sum += co_await note(span);
    EXPECT(span.is_small());
    co_return sum;
}

void a_hundred_thousand_awaits_in_a_loop_need_no_more_stack(scene &scene) {
    EXPECT(scene.run(await_in_a_loop(100000)) == 100000);
}

/* Memory */

/* Counts what is out, and refuses after a number of frames. */
struct counted final : cmio::frame_memory {
    explicit counted(int frames) : left(frames) {
    }
    void *allocate(std::size_t size) noexcept override {
        if (left == 0)
            return nullptr;
        left--;
        out += static_cast<long>(size);
        return std::malloc(size);
    }
    void deallocate(void *memory, std::size_t size) noexcept override {
        out -= static_cast<long>(size);
        std::free(memory);
    }
    int left;
    std::atomic<long> out = 0;
};

coroutine in_memory(counted &memory, int depth, [[maybe_unused]] guard parameter) {
    if (depth == 0)
        co_return co_await nap(0);
    co_return co_await in_memory(memory, depth - 1, guard());
}

void a_frame_without_memory_ends_its_coroutine_with_enomem(scene &scene) {
    counted memory(3);
    EXPECT(scene.run(in_memory(memory, 5, guard())) == -ENOMEM);
    EXPECT(memory.left == 0 && memory.out == 0);
    coroutine refused = in_memory(memory, 0, guard());
    EXPECT(cmio_future_has_ended(refused.get()) && refused.get()->result == -ENOMEM);
    EXPECT(std::move(refused).spawn(scene.on()) == -ENOMEM);
    EXPECT(in_memory(memory, 0, guard()).spawn(scene.on()) == -ENOMEM);
    EXPECT(scene.run(in_memory(memory, 0, guard())) == -ENOMEM);
}

struct thing {
    int number;

    coroutine method(int other, counted &memory) const {
        const long before = memory.out;
        const ssize_t error = co_await nap(0);
        co_return error < 0 || before == 0 ? -EIO : number + other;
    }
};

void frames_are_in_the_memory_that_the_coroutine_is_given(scene &scene) {
    counted memory(100);
    EXPECT(scene.run(in_memory(memory, 5, guard())) == 0);
    EXPECT(memory.left == 94 && memory.out == 0);
    const thing thing{40};
    EXPECT(scene.run(thing.method(2, memory)) == 42);
    EXPECT(memory.left == 93 && memory.out == 0);
    const auto lambda = [](counted &, int number) -> coroutine { co_return number; };
    EXPECT(scene.run(lambda(memory, 6)) == 6);
    EXPECT(memory.left == 92 && memory.out == 0);
    { const coroutine dropped = lambda(memory, 6); }
    EXPECT(memory.left == 91 && memory.out == 0);
}

/* Beside the rest of libcmio-async */

ssize_t wait_in_a_green_thread(void *argument) {
    return cmio_await(static_cast<coroutine *>(argument)->get());
}

void a_green_thread_awaits_a_coroutine(scene &scene) {
    coroutine awaited = nap(CMIO_MILLISECOND);
    cmio::join_handle handle;
    EXPECT(cmio_green_spawn(scene.on(), wait_in_a_green_thread, &awaited, nullptr, handle.out()) ==
           0);
    EXPECT(scene.join(handle) == 0);
    EXPECT(cmio_future_has_ended(awaited.get()));
}

coroutine gather() {
    coroutine a = value(1);
    coroutine b = nap(CMIO_MILLISECOND);
    coroutine c = value(-EPROTO);
    cmio_future *children[] = {a.get(), b.get(), c.get()};
    const ssize_t result = co_await cmio::future(cmio_join_all_future_init, children, 3);
    EXPECT(a.get()->result == 1 && b.get()->result == 0);
    co_return result;
}

void a_combinator_waits_for_coroutines(scene &scene) {
    EXPECT(scene.run(gather()) == -EPROTO);
}

coroutine receive_once(cmio::oneshot_receiver receiver) {
    int message = 0;
    const ssize_t error =
        co_await cmio::future(cmio_oneshot_receive_future_init, receiver.get(), &message);
    co_return error < 0 ? error : message;
}

void a_plain_thread_wakes_a_coroutine(scene &scene) {
    cmio::oneshot_sender sender;
    cmio::oneshot_receiver receiver;
    EXPECT(cmio_oneshot_new(sender.out(), receiver.out(), sizeof(int)) == 0);
    std::thread thread([moved = std::move(sender)]() mutable {
        const int message = 11;
        EXPECT(cmio_oneshot_send(moved.get(), &message) == 0);
    });
    EXPECT(scene.run(receive_once(std::move(receiver))) == 11);
    thread.join();
}

/* The program */

int open_descriptors() {
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

struct entry {
    const char *name;
    void (*run)(scene &);
};
#define SCENE(name)                                                                                \
    { #name, name }

const entry entries[] = {
    SCENE(a_coroutine_sleeps_and_returns_its_result),
    SCENE(errors_are_results_and_an_ended_coroutine_keeps_its_own),
    SCENE(a_coroutine_moves_until_its_first_poll),
    SCENE(a_coroutine_dropped_before_its_first_poll_runs_nothing),
    SCENE(an_executor_that_takes_no_tasks_leaves_the_coroutine_to_its_owner),
    SCENE(coroutines_meet_over_a_channel),
    SCENE(a_server_of_coroutines_echoes_over_tcp),
    SCENE(a_timeout_drops_a_coroutine_in_the_middle),
    SCENE(the_loser_of_a_select_may_be_moved_and_awaited_afterwards),
    SCENE(an_abort_destroys_frames_from_the_inside_out),
    SCENE(a_message_is_not_lost_with_the_coroutine_that_waits_for_it),
    SCENE(a_drop_reaches_futures_that_a_pointer_leads_to),
    SCENE(a_coroutine_that_is_dropped_ends_the_await_of_another),
    SCENE(a_shutdown_destroys_the_frames_of_coroutines_that_wait),
    SCENE(a_thousand_coroutines_run_at_once),
    SCENE(a_hundred_thousand_coroutines_in_each_other_need_no_more_stack),
    SCENE(a_drop_of_a_hundred_thousand_in_each_other_needs_no_more_stack),
    SCENE(a_hundred_thousand_awaits_in_a_loop_need_no_more_stack),
    SCENE(a_frame_without_memory_ends_its_coroutine_with_enomem),
    SCENE(frames_are_in_the_memory_that_the_coroutine_is_given),
    SCENE(a_green_thread_awaits_a_coroutine),
    SCENE(a_combinator_waits_for_coroutines),
    SCENE(a_plain_thread_wakes_a_coroutine),
};

void run_entry(const entry &entry, int workers) {
    const int before = open_descriptors();
    const int failed = failures;
    {
        scene scene(workers);
        if (scene.executor)
            entry.run(scene);
    }
    EXPECT(open_descriptors() == before);
    EXPECT(living == 0);
    std::printf("%s with %d workers: %s\n", failures == failed ? "ok" : "not ok", workers,
                entry.name);
    (void)std::fflush(stdout);
}

} // namespace

int main(int argc, char **argv) {
    const char *pattern = "";
    for (int i = 1; i < argc; i++) {
        if (std::strcmp(argv[i], "--backend") == 0 && i + 1 < argc)
            backend = argv[++i];
        else
            pattern = argv[i];
    }
    for (const entry &entry : entries)
        for (const int workers : {CMIO_CURRENT_THREAD + 0, 1, 4})
            if (std::strstr(entry.name, pattern) != nullptr)
                run_entry(entry, workers);
    return failures == 0 ? 0 : 1;
}
