/* SPDX-License-Identifier: MIT */
#include "list.h"

#include <stdbool.h>
#include <stdlib.h>

void *list_grow(void *array, size_t count, size_t size) {
    bool full = (count & (count - 1)) == 0;
    return full ? realloc(array, (count == 0 ? 1 : count * 2) * size) : array;
}
