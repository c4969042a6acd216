/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_OWNERS_HPP
#define CMIO_ASYNC_OWNERS_HPP

/**
 * @file
 * Owners for C++17 and later: async.h and cmio.hpp, with classes that give up what they hold.
 *
 * The objects of libcmio-async have owners like those of cmio.hpp. Futures and bindings stay where
 * they are, as in C, so their owners can be neither copied nor moved. None throws.
 */

#include <cmio/async.h>
#include <cmio/cmio.hpp>

namespace cmio {

using broadcast_receiver = object<cmio_broadcast_receiver, cmio_broadcast_receiver_drop>;
using broadcast_sender = object<cmio_broadcast_sender, cmio_broadcast_sender_drop>;
using channel_receiver = object<cmio_channel_receiver, cmio_channel_receiver_drop>;
using channel_sender = object<cmio_channel_sender, cmio_channel_sender_drop>;
using executor = object<cmio_executor, cmio_executor_free>;
using join_handle = object<cmio_join_handle, cmio_join_handle_drop>;
using join_set = object<cmio_join_set, cmio_join_set_free>;
using oneshot_receiver = object<cmio_oneshot_receiver, cmio_oneshot_receiver_drop>;
using oneshot_sender = object<cmio_oneshot_sender, cmio_oneshot_sender_drop>;
using watch_receiver = object<cmio_watch_receiver, cmio_watch_receiver_drop>;
using watch_sender = object<cmio_watch_sender, cmio_watch_sender_drop>;

/** A binding that closes itself. Declare it after its source, so that it is closed first. */
struct io : cmio_io {
    io() noexcept : cmio_io() {
    }
    io(io &&) = delete;
    ~io() {
        (void)cmio_io_close(this); // nobody is there to hear of an error
    }
};

/**
 * A future of the library that drops itself.
 *
 * Its arguments are the _init function of the future and what that takes after the future:
 *
 *     cmio::future pause(cmio_sleep_future_init, CMIO_SECOND);
 *
 * If the function fails, the future has ended with the error, so one check of the result is enough.
 */
template <typename Future> class future {
    template <typename T> struct exactly { // is converted to, and not deduced from
        using type = T;
    };

  public:
    template <typename... Types>
    explicit future(int (*init)(Future *, Types...),
                    typename exactly<Types>::type... arguments) noexcept {
        if (const int error = init(&value_, arguments...); error < 0)
            value_.future.result = error;
    }
    future(future &&) = delete;
    ~future() {
        cmio_future_drop(get());
    }

    /** The future, for combinators and cmio_block_on(). It stays owned. */
    cmio_future *get() noexcept {
        return &value_.future;
    }
    /** The members of the library's struct. */
    Future *operator->() noexcept {
        return &value_;
    }

  private:
    Future value_{};
};

} // namespace cmio

#endif
