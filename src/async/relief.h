/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_RELIEF_H
#define CMIO_ASYNC_RELIEF_H

#include <stdint.h>

struct cmio_executor;
struct cmio__worker;

/*
 * Waits in the worker's poll until something happens or the deadline has come, and relieves workers
 * that are held up meanwhile. The worker is in the list of the idle.
 */
void cmio__relief_wait(struct cmio__worker *worker, int64_t deadline);

/* A worker is idle no longer: others are to watch it. */
void cmio__relief_begin(struct cmio_executor *executor);

#endif
