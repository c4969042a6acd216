/* SPDX-License-Identifier: MIT */
#include <cmio/event.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The definitions are in the header. */
extern CMIO_INLINE bool cmio_event_is_readable(const struct cmio_event *event);
extern CMIO_INLINE bool cmio_event_is_writable(const struct cmio_event *event);
extern CMIO_INLINE bool cmio_event_is_priority(const struct cmio_event *event);
extern CMIO_INLINE bool cmio_event_is_error(const struct cmio_event *event);
extern CMIO_INLINE bool cmio_event_is_read_closed(const struct cmio_event *event);
extern CMIO_INLINE bool cmio_event_is_write_closed(const struct cmio_event *event);

static const struct {
    uint32_t bit;
    const char *name;
} flag_names[] = {
    {CMIO_READABLE, "readable"},       {CMIO_WRITABLE, "writable"},
    {CMIO_PRIORITY, "priority"},       {CMIO_ERROR, "error"},
    {CMIO_READ_CLOSED, "read-closed"}, {CMIO_WRITE_CLOSED, "write-closed"},
};

int cmio_event_format(const struct cmio_event *event, char *buffer, size_t size) {
    if (event == NULL || (buffer == NULL && size > 0))
        return -EINVAL;
    char names[96] = "";
    for (size_t i = 0; i < sizeof flag_names / sizeof *flag_names; i++) {
        if ((event->ready & flag_names[i].bit) == 0)
            continue;
        if (names[0] != '\0')
            strcat(names, ", ");
        strcat(names, flag_names[i].name);
    }
    return snprintf(buffer, size, "token %" PRIuPTR ": %s", event->token,
                    names[0] != '\0' ? names : "nothing");
}
