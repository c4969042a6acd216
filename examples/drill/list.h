/* SPDX-License-Identifier: MIT */
#ifndef DRILL_LIST_H
#define DRILL_LIST_H

/* Arrays in heap memory that grow at their end. */

#include <stddef.h>

/*
 * Makes room for one more element in an array that doubles when its count is a power of two.
 * Returns the array, which may have moved. Without memory returns NULL and leaves the old array
 * unchanged.
 */
void *list_grow(void *array, size_t count, size_t size);

#endif
