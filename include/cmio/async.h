/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_H
#define CMIO_ASYNC_H

/**
 * @file
 * All of libcmio-async: futures, tasks, executors, channels and green threads on cmio.
 *
 * This header includes all headers in `<cmio/async/>`. `<cmio/cmio.h>` does not include it. Link
 * with cmio-async (pkg-config).
 */

#include <cmio/async/accept.h>
#include <cmio/async/blocking.h>
#include <cmio/async/broadcast.h>
#include <cmio/async/channel.h>
#include <cmio/async/child.h>
#include <cmio/async/connect.h>
#include <cmio/async/connect_name.h>
#include <cmio/async/coroutine.h>
#include <cmio/async/datagram.h>
#include <cmio/async/executor.h>
#include <cmio/async/future.h>
#include <cmio/async/green.h>
#include <cmio/async/inspect.h>
#include <cmio/async/io.h>
#include <cmio/async/join_all.h>
#include <cmio/async/join_set.h>
#include <cmio/async/map.h>
#include <cmio/async/mutex.h>
#include <cmio/async/notify.h>
#include <cmio/async/oneshot.h>
#include <cmio/async/read.h>
#include <cmio/async/resolve.h>
#include <cmio/async/select.h>
#include <cmio/async/semaphore.h>
#include <cmio/async/signal.h>
#include <cmio/async/sleep.h>
#include <cmio/async/task.h>
#include <cmio/async/timeout.h>
#include <cmio/async/waiter.h>
#include <cmio/async/watch.h>
#include <cmio/async/write.h>

#endif
