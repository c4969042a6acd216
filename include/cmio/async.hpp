/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_HPP
#define CMIO_ASYNC_HPP

/**
 * @file
 * Coroutines of C++20 on libcmio-async: async.h and owners, with co_await for futures.
 *
 * A function that returns cmio::coroutine may co_await a cmio::future, a pointer to a future and
 * another coroutine. It gets the result: 0 or more, or a negative errno. It must end with co_return
 * and such a result. Nothing throws, and an exception that leaves a coroutine ends the program.
 *
 *     cmio::coroutine nap(int64_t pause) {
 *         co_return co_await cmio::future(cmio_sleep_future_init, pause);
 *     }
 */

#include <cerrno>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <utility>

#include <cmio/async/frame_memory.hpp>
#include <cmio/async/owners.hpp>

namespace cmio {

/**
 * Owns a coroutine: a future, which may be awaited, spawned, joined, selected and dropped.
 *
 * It does nothing before its first poll, and may be moved while nobody awaits it. Its frame holds
 * its parameters and locals. The frame is its one allocation, by malloc(3) or from a frame_memory,
 * and nothing in it may need more alignment than malloc(3) gives. Without memory for the frame the
 * coroutine has ended with -ENOMEM.
 *
 * When a coroutine ends, its frame is destroyed. When it is dropped, what it awaits is dropped first,
 * from the inside out. Coroutines may await each other to any depth: the stack does not grow.
 *
 * **Threads**: one at a time. After a co_await the coroutine may be on another thread, so it must not
 * hold a std::mutex, or the address of a thread_local variable, across one.
 */
class [[nodiscard]] coroutine {
  public:
    struct promise_type;

    /** Makes a coroutine that has ended with 0. So has one that was moved from. */
    coroutine() noexcept = default;
    coroutine(coroutine &&other) noexcept : state_(std::exchange(other.state_, state{})) {
    }
    coroutine &operator=(coroutine other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~coroutine() {
        cmio_future_drop(get());
    }
    /** The future, for cmio_block_on() and combinators. It stays owned. */
    cmio_future *get() noexcept {
        return &state_.future;
    }
    /**
     * Makes a task of the coroutine: calls cmio_spawn(), and returns what that returns. A coroutine
     * that has ended with an error, such as -ENOMEM, is not spawned: the error is returned.
     */
    int spawn(cmio_executor *on, const cmio_spawn_options *options = nullptr,
              cmio_join_handle **out = nullptr) &&noexcept {
        if (cmio_future_has_ended(get()) && get()->result < 0)
            return static_cast<int>(get()->result);
        const int error = cmio_spawn(on, get(), sizeof state_, options, out);
        state_ = error == 0 ? state{} : state_;
        return error;
    }

  private:
    struct state { // what cmio_spawn() copies
        cmio_future future;
        promise_type *promise;
    };
    explicit coroutine(state begun) noexcept : state_(begun) {
    }
    state state_{};
};

/**
 * Internal: what the compiler asks of a coroutine.
 *
 * Coroutines that await each other are a list, from the leaf, which runs or awaits another future,
 * to the root, which is polled or dropped. A poll goes on at the leaf at once.
 */
struct coroutine::promise_type {
    state *owner;                   // valid while it is polled, awaited or dropped
    promise_type *leaf = this;      // valid if it is the root
    promise_type *outer = nullptr;  // the coroutine that awaits it
    cmio_future *awaited = nullptr; // what it awaits

    struct awaiter : std::suspend_always {
        cmio_future *future;
        void await_suspend(std::coroutine_handle<promise_type> waiting) const noexcept {
            waiting.promise().awaited = future;
        }
        ssize_t await_resume() const noexcept {
            return future->result;
        }
    };
    static awaiter await_transform(cmio_future *future) noexcept {
        return {{}, future};
    }
    template <typename Owner> static awaiter await_transform(Owner &&owner) noexcept {
        return {{}, owner.get()};
    }
    coroutine get_return_object() noexcept {
        return coroutine({{&operations, 0}, this});
    }
    static coroutine get_return_object_on_allocation_failure() noexcept {
        return coroutine({{nullptr, -ENOMEM}, nullptr});
    }
    std::suspend_always initial_suspend() const noexcept {
        return {};
    }
    std::suspend_always final_suspend() const noexcept {
        return {};
    }
    void return_value(ssize_t result) const noexcept {
        owner->future.result = result;
    }
    void unhandled_exception() const noexcept {
        std::terminate();
    }
    // Inline always: gcc 12 takes a template for the wrong partner of operator delete, and warns.
    template <typename... Types>
    [[gnu::always_inline]] static void *operator new(std::size_t size,
                                                     Types &...parameters) noexcept {
        return frame_memory::new_frame(size, parameters...);
    }
    static void operator delete(void *frame, std::size_t size) noexcept {
        frame_memory::free_frame(frame, size);
    }

    static promise_type *of(cmio_future *future) noexcept {
        state *const owner = reinterpret_cast<state *>(future);
        owner->promise->owner = owner;
        return owner->promise;
    }
    static promise_type *enter(promise_type *outer) noexcept {
        promise_type *const inner = of(outer->awaited);
        inner->outer = outer;
        return inner;
    }
    // Both return the coroutine that goes on. It is nullptr if the root has ended.
    promise_type *end() noexcept {
        promise_type *const next = outer;
        owner->future.ops = nullptr;
        cmio_future_drop(awaited);
        std::coroutine_handle<promise_type>::from_promise(*this).destroy();
        return next;
    }
    promise_type *resume() noexcept {
        const auto handle = std::coroutine_handle<promise_type>::from_promise(*this);
        awaited = nullptr;
        handle.resume();
        return handle.done() ? end() : this;
    }
    static cmio_future_state poll(cmio_future *future, cmio_context *context) noexcept {
        promise_type *const root = of(future);
        for (promise_type *leaf = root->leaf; leaf != nullptr;) {
            root->leaf = leaf;
            if (leaf->awaited == nullptr || cmio_future_has_ended(leaf->awaited))
                leaf = leaf->resume();
            else if (leaf->awaited->ops == &operations)
                leaf = enter(leaf);
            else if (cmio_future_poll(leaf->awaited, context) == CMIO_PENDING)
                return CMIO_PENDING;
        }
        return CMIO_READY;
    }
    // It may be in the middle of a list. What awaits it goes on with its result then.
    static void drop(cmio_future *future) noexcept {
        promise_type *const dropped = of(future), *root = dropped;
        while (root->outer != nullptr)
            root = root->outer;
        promise_type *last = nullptr, *leaf = root->leaf;
        while (last != dropped) {
            last = leaf;
            last->owner->future.result = -ECANCELED;
            leaf = last->end();
        }
        if (leaf != nullptr)
            root->leaf = leaf;
    }
    static constexpr cmio_future_ops operations{"C++ coroutine", poll, drop};
};

} // namespace cmio

#endif
