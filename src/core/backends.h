/* SPDX-License-Identifier: MIT */
#ifndef CMIO_CORE_BACKENDS_H
#define CMIO_CORE_BACKENDS_H

#include <stddef.h>

struct cmio__backend;

/* The backend with this name, or the best one for NULL. Returns NULL if there is none. */
const struct cmio__backend *cmio__backends_find(const char *name);

/* The size of the largest kernel record of any backend. */
size_t cmio__backends_record_size(void);

#endif
