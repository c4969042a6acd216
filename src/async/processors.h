/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_PROCESSORS_H
#define CMIO_ASYNC_PROCESSORS_H

/* How many processors the process may use: at least 1 and at most limit. */
int cmio__processors(int limit);

#endif
