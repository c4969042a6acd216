/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_FRAME_MEMORY_HPP
#define CMIO_ASYNC_FRAME_MEMORY_HPP

/**
 * @file
 * Memory of the program's own for the frames of C++20 coroutines.
 */

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <type_traits>

namespace cmio {

/**
 * Memory for frames. A class of the program's derives from it.
 *
 * A coroutine that has a reference to such a class among its parameters has its frame there. All
 * others have theirs from malloc(3). The memory must outlive the frames in it.
 *
 * **Threads**: the thread that calls a coroutine's function allocates, and the thread on which the
 * coroutine ends deallocates. That may be any worker, so memory that is shared needs a lock.
 */
struct frame_memory {
    /** Returns memory that is aligned as malloc(3) aligns it, or nullptr. */
    virtual void *allocate(std::size_t size) noexcept = 0;
    /** Takes memory back. The size is what allocate() was asked for. */
    virtual void deallocate(void *memory, std::size_t size) noexcept = 0;

    /** Internal: allocates a frame, and puts behind it where it comes from. */
    template <typename... Parameters>
    static void *new_frame(std::size_t size, Parameters &...parameters) noexcept {
        frame_memory *memory = nullptr;
        (choose(parameters, memory), ...);
        const std::size_t whole = size + sizeof memory;
        void *const frame = memory == nullptr ? std::malloc(whole) : memory->allocate(whole);
        if (frame != nullptr)
            std::memcpy(static_cast<char *>(frame) + size, &memory, sizeof memory);
        return frame;
    }
    /** Internal: frees what new_frame() has returned. */
    static void free_frame(void *frame, std::size_t size) noexcept {
        frame_memory *memory = nullptr;
        std::memcpy(&memory, static_cast<char *>(frame) + size, sizeof memory);
        if (memory == nullptr)
            std::free(frame);
        else
            memory->deallocate(frame, size + sizeof memory);
    }

  protected:
    ~frame_memory() = default;

  private:
    template <typename Parameter>
    static void choose(Parameter &parameter, frame_memory *&memory) noexcept {
        if constexpr (std::is_convertible_v<Parameter *, frame_memory *>)
            memory = &parameter;
    }
};

} // namespace cmio

#endif
