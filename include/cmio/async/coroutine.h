/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_COROUTINE_H
#define CMIO_ASYNC_COROUTINE_H

/**
 * @file
 * Coroutines: futures that are written as functions, from top to bottom, in C.
 */

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

struct cmio_coroutine;

/**
 * The function of a coroutine.
 *
 * It consists of declarations, CMIO_BEGIN, what the coroutine does, perhaps CMIO_FINALLY with a
 * clean-up, and CMIO_END. See struct cmio_coroutine for an example and the rules.
 *
 * @param coroutine  The coroutine. Borrowed. Convert it to the struct that it begins.
 * @param context    The context of the poll. Borrowed until the function returns. It is NULL during
 *                   the clean-up.
 *
 * **Returns** what the macros return: CMIO_PENDING or CMIO_READY.
 *
 * **Threads**: the library calls it on the thread that polls or drops the coroutine, one thread at
 * a time.
 */
typedef enum cmio_future_state cmio_coroutine_body(struct cmio_coroutine *coroutine,
                                                   struct cmio_context *context);

/**
 * A coroutine: a future that is written as a function.
 *
 * The function reads from top to bottom, with loops and conditions, and awaits other futures on the
 * way. It has no stack of its own. Each poll calls the function again, which jumps to the place of
 * the last await and goes on.
 *
 * The struct is the first member of a struct of the program's that holds what the function needs:
 *
 * @code{.c}
 * struct echo {
 *     struct cmio_coroutine coroutine; // first
 *     struct cmio_tcp_stream stream;
 *     struct cmio_io io;
 *     char buffer[4096];
 *     struct cmio_read_future read;
 *     struct cmio_write_all_future write;
 * };
 *
 * static enum cmio_future_state run_echo(struct cmio_coroutine *coroutine,
 *                                        struct cmio_context *context) {
 *     struct echo *echo = (struct echo *)coroutine;
 *     CMIO_BEGIN(coroutine, context);
 *     for (;;) {
 *         (void)cmio_read_future_init(&echo->read, &echo->io, echo->buffer, sizeof echo->buffer);
 *         CMIO_AWAIT(&echo->read.future);
 *         if (echo->read.future.result <= 0)
 *             CMIO_RETURN(echo->read.future.result);
 *         (void)cmio_write_all_future_init(&echo->write, &echo->io, echo->buffer,
 *                                          (size_t)echo->read.future.result);
 *         CMIO_AWAIT(&echo->write.future);
 *     }
 *     CMIO_FINALLY;
 *     (void)cmio_io_close(&echo->io);
 *     (void)cmio_tcp_stream_close(&echo->stream);
 *     CMIO_END;
 * }
 * @endcode
 *
 * These are the rules, and what the compiler does about a mistake. "Refused" is an error of gcc and
 * of clang, whatever warnings are enabled.
 *
 * - What is needed after an await must be in the struct. Local variables lose their values at an
 *   await, because the function returns there. gcc refuses an await in the scope of a local
 *   variable with an initialiser, and therefore an await in a for loop that declares its variable.
 *   Give a variable that is used between two awaits a block of its own. clang refuses each use of a
 *   variable that may have no value, with -Wall or -Wuninitialized, and therefore each use of a
 *   lost variable. The loss of a variable without an initialiser is refused by clang only. gcc
 *   warns of it, with -Wall, when it optimises.
 * - What stands before CMIO_BEGIN runs in every call of the function, so `echo` in the example is
 *   always right.
 * - No variable-length array may be in the scope of an await: refused.
 * - No switch statement may be around an await: refused. Use if and else, or a switch that only
 *   chooses. If the compiler has no integers of 128 bits (on 32-bit machines), it does not notice a
 *   switch over an unsigned long long: the coroutine then ends with -EINVAL when it should go on
 *   there.
 * - At most one await may be on a line, so no macro of the program's may contain two: refused.
 * - Neither CMIO_AWAIT nor CMIO_RETURN may follow CMIO_FINALLY: refused.
 * - A break outside of loops leaves the body of the function, with the effect of CMIO_RETURN(0).
 * - The macros are for C. In C++ they are refused, because their jump would pass the constructors
 *   of local variables. Write the coroutine in a C file, or use co_await. The struct and
 *   cmio_coroutine_init() work in both languages, so a C++ program can run a coroutine of a C file.
 *
 * Zeroed memory is an ended future, which may be dropped.
 *
 * **Threads**: it belongs to one task at a time.
 */
struct cmio_coroutine {
    /** The future to await, and its result. The clean-up may read the result and change it. */
    struct cmio_future future;
    /** Internal, together with the members after it. */
    cmio_coroutine_body *body;
    struct cmio_future *awaited; /**< Internal: what it waits for, so that a drop reaches that. */
    uint32_t state;              /**< Internal: where to go on: 0, a line, or the clean-up. */
};

/**
 * Makes a coroutine that is at its beginning.
 *
 * It initialises struct cmio_coroutine only. The caller initialises the rest of the struct first,
 * at least what the clean-up looks at: the clean-up also runs for a coroutine that is dropped
 * before its first poll. The coroutine may be moved until its first poll, for example by
 * cmio_spawn().
 *
 * @param coroutine  The coroutine to initialise. It stays the caller's.
 * @param body       The function of the coroutine.
 *
 * **Returns** 0.
 *
 * **Result** of the future: the value of CMIO_RETURN, or 0 if the function reaches CMIO_FINALLY or
 * CMIO_END. The clean-up may change it.
 *
 * **Errors** of this call, and of the future:
 * - -EINVAL: coroutine or body is NULL. The future ends with it if an await is inside of a switch
 *   statement that the compiler did not notice (see struct cmio_coroutine).
 * - -ECANCELED: the future was dropped, and the clean-up did not change that.
 * - Other errors that the function passes to CMIO_RETURN.
 *
 * **Cancellation**: dropping the pending future drops the future that it awaits and runs the
 * clean-up behind CMIO_FINALLY. What is lost depends on the function.
 *
 * **Threads**: any thread. The future belongs to one task at a time.
 */
CMIO_API int cmio_coroutine_init(struct cmio_coroutine *coroutine, cmio_coroutine_body *body);

/** Internal: the state of a coroutine during its clean-up. CMIO_BEGIN has used up line 1. */
#define CMIO__COROUTINE_FINALLY 1u

#if !defined(__cplusplus) && !defined(CMIO_NO_INLINE)

/**
 * Begins the coroutine, after the declarations of its function.
 *
 * The first call of the function goes on behind it. Later calls jump to the place of the last
 * await. The macro opens a block that CMIO_FINALLY or CMIO_END closes.
 *
 * @param coroutine  The first argument of the function. Borrowed.
 * @param context    The second argument of the function. Borrowed.
 *
 * **Threads**: the thread that calls the function.
 */
#define CMIO_BEGIN(coroutine, context)                                                             \
    struct cmio_coroutine *const cmio__coroutine = (coroutine);                                    \
    struct cmio_context *const cmio__context = (context);                                          \
    (void)cmio__context;                                                                           \
    CMIO__COROUTINE_STRICT                                                                         \
    switch (CMIO__COROUTINE_PLACE(cmio__coroutine->state)) {                                       \
    case CMIO__COROUTINE_PLACE(0): {                                                               \
        enum { cmio__may_await = 1 }

/**
 * Waits until a future has ended. It is a statement.
 *
 * The function returns here while the future is pending, so local variables lose their values. The
 * result is in the future afterwards. If the coroutine is dropped here, the future is dropped.
 *
 * @param future  A pointer to the struct cmio_future to wait for. It must be initialised. It must
 *                be in the struct of the coroutine, or elsewhere outside of the function, and stay
 *                there until it has ended.
 *
 * **Threads**: the thread that calls the function.
 */
#define CMIO_AWAIT(future) CMIO__AWAIT(future, __LINE__)

/**
 * Ends the coroutine with a result. It is a statement.
 *
 * The clean-up behind CMIO_FINALLY runs next. The macro must not be used there.
 *
 * @param value  The result: 0 or more, or a negative errno.
 *
 * **Threads**: the thread that calls the function.
 */
#define CMIO_RETURN(value)                                                                         \
    do {                                                                                           \
        _Static_assert(cmio__may_await, "CMIO_FINALLY's part ends at CMIO_END alone");             \
        cmio__coroutine->future.result = (value);                                                  \
        return CMIO_READY;                                                                         \
    } while (0)

/**
 * Begins the clean-up of the coroutine, which extends to CMIO_END. It may be left out.
 *
 * A coroutine that reaches it ends with the result 0.
 *
 * The clean-up runs exactly once in the life of a coroutine: at its end, whichever way it ends, and
 * when it is dropped, after the future that it awaited was dropped. It also runs if the coroutine
 * is dropped before its first poll. A task may be aborted before it ran, and what it was given
 * would leak otherwise. So initialise what the clean-up looks at before the coroutine is polled or
 * spawned. Zeroed sources, bindings and futures may be closed and dropped.
 *
 * The clean-up must not block, and must not use CMIO_AWAIT or CMIO_RETURN. The context of the
 * function is NULL meanwhile. The result is in `coroutine->future.result`, and the clean-up may
 * change it. It is -ECANCELED when the coroutine is dropped.
 *
 * **Threads**: the thread that polls or drops the coroutine.
 */
#define CMIO_FINALLY                                                                               \
    }                                                                                              \
    return CMIO_READY;                                                                             \
    case CMIO__COROUTINE_PLACE(CMIO__COROUTINE_FINALLY): {                                         \
        enum { cmio__may_await = 0 }

/**
 * Ends the function of a coroutine. Nothing may follow it there.
 *
 * A coroutine that reaches it without CMIO_FINALLY ends with the result 0.
 *
 * **Threads**: the thread that calls the function.
 */
#define CMIO_END                                                                                   \
    }                                                                                              \
    break;                                                                                         \
    default:                                                                                       \
        cmio__coroutine_default(cmio__coroutine);                                                  \
        break;                                                                                     \
        }                                                                                          \
        CMIO__COROUTINE_LENIENT                                                                    \
        return CMIO_READY

#ifdef __SIZEOF_INT128__
/**
 * Internal: the places to go on at are numbers that only the coroutine's own switch statement has
 * room for. In another switch statement, in which they would be lost, they are out of range.
 */
#define CMIO__COROUTINE_BASE (__extension__(unsigned __int128) 1 << 64)
#else
/** Internal: the places to go on at, if the compiler has no integers of 128 bits. */
#define CMIO__COROUTINE_BASE (1ull << 63)
#endif
/** Internal: the case label of a state. */
#define CMIO__COROUTINE_PLACE(state) (CMIO__COROUTINE_BASE | (uint32_t)(state))

/** Internal: the statement that CMIO_AWAIT stands for. */
#define CMIO__AWAIT(child, line)                                                                   \
    do {                                                                                           \
        _Static_assert(cmio__may_await, "no CMIO_AWAIT after CMIO_FINALLY");                       \
        cmio__coroutine->awaited = (child);                                                        \
        cmio__coroutine->state = (uint32_t)(line);                                                 \
        CMIO__COROUTINE_EXACT                                                                      \
        __attribute__((__fallthrough__));                                                          \
    case CMIO__COROUTINE_PLACE(line):                                                              \
        CMIO__COROUTINE_LENIENT                                                                    \
        if (cmio_future_poll(cmio__coroutine->awaited, cmio__context) == CMIO_PENDING)             \
            return CMIO_PENDING;                                                                   \
        cmio__coroutine->awaited = NULL;                                                           \
    } while (0)

/**
 * Internal: what happens for the clean-up of a function that has none, and for a place that is in
 * another switch statement.
 */
static inline void cmio__coroutine_default(struct cmio_coroutine *coroutine) {
    if (coroutine->state != CMIO__COROUTINE_FINALLY)
        coroutine->future.result = -EINVAL;
}

#if defined(__clang__)
/** Internal: from here to LENIENT, a statement that loses the value of a variable is an error. */
#define CMIO__COROUTINE_STRICT                                                                     \
    _Pragma("clang diagnostic push")                                                               \
        _Pragma("clang diagnostic error \"-Wsometimes-uninitialized\"")                            \
            _Pragma("clang diagnostic error \"-Wconditional-uninitialized\"")
/** Internal: from here to LENIENT, a place outside of the coroutine's own switch is an error. */
#define CMIO__COROUTINE_EXACT                                                                      \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic error \"-Wswitch\"")                \
        _Pragma("clang diagnostic error \"-Wsign-conversion\"")
/** Internal: ends what STRICT or EXACT began. */
#define CMIO__COROUTINE_LENIENT _Pragma("clang diagnostic pop")
#else
/** Internal: from here to LENIENT, a statement that loses the value of a variable is an error. */
#define CMIO__COROUTINE_STRICT                                                                     \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic error \"-Wjump-misses-init\"")
/** Internal: from here to LENIENT, a place outside of the coroutine's own switch is an error. */
#define CMIO__COROUTINE_EXACT                                                                      \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic error \"-Woverflow\"")                  \
        _Pragma("GCC diagnostic error \"-Wsign-conversion\"")
/** Internal: ends what STRICT or EXACT began. */
#define CMIO__COROUTINE_LENIENT _Pragma("GCC diagnostic pop")
#endif

#else

/** Refuses to compile: coroutines are written in C. */
#define CMIO_BEGIN(coroutine, context)                                                             \
    static_assert(false,                                                                           \
                  "cmio's coroutines are written in C, without CMIO_NO_INLINE; C++ has co_await")

#endif

CMIO_END_DECLS

#endif
