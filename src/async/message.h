/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ASYNC_MESSAGE_H
#define CMIO_ASYNC_MESSAGE_H

/* Messages of channels: bytes, whose number is fixed when the channel is made. */

#include <stddef.h>
#include <string.h>

#include "async/inline.h"

/* Copies a message. The commonest sizes need no call. */
CMIO__INLINE void cmio__message_copy(void *to, const void *from, size_t size) {
    if (size == 8)
        memcpy(to, from, 8);
    else if (size == 16)
        memcpy(to, from, 16);
    else
        memcpy(to, from, size);
}

#endif
