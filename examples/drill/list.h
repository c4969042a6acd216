/* SPDX-License-Identifier: MIT */
#ifndef DRILL_LIST_H
#define DRILL_LIST_H

/* Arrays in heap memory that grow at their end. */

#include <stddef.h>

/*
 * Makes room for one element more in an array that doubles when its count is a power of two. The
 * array, which may have moved; or NULL, with the old one as it was, where there is no memory.
 */
void *list_grow(void *array, size_t count, size_t size);

#endif
