/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include <cmio/cmio.h>

#if CMIO_VERSION < 100 /* 0.1.0 */
#error "this program needs cmio 0.1"
#endif

int main(void) {
    printf("compiled with %s (%d, %d and %d), runs with %s\n",
           CMIO_VERSION_STRING, CMIO_VERSION_MAJOR, CMIO_VERSION_MINOR,
           CMIO_VERSION_PATCH, cmio_version());
    if (strcmp(cmio_version(), CMIO_VERSION_STRING) != 0)
        puts("the library was replaced since");
    return 0;
}
