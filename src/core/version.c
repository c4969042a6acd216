/* SPDX-License-Identifier: MIT */
#include <cmio/version.h>

const char *cmio_version(void) {
    return CMIO_VERSION_STRING;
}
