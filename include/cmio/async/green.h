/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_GREEN_H
#define CMIO_ASYNC_GREEN_H

#include <stddef.h>
#include <sys/types.h>

#include <cmio/async/future.h>
#include <cmio/async/task.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/*
 * A green thread is a task with a stack: an ordinary function, in which cmio_await() looks like a
 * call that blocks. Meanwhile its worker runs other tasks. Whatever is true of tasks is true of it:
 * it has a join handle, a name and a result, and it is aborted and shut down with the others.
 *
 * It begins on any worker and then stays on that one, so that the address of errno and of other
 * thread-local objects, which a compiler may keep across a call, goes on being right. errno itself
 * is kept across an await; other thread-local objects are shared with the other tasks of the worker.
 * The green threads of an executor without threads run on the thread that is in cmio_block_on():
 * let it be the same one each time.
 *
 * To block the thread in any other way (read(2) on a blocking descriptor, pthread_mutex_lock(3) held
 * across an await, cmio_block_on(), which is -EDEADLK) holds up all the tasks of the worker.
 *
 * C does not unwind a stack. A green thread that is aborted, or whose executor shuts down, is told so
 * by cmio_await(), which returns -ECANCELED at once from then on, and it has to return by itself. So
 * check what cmio_await() returns, above all in loops. Never leave a green thread in another way,
 * such as longjmp(3) to another stack or pthread_exit(3).
 *
 * The stack has a guard page below it: to run over its end is a fault (SIGSEGV or SIGBUS), which ends
 * the program unless it handles the signal on an alternate stack. That holds for code that touches
 * each page in turn. A function with locals bigger than a page may jump over the guard: compile such
 * code with -fstack-clash-protection (gcc, Clang), which makes it touch them. Recursion and big
 * locals need a bigger stack_size.
 */

/* How to start a green thread. Zeros are the defaults. */
struct cmio_green_options {
    /* What introspection calls it. Copied. NULL: no name. */
    const char *name;
    /*
     * Bytes of its stack. 0: 64 KiB. It is rounded up to a power of two, and is at least 16 KiB: more
     * where the processor's registers are so many that a signal handler needs it. A page of it uses
     * memory only once it is touched. Ended threads' stacks are kept for new ones; some megabytes of
     * them keep their pages.
     */
    size_t stack_size;
    /*
     * Called with the argument, instead of the function, if the thread is aborted before its first
     * turn: to release what the argument owns. It must not block or await. NULL: nothing is called.
     */
    void (*drop)(void *argument);
};

/*
 * Starts a green thread that calls function(argument). What that returns is the task's result: 0 or
 * more, or a negative errno. A thread that is aborted before its first turn never calls it: its
 * result is -ECANCELED.
 *
 * executor, out and the threads that may call this are those of cmio_spawn(); options may be NULL.
 * Errors, after which nothing is called: -EINVAL for a null function; -EPERM without an executor
 * outside a task; -ESHUTDOWN once the executor is being shut down; -ENOMEM, also when the system
 * gives no more guard pages: Linux before 6.13 has enough for about 32,700 stacks in a process
 * (vm.max_map_count), from 6.13 on the memory alone is the limit.
 */
CMIO_API int cmio_green_spawn(struct cmio_executor *executor, ssize_t (*function)(void *argument),
                              void *argument, const struct cmio_green_options *options,
                              struct cmio_join_handle **out);

/*
 * Waits in a green thread for a future and returns its result, which is future->result. The future
 * may lie on the thread's stack, and has ended when this returns. Other tasks run meanwhile, and
 * also, now and then, if the future is ready at once (cmio_context_spend()). errno is as before.
 *
 * Errors of its own: -ECANCELED once the thread is aborted or its executor is being shut down: the
 * future is dropped then, and its result is what its kind documents for that; -EPERM outside a green
 * thread, and in a poll or drop function, which must not wait; -EINVAL for a null future. With
 * -EPERM the future is untouched.
 */
CMIO_API ssize_t cmio_await(struct cmio_future *future);

/*
 * From cmio_shield_begin() to the cmio_shield_end() that matches it, cmio_await() waits also though
 * the green thread is aborted: for a clean-up that has to wait. They nest. Shutdown waits for it: let
 * it be short, or bound it with a timeout. Returns 0. Errors: -EPERM outside a green thread, as for
 * cmio_await(); -EINVAL for an end without a beginning.
 */
CMIO_API int cmio_shield_begin(void);
CMIO_API int cmio_shield_end(void);

CMIO_END_DECLS

#endif
