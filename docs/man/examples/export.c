/* SPDX-License-Identifier: MIT */
#include <stdio.h>

/* For a generator of bindings: declarations without bodies. */
#define CMIO_NO_INLINE
#include <cmio/cmio.h>

/* Declarations begin with CMIO_API, some with CMIO_INLINE, too. They
   stand between CMIO_BEGIN_DECLS and CMIO_END_DECLS. */

int main(void) {
    /* The library has the inline functions as ordinary ones, too. */
    bool (*const is_readable)(const struct cmio_event *) =
        cmio_event_is_readable;
    const struct cmio_event event = {.token = 1, .ready = CMIO_READABLE};
    printf("readable: %d\n", is_readable(&event));
    return 0;
}
