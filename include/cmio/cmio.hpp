/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CMIO_HPP
#define CMIO_CMIO_HPP

/**
 * @file
 * Owners for C++17 and later: all of cmio.h, with classes that free or close what they hold.
 *
 * An owner is as large as what it holds, can be moved but not copied, and throws nothing. It does
 * not wrap cmio's functions: pass get() to them, which return a negative errno as in C. An object
 * of the library, such as a poll, is created through out(); a source, such as a TCP stream, is
 * opened through get():
 *
 *     cmio::poll poll;
 *     cmio::tcp_listener listener;
 *     int error = cmio_poll_new(poll.out());
 *     if (error == 0)
 *         error = cmio_tcp_listener_bind(listener.get(), &address, nullptr);
 *
 * An owner that has been moved from is empty, and may be used again. Destroy sources before the poll
 * that they are registered with, as in C.
 */

#include <cmio/cmio.h>

namespace cmio {

/** Owns an object that the library allocates, by its pointer. Free is what frees it. */
template <typename T, void (*Free)(T *)> class object {
  public:
    object() noexcept = default;
    /** Takes over an object. */
    explicit object(T *owned) noexcept : pointer_(owned) {
    }
    object(object &&other) noexcept : pointer_(other.release()) {
    }
    object &operator=(object &&other) noexcept {
        if (this != &other)
            reset(other.release());
        return *this;
    }
    object(const object &) = delete;
    object &operator=(const object &) = delete;
    ~object() {
        reset();
    }

    /** The object, for the library's functions, or nullptr. It stays owned. */
    T *get() const noexcept {
        return pointer_;
    }
    explicit operator bool() const noexcept {
        return pointer_ != nullptr;
    }

    /** Where one of the library's functions puts a new object. What was owned is freed first. */
    T **out() noexcept {
        reset();
        return &pointer_;
    }
    /** Frees the object, if there is one, and takes over another. */
    void reset(T *owned = nullptr) noexcept {
        T *const old = pointer_;
        pointer_ = owned;
        if (old != nullptr)
            Free(old);
    }
    /** Gives the object to the caller. */
    T *release() noexcept {
        T *const released = pointer_;
        pointer_ = nullptr;
        return released;
    }

  private:
    T *pointer_ = nullptr;
};

/** Owns a source, which lies in the owner itself. Close is what closes it. */
template <typename T, int (*Close)(T *)> class owned {
  public:
    owned() noexcept = default;
    /** Takes over an open source. The struct that it comes from must not be used any more. */
    explicit owned(const T &source) noexcept : value_(source) {
    }
    owned(owned &&other) noexcept : value_(other.release()) {
    }
    owned &operator=(owned &&other) noexcept {
        if (this != &other) {
            (void)close(); // its error is of no use here
            value_ = other.release();
        }
        return *this;
    }
    owned(const owned &) = delete;
    owned &operator=(const owned &) = delete;
    ~owned() {
        (void)close(); // nobody is there to hear of an error
    }

    /** The source, for the library's functions. It stays owned. Close an open one before you open it anew. */
    T *get() noexcept {
        return &value_;
    }
    const T *get() const noexcept {
        return &value_;
    }
    /** What the registry's functions take. */
    cmio_source *source() noexcept {
        return &value_.source;
    }

    /** Closes the source, and returns what the library's function for it returns. The owner is empty then. */
    int close() noexcept {
        const int result = Close(&value_);
        value_ = T{};
        return result;
    }
    /** Gives the source to the caller, who has to close it. A registered one stays registered. */
    T release() noexcept {
        const T released = value_;
        value_ = T{};
        return released;
    }

  private:
    T value_{};
};

using poll = object<cmio_poll, cmio_poll_free>;
using waker = object<cmio_waker, cmio_waker_free>;
using timers = object<cmio_timers, cmio_timers_free>;

/** Owns a buffer of events. A range-based for takes the events of the last wait from it. */
class events : public object<cmio_events, cmio_events_free> {
  public:
    using object::object;

    /** Goes from event to event, past those that cmio_events_purge() took away. */
    class iterator {
      public:
        iterator(const cmio_event *event, const cmio_event *end) noexcept
            : event_(cmio_events_next_set(event, end)), end_(end) {
        }
        const cmio_event &operator*() const noexcept {
            return *event_;
        }
        iterator &operator++() noexcept {
            event_ = cmio_events_next_set(event_ + 1, end_);
            return *this;
        }
        bool operator!=(const iterator &other) const noexcept {
            return event_ != other.event_;
        }

      private:
        const cmio_event *event_;
        const cmio_event *end_;
    };

    iterator begin() const noexcept {
        return {cmio_events_begin(get()), cmio_events_end(get())};
    }
    iterator end() const noexcept {
        return {cmio_events_end(get()), cmio_events_end(get())};
    }
};

using child = owned<cmio_child, cmio_child_close>;
using fd_source = owned<cmio_fd_source, cmio_fd_source_close>;
using pipe_receiver = owned<cmio_pipe_receiver, cmio_pipe_receiver_close>;
using pipe_sender = owned<cmio_pipe_sender, cmio_pipe_sender_close>;
using signals = owned<cmio_signals, cmio_signals_close>;
using tcp_listener = owned<cmio_tcp_listener, cmio_tcp_listener_close>;
using tcp_stream = owned<cmio_tcp_stream, cmio_tcp_stream_close>;
using udp_socket = owned<cmio_udp_socket, cmio_udp_socket_close>;
using unix_datagram = owned<cmio_unix_datagram, cmio_unix_datagram_close>;
using unix_listener = owned<cmio_unix_listener, cmio_unix_listener_close>;
using unix_stream = owned<cmio_unix_stream, cmio_unix_stream_close>;

} // namespace cmio

#endif
