/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_GREEN_H
#define CMIO_ASYNC_GREEN_H

/**
 * @file
 * Green threads: tasks with a stack, whose functions wait with cmio_await().
 */

#include <stddef.h>
#include <sys/types.h>

#include <cmio/async/future.h>
#include <cmio/async/task.h>
#include <cmio/export.h>

CMIO_BEGIN_DECLS

/**
 * How to start a green thread. Zeroed memory holds the defaults.
 *
 * cmio_green_spawn() reads the struct and copies what it needs: it may go away afterwards.
 *
 * **Threads**: no thread may change it during cmio_green_spawn().
 */
struct cmio_green_options {
    /**
     * The name of the task in introspection. The first 63 bytes are copied. NULL: the task has no
     * name.
     */
    const char *name;
    /**
     * The size of its stack in bytes. 0: 64 KiB. It is rounded up to a power of two, and is at
     * least 16 KiB, or more if the processor has so many registers that a signal handler needs
     * more. A page of the stack uses memory only once it is touched. Stacks of ended threads are
     * kept for new ones. Some megabytes of them keep their pages.
     */
    size_t stack_size;
    /**
     * What is called with the argument, instead of the function, if the thread is aborted before
     * its first turn. It releases what the argument owns. It runs on a worker, and must not block
     * or await. NULL: nothing is called.
     *
     * @param argument  The argument that cmio_green_spawn() was given.
     */
    void (*drop)(void *argument);
};

/**
 * Starts a green thread.
 *
 * The thread calls function(argument). If it is aborted before its first turn, it never calls the
 * function: its result is -ECANCELED, and the drop function of the options is called in place of
 * the function.
 *
 * The function of a green thread is an ordinary function, in which cmio_await() looks like a call
 * that blocks. Its worker runs other tasks meanwhile. A green thread is a task: it has a join
 * handle, a name and a result, and it is aborted and shut down as other tasks are.
 *
 * A green thread begins on any worker and then stays on that worker. So the addresses of errno and
 * of other thread-local objects, which a compiler may keep across a call, stay right. errno itself
 * is kept across an await. Other thread-local objects are shared with the other tasks of the
 * worker. The green threads of an executor without threads run on the thread that is in
 * cmio_block_on(): call that function on one thread only.
 *
 * A call that blocks the thread in any other way holds up all tasks of the worker. Examples are
 * read(2) on a blocking descriptor and pthread_mutex_lock(3) on a mutex that is held across an
 * await. cmio_block_on() is refused with -EDEADLK.
 *
 * C does not unwind a stack. A green thread that is aborted, or whose executor shuts down, is told
 * so by cmio_await(), which returns -ECANCELED at once from then on. The function has to return by
 * itself, so check what cmio_await() returns, above all in loops. Never leave a green thread in
 * another way, such as longjmp(3) to another stack or pthread_exit(3).
 *
 * The stack has a guard page below it. To run over its end is a fault (SIGSEGV or SIGBUS), which
 * ends the program unless it handles the signal on an alternate stack. That holds for code that
 * touches each page in turn. A function with locals bigger than a page may jump over the guard:
 * compile such code with -fstack-clash-protection (gcc and clang), which makes it touch them.
 * Recursion and big locals need a bigger stack_size in the options.
 *
 * @param executor  The executor. Borrowed. NULL is allowed in a task: the executor of that task.
 * @param function  The function of the thread. What it returns is the result of the task: 0 or
 *                  more, or a negative errno.
 * @param argument  What the function is called with. NULL is allowed.
 * @param options   How to start it. Borrowed until the call returns. NULL: the defaults.
 * @param out       Where the join handle is stored. The caller drops it with
 *                  cmio_join_handle_drop(). NULL: the thread is detached, and its result is lost.
 *
 * **Returns** 0.
 *
 * **Errors**, after which nothing is called, and out is untouched:
 * - -EINVAL: function is NULL.
 * - -EPERM: executor is NULL, and the call is not made in a task.
 * - -ENOMEM: memory is short, the stack size is too large, or the system has no more guard pages.
 *   Linux before 6.13 has enough of them for about 32,700 stacks in a process (vm.max_map_count).
 *   From 6.13 on, memory is the only limit.
 * - -ESHUTDOWN: the executor is being shut down, or was shut down.
 *
 * **Threads**: any thread.
 *
 * **Source**: mmap(2), mprotect(2), madvise(2).
 */
CMIO_API int cmio_green_spawn(struct cmio_executor *executor, ssize_t (*function)(void *argument),
                              void *argument, const struct cmio_green_options *options,
                              struct cmio_join_handle **out);

/**
 * Waits in a green thread until a future has ended.
 *
 * Other tasks run meanwhile. Now and then they also run if the future is ready at once, because a
 * task may complete only 128 leaves in a turn; see cmio_context_spend(). errno is as before.
 *
 * If the thread is aborted, or its executor is being shut down, the future is dropped, and the call
 * returns -ECANCELED. The future then has the result that its kind documents for a drop. Each later
 * call does so at once, until the function of the thread has returned. Between cmio_shield_begin()
 * and cmio_shield_end(), calls wait nevertheless.
 *
 * @param future  The future. Borrowed until the call returns. It may lie on the stack of the
 *                thread. It has ended when the call returns, except after -EPERM.
 *
 * **Returns** the result of the future.
 *
 * **Errors** of this call, which the future may end with too:
 * - -EPERM: the call is not made in a green thread, or in a poll or drop function, which must not
 *   wait. The future is untouched.
 * - -EINVAL: future is NULL.
 * - -ECANCELED: the thread was aborted, or its executor is being shut down. The future was dropped.
 * - Other errors that the future ends with.
 *
 * **Threads**: the green thread itself.
 */
CMIO_API ssize_t cmio_await(struct cmio_future *future);

/**
 * Begins a part of a green thread in which cmio_await() waits although the thread is aborted.
 *
 * It is for a clean-up that has to wait. The part ends with the matching cmio_shield_end(). Parts
 * nest. A shutdown of the executor waits for the part, so let it be short, or bound it with
 * cmio_timeout_future_init().
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EPERM: the call is not made in a green thread, or in a poll or drop function.
 *
 * **Threads**: the green thread itself.
 */
CMIO_API int cmio_shield_begin(void);

/**
 * Ends a part of a green thread that cmio_shield_begin() began.
 *
 * After the end of the outermost part, cmio_await() returns -ECANCELED if the thread is aborted.
 *
 * **Returns** 0.
 *
 * **Errors**:
 * - -EPERM: the call is not made in a green thread, or in a poll or drop function.
 * - -EINVAL: there is no part to end.
 *
 * **Threads**: the green thread itself.
 */
CMIO_API int cmio_shield_end(void);

CMIO_END_DECLS

#endif
