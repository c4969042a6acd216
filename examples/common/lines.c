/* SPDX-License-Identifier: MIT */
#include "common/lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void lines_open(struct lines *lines, const char *program, struct descriptor descriptor) {
    lines->descriptor = descriptor;
    lines->program = program;
    (void)pthread_mutex_init(&lines->lock, NULL);
    lines->dropped = lines->dropped_in_all = 0;
    atomic_init(&lines->is_renewed, false);
    lines->begin = lines->end = 0;
}

void lines_renew(struct lines *lines) {
    atomic_store(&lines->is_renewed, true);
}

static void count_dropped(struct lines *lines) {
    lines->dropped++;
    lines->dropped_in_all++;
}

/* Drops the rest of a line whose beginning is in another file. */
static void forget_rest(struct lines *lines) {
    if (lines->begin < lines->end)
        count_dropped(lines);
    lines->begin = lines->end = 0;
}

/* Returns 0 once no part of an earlier line is left to be written. */
static int write_rest(struct lines *lines) {
    while (lines->begin < lines->end) {
        ssize_t n = descriptor_write(&lines->descriptor, lines->rest + lines->begin,
                                     lines->end - lines->begin);
        if (n <= 0)
            return n < 0 ? (int)n : -EIO;
        lines->begin += (size_t)n;
    }
    lines->begin = lines->end = 0;
    return 0;
}

/* Writes all of the line, or its beginning, or nothing. The rest of a begun line is kept. */
static int write_one(struct lines *lines, const char *line, size_t length) {
    ssize_t n = descriptor_write(&lines->descriptor, line, length);
    if (n <= 0)
        return n < 0 ? (int)n : -EIO;
    lines->end = length - (size_t)n;
    memcpy(lines->rest, line + n, lines->end);
    return 0;
}

static int tell_dropped(struct lines *lines) {
    char text[128];
    if (lines->dropped == 0)
        return 0;
    int length = snprintf(text, sizeof text, "%s: %" PRIu64 " line%s dropped\n", lines->program,
                          lines->dropped, lines->dropped == 1 ? " was" : "s were");
    int result = write_one(lines, text, (size_t)length);
    if (result == 0)
        lines->dropped = 0;
    return result;
}

static int write_all(struct lines *lines, const char *line, size_t length) {
    if (atomic_exchange(&lines->is_renewed, false))
        forget_rest(lines);
    int result = write_rest(lines);
    if (result == 0)
        result = tell_dropped(lines);
    if (result == 0 && lines->begin < lines->end)
        result = -EAGAIN;
    if (result == 0 && length > 0)
        result = write_one(lines, line, length);
    return result;
}

int lines_write(struct lines *lines, const char *line, size_t length) {
    pthread_mutex_lock(&lines->lock);
    int result = write_all(lines, line, length);
    if (result < 0)
        count_dropped(lines);
    pthread_mutex_unlock(&lines->lock);
    return result;
}

uint64_t lines_dropped(struct lines *lines) {
    pthread_mutex_lock(&lines->lock);
    uint64_t dropped = lines->dropped_in_all;
    pthread_mutex_unlock(&lines->lock);
    return dropped;
}

void lines_close(struct lines *lines) {
    (void)write_all(lines, NULL, 0); /* without room the count is lost */
    descriptor_close(&lines->descriptor);
    (void)pthread_mutex_destroy(&lines->lock);
}
