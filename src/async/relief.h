/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_RELIEF_H
#define CMIO_ASYNC_RELIEF_H

#include <stdint.h>

struct cmio_executor;
struct cmio__worker;

/*
 * Waits in the worker's poll until something happens or the deadline has come. Meanwhile it
 * relieves workers that are held up. The worker is in the idle list.
 */
void cmio__relief_wait(struct cmio__worker *worker, int64_t deadline);

/* A worker is no longer idle: others must watch it. */
void cmio__relief_begin(struct cmio_executor *executor);

#endif
