/* SPDX-License-Identifier: MIT */
/*
 * A program of someone else's in C++20, built against an installed libcmio-async: a coroutine awaits
 * another one, which sleeps for a moment. It prints the version of cmio, and fails where that is not
 * the one of the headers.
 */
#include <cstdio>
#include <cstring>

#include <cmio/async.hpp>

namespace {

cmio::coroutine nap() {
    co_return co_await cmio::future(cmio_sleep_future_init, CMIO_MILLISECOND);
}

cmio::coroutine run() {
    co_return co_await nap() + 1;
}

} // namespace

int main() {
    const ssize_t result = cmio_block_on(nullptr, run().get());
    if (result != 1) {
        std::fprintf(stderr, "the coroutine ended with %zd\n", result);
        return 1;
    }
    std::printf("%s\n", cmio_version());
    return std::strcmp(cmio_version(), CMIO_VERSION_STRING) == 0 ? 0 : 1;
}
