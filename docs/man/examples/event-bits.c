/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <cmio/cmio.h>

/* An event as a set of bits, for a table or a switch. */
int main(void) {
    static const struct {
        uint32_t bit;
        const char *name;
    } bits[] = {
        {CMIO_READABLE, "readable"},
        {CMIO_WRITABLE, "writable"},
        {CMIO_PRIORITY, "priority"},
        {CMIO_ERROR, "error"},
        {CMIO_READ_CLOSED, "read-closed"},
        {CMIO_WRITE_CLOSED, "write-closed"},
    };
    const struct cmio_event event = {
        .token = 1, .ready = CMIO_READABLE | CMIO_READ_CLOSED};
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        if (event.ready & bits[i].bit)
            printf("%s\n", bits[i].name);
    return 0;
}
