/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_H
#define CMIO_ASYNC_H

/*
 * libcmio-async: futures, tasks, executors and green threads on cmio. This header includes all of
 * them; <cmio/cmio.h> does not. Link with cmio-async (pkg-config).
 */

#include <cmio/async/coroutine.h>
#include <cmio/async/executor.h>
#include <cmio/async/future.h>
#include <cmio/async/io.h>
#include <cmio/async/join_all.h>
#include <cmio/async/join_set.h>
#include <cmio/async/map.h>
#include <cmio/async/select.h>
#include <cmio/async/sleep.h>
#include <cmio/async/task.h>
#include <cmio/async/timeout.h>

#endif
