/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_H
#define CMIO_ASYNC_H

/*
 * libcmio-async: futures, tasks, executors and green threads on cmio. This header includes all of
 * them; <cmio/cmio.h> does not. Link with cmio-async (pkg-config).
 */

#include <cmio/async/executor.h>
#include <cmio/async/future.h>
#include <cmio/async/inspect.h>
#include <cmio/async/io.h>
#include <cmio/async/sleep.h>
#include <cmio/async/task.h>

#endif
