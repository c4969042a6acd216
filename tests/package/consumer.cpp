/* SPDX-License-Identifier: MIT */
/*
 * The C++ program of someone else's: cmio's objects owned by unique_ptr, a source inside a class of
 * the program's own. It listens, connects to itself and accepts, and prints the library's version.
 */
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <cmio/cmio.h>

namespace {

template <auto function> struct call {
    template <typename T> void operator()(T *object) const {
        function(object);
    }
};
using poll_ptr = std::unique_ptr<cmio_poll, call<cmio_poll_free>>;
using events_ptr = std::unique_ptr<cmio_events, call<cmio_events_free>>;

class server {
  public:
    server() = default;
    server(const server &) = delete;
    server &operator=(const server &) = delete;
    ~server() {
        (void)cmio_tcp_stream_close(&accepted_);
        (void)cmio_tcp_listener_close(&listener_);
    }

    int listen(cmio_registry *registry, cmio_address *bound) {
        cmio_address any;
        int error = cmio_address_parse("127.0.0.1:0", &any);
        if (error == 0)
            error = cmio_tcp_listener_bind(&listener_, &any, nullptr);
        if (error == 0)
            error = cmio_tcp_listener_local_address(&listener_, bound);
        if (error == 0)
            error = cmio_registry_register(registry, &listener_.source,
                                           reinterpret_cast<cmio_token>(this), CMIO_READABLE);
        return error;
    }

    int accept() {
        return cmio_tcp_listener_accept(&listener_, &accepted_, nullptr);
    }

  private:
    cmio_tcp_listener listener_{};
    cmio_tcp_stream accepted_{};
};

int accept_one(cmio_poll *poll, cmio_events *events) {
    for (;;) {
        const int count = cmio_poll_wait(poll, events, CMIO_FOREVER);
        if (count < 0 && count != -EINTR)
            return count;
        CMIO_EVENTS_FOREACH (event, events) {
            const int error = reinterpret_cast<server *>(event->token)->accept();
            if (error != -EAGAIN)
                return error;
        }
    }
}

int run() {
    cmio_poll *poll = nullptr;
    cmio_events *events = nullptr;
    int error = cmio_poll_new(&poll);
    const poll_ptr poll_owner(poll);
    if (error == 0)
        error = cmio_events_new(&events, 16);
    const events_ptr events_owner(events);
    server server;
    cmio_address bound;
    if (error == 0)
        error = server.listen(cmio_poll_registry(poll), &bound);
    cmio_tcp_stream client{};
    if (error == 0)
        error = cmio_tcp_stream_connect(&client, &bound);
    if (error == 0)
        error = accept_one(poll, events);
    (void)cmio_tcp_stream_close(&client);
    return error;
}

} // namespace

int main() {
    const int error = run();
    if (error < 0) {
        std::fprintf(stderr, "%s\n", cmio_strerror(error));
        return 1;
    }
    std::printf("%s\n", cmio_version());
    return std::strcmp(cmio_version(), CMIO_VERSION_STRING) == 0 ? 0 : 1;
}
