/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_COROUTINE_H
#define CMIO_ASYNC_COROUTINE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include <cmio/async/future.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/*
 * A coroutine is a future that is written as a function: from top to bottom, with loops and
 * conditions, awaiting other futures on the way. It has no stack of its own. Each poll calls the
 * function again, which jumps to where it was and goes on.
 *
 *     struct echo {
 *         struct cmio_coroutine coroutine; // first
 *         struct cmio_tcp_stream stream;
 *         struct cmio_io io;
 *         char buffer[4096];
 *         struct cmio_read_future read;
 *         struct cmio_write_all_future write;
 *     };
 *
 *     static enum cmio_future_state run_echo(struct cmio_coroutine *coroutine,
 *                                            struct cmio_context *context) {
 *         struct echo *echo = (struct echo *)coroutine;
 *         CMIO_BEGIN(coroutine, context);
 *         for (;;) {
 *             (void)cmio_read_future_init(&echo->read, &echo->io, echo->buffer, sizeof echo->buffer);
 *             CMIO_AWAIT(&echo->read.future);
 *             if (echo->read.future.result <= 0)
 *                 CMIO_RETURN(echo->read.future.result);
 *             (void)cmio_write_all_future_init(&echo->write, &echo->io, echo->buffer,
 *                                              (size_t)echo->read.future.result);
 *             CMIO_AWAIT(&echo->write.future);
 *         }
 *         CMIO_FINALLY;
 *         (void)cmio_io_close(&echo->io);
 *         (void)cmio_tcp_stream_close(&echo->stream);
 *         CMIO_END;
 *     }
 *
 * The rules, and what the compiler makes of a mistake. "Refused" is an error of gcc and of clang,
 * whatever warnings are asked for.
 *
 * - What is needed after an await lives in the struct. Local variables lose their values at an await,
 *   as the function returns there. gcc refuses an await in the scope of a local variable that has an
 *   initialiser, and so one in a for loop that declares its variable; give a variable that is used
 *   between two awaits a block of its own. clang, with -Wall or -Wuninitialized, refuses every use of
 *   a variable that may have no value, and so that of a lost one. Without an initialiser, the loss is
 *   refused by clang alone; gcc warns of it with -Wall when it optimises.
 *   What stands before CMIO_BEGIN is done again in every call, so `echo` above is always right.
 * - No variable-length array in the scope of an await: refused.
 * - No switch statement around an await: refused. Use if and else, or a switch that only chooses. Only
 *   where the compiler has no integers of 128 bits (on machines of 32 bits), a switch over unsigned
 *   long long is not seen: the coroutine then ends with -EINVAL when it should go on there.
 * - One await a line: two are refused. So is a macro of the program's with two awaits in it.
 * - No await in the part after CMIO_FINALLY, and no CMIO_RETURN: refused.
 * - A break that is in no loop leaves the function's body, like CMIO_RETURN(0).
 * - C alone. In C++ the macros are refused, as a jump past the constructors of local variables would
 *   be: write the coroutine in a C file, or use co_await. The struct and cmio_coroutine_init() are
 *   for both, so a C++ program can run a coroutine of a C file.
 */
struct cmio_coroutine;

/*
 * The function of a coroutine. Between its declarations and its end stand CMIO_BEGIN, what it does,
 * perhaps CMIO_FINALLY with a clean-up, and CMIO_END. context is NULL during the clean-up.
 */
typedef enum cmio_future_state cmio_coroutine_body(struct cmio_coroutine *coroutine,
                                                   struct cmio_context *context);

/*
 * The state of a coroutine, the first member of a struct that has what the function needs. Its other
 * members are private.
 */
struct cmio_coroutine {
    struct cmio_future future;
    cmio_coroutine_body *body;
    struct cmio_future *awaited; /* what it waits for, so that dropping it reaches that */
    uint32_t state;              /* where to go on: 0, a line, or the clean-up */
};

/*
 * Makes a coroutine that is at its beginning. Only struct cmio_coroutine is initialised: the
 * caller initialises the rest of the struct first, at least what the clean-up looks at. Like every
 * future it may be moved, for example by cmio_spawn(), until its first poll. Errors: -EINVAL for a
 * null argument.
 */
CMIO_API int cmio_coroutine_init(struct cmio_coroutine *coroutine, cmio_coroutine_body *body);

/* coroutine->state during the clean-up: CMIO_BEGIN has used up line 1. */
#define CMIO__COROUTINE_FINALLY 1u

/*
 * CMIO_BEGIN(coroutine, context): the coroutine begins here. The arguments are those of the
 * function.
 *
 * CMIO_AWAIT(future): waits until the future has ended; its result is in the future. The argument is
 * a pointer to a struct cmio_future that was initialised and lies in the struct, or elsewhere outside
 * the function. If the coroutine is dropped here, that future is dropped. A statement.
 *
 * CMIO_RETURN(value): ends the coroutine with the value as its result: 0 or more, or a negative
 * errno. Coming to CMIO_FINALLY, or to CMIO_END without one, ends it with 0. A statement.
 *
 * CMIO_FINALLY: the clean-up begins here, up to CMIO_END. It runs exactly once in the life of a
 * coroutine: at its end, whichever way it ends, and when it is dropped, after what it awaited was
 * dropped. That holds also for a drop before the first poll: a task may be aborted before it ran at
 * all, and what it was given would be leaked. So initialise what the clean-up looks at before the
 * coroutine is polled or spawned; zeroed sources, bindings and futures may be closed and dropped. The
 * clean-up must not block. It can read the result in coroutine->future.result, which is -ECANCELED
 * when the coroutine is dropped, and may change it. It may be left out.
 *
 * CMIO_END: the function ends here.
 */
#if !defined(__cplusplus) && !defined(CMIO_NO_INLINE)

#define CMIO_BEGIN(coroutine, context)                                                             \
    struct cmio_coroutine *const cmio__coroutine = (coroutine);                                    \
    struct cmio_context *const cmio__context = (context);                                          \
    (void)cmio__context;                                                                           \
    CMIO__COROUTINE_STRICT                                                                         \
    switch (CMIO__COROUTINE_PLACE(cmio__coroutine->state)) {                                       \
    case CMIO__COROUTINE_PLACE(0): {                                                               \
        enum { cmio__may_await = 1 }

#define CMIO_AWAIT(future) CMIO__AWAIT(future, __LINE__)

#define CMIO_RETURN(value)                                                                         \
    do {                                                                                           \
        _Static_assert(cmio__may_await, "CMIO_FINALLY's part ends at CMIO_END alone");             \
        cmio__coroutine->future.result = (value);                                                  \
        return CMIO_READY;                                                                         \
    } while (0)

#define CMIO_FINALLY                                                                               \
    }                                                                                              \
    return CMIO_READY;                                                                             \
    case CMIO__COROUTINE_PLACE(CMIO__COROUTINE_FINALLY): {                                         \
        enum { cmio__may_await = 0 }

#define CMIO_END                                                                                   \
    }                                                                                              \
    break;                                                                                         \
    default:                                                                                       \
        cmio__coroutine_default(cmio__coroutine);                                                  \
        break;                                                                                     \
        }                                                                                          \
        CMIO__COROUTINE_LENIENT                                                                    \
        return CMIO_READY

/*
 * The places to go on at are numbers that only the coroutine's own switch statement has room for. In
 * another one, where they would be lost, they are out of range.
 */
#ifdef __SIZEOF_INT128__
#define CMIO__COROUTINE_BASE (__extension__(unsigned __int128) 1 << 64)
#else
#define CMIO__COROUTINE_BASE (1ull << 63)
#endif
#define CMIO__COROUTINE_PLACE(state) (CMIO__COROUTINE_BASE | (uint32_t)(state))

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

/* Here come the clean-up of a function that has none, and a place that is in another switch. */
static inline void cmio__coroutine_default(struct cmio_coroutine *coroutine) {
    if (coroutine->state != CMIO__COROUTINE_FINALLY)
        coroutine->future.result = -EINVAL;
}

/*
 * Up to LENIENT, what loses a value is an error; and so is, where an await goes on, a place that is
 * not in the coroutine's own switch.
 */
#if defined(__clang__)
#define CMIO__COROUTINE_STRICT                                                                     \
    _Pragma("clang diagnostic push")                                                               \
        _Pragma("clang diagnostic error \"-Wsometimes-uninitialized\"")                            \
            _Pragma("clang diagnostic error \"-Wconditional-uninitialized\"")
#define CMIO__COROUTINE_EXACT                                                                      \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic error \"-Wswitch\"")                \
        _Pragma("clang diagnostic error \"-Wsign-conversion\"")
#define CMIO__COROUTINE_LENIENT _Pragma("clang diagnostic pop")
#else
#define CMIO__COROUTINE_STRICT                                                                     \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic error \"-Wjump-misses-init\"")
#define CMIO__COROUTINE_EXACT                                                                      \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic error \"-Woverflow\"")                  \
        _Pragma("GCC diagnostic error \"-Wsign-conversion\"")
#define CMIO__COROUTINE_LENIENT _Pragma("GCC diagnostic pop")
#endif

#else

#define CMIO_BEGIN(coroutine, context)                                                             \
    static_assert(false, "cmio's coroutines are written in C; C++ has co_await")

#endif

CMIO_END_DECLS

#endif
