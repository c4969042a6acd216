/* SPDX-License-Identifier: MIT */
/*
 * An echo server in C++, as somebody would write it who has only what was installed: sources in
 * classes that own them, results of cmio as exceptions. It prints the address that it listens on.
 */
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>
#include <vector>

#include <cmio/cmio.h>

namespace {

long check(long code) {
    if (code < 0)
        throw std::system_error(static_cast<int>(-code), std::generic_category());
    return code;
}

class client {
  public:
    client(cmio_registry *registry, cmio_tcp_listener &listener) {
        check(cmio_tcp_listener_accept(&listener, &stream_, nullptr));
        const int code =
            cmio_registry_register(registry, &stream_.source, reinterpret_cast<cmio_token>(this),
                                   CMIO_READABLE | CMIO_WRITABLE);
        if (code < 0) {
            (void)cmio_tcp_stream_close(&stream_);
            check(code);
        }
    }
    client(const client &) = delete;
    client &operator=(const client &) = delete;
    ~client() {
        (void)cmio_tcp_stream_close(&stream_);
    }

    /* Whether there is more to come. */
    bool echo() {
        for (;;) {
            const ssize_t result = begin_ == end_ ? read() : write();
            if (result <= 0)
                return result == -EAGAIN;
        }
    }

  private:
    ssize_t read() {
        const ssize_t count = cmio_tcp_stream_read(&stream_, buffer_.data(), buffer_.size());
        begin_ = 0;
        end_ = count > 0 ? static_cast<size_t>(count) : 0;
        return count;
    }

    ssize_t write() {
        const ssize_t count = cmio_tcp_stream_write(&stream_, &buffer_[begin_], end_ - begin_);
        begin_ += count > 0 ? static_cast<size_t>(count) : 0;
        return count;
    }

    cmio_tcp_stream stream_{};
    std::vector<char> buffer_ = std::vector<char>(4096);
    size_t begin_ = 0, end_ = 0;
};

class server {
  public:
    explicit server(const char *text) {
        cmio_address address{};
        check(cmio_address_parse(text, &address));
        check(cmio_tcp_listener_bind(&listener_, &address, nullptr));
        check(cmio_tcp_listener_local_address(&listener_, &address));
        check(cmio_registry_register(registry_, &listener_.source, 0, CMIO_READABLE));
        char bound[CMIO_ADDRESS_TEXT_MAX];
        check(cmio_address_format(&address, bound, sizeof bound));
        std::printf("listening on %s\n", bound);
        std::fflush(stdout);
    }
    server(const server &) = delete;
    server &operator=(const server &) = delete;
    ~server() {
        (void)cmio_tcp_listener_close(&listener_);
    }

    [[noreturn]] void run() {
        for (;;) {
            const int count = cmio_poll_wait(poll_.get(), events_.get(), CMIO_FOREVER);
            if (count != -EINTR)
                check(count);
            CMIO_EVENTS_FOREACH (event, events_.get())
                on_event(*event);
        }
    }

  private:
    void on_event(const cmio_event &event) {
        std::unique_ptr<client> owner(reinterpret_cast<client *>(event.token));
        if (owner == nullptr)
            accept_all();
        else if (owner->echo())
            (void)owner.release(); /* it stays */
    }

    void accept_all() {
        try {
            for (;;)
                (void)std::make_unique<client>(registry_, listener_).release();
        } catch (const std::system_error &error) {
            if (error.code() != std::errc::resource_unavailable_try_again)
                throw;
        }
    }

    template <auto function> struct call {
        template <typename T> void operator()(T *object) const {
            function(object);
        }
    };
    static cmio_poll *new_poll() {
        cmio_poll *poll = nullptr;
        check(cmio_poll_new(&poll));
        return poll;
    }
    static cmio_events *new_events() {
        cmio_events *events = nullptr;
        check(cmio_events_new(&events, 64));
        return events;
    }

    std::unique_ptr<cmio_poll, call<cmio_poll_free>> poll_{new_poll()};
    std::unique_ptr<cmio_events, call<cmio_events_free>> events_{new_events()};
    cmio_registry *registry_ = cmio_poll_registry(poll_.get());
    cmio_tcp_listener listener_{};
};

} // namespace

int main(int count, char **arguments) {
    try {
        server(count > 1 ? arguments[1] : "127.0.0.1:0").run();
    } catch (const std::system_error &error) {
        std::fprintf(stderr, "%s\n", error.what());
    }
    return 1;
}
