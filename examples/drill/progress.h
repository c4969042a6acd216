/* SPDX-License-Identifier: MIT */
#ifndef DRILL_PROGRESS_H
#define DRILL_PROGRESS_H

/*
 * One line on the terminal behind stderr that is redrawn while a run goes on. It is never wider
 * than the terminal is at the time. The cursor stays at its beginning, so the ^C that a terminal
 * shows for Ctrl-C is erased together with the line. Drawing never blocks: a terminal that takes no
 * output, for example after Ctrl-S, is left alone.
 */

#include <stdbool.h>
#include <stdint.h>

#include <cmio/time.h>

#include "common/descriptor.h"

/* The shortest time between two drawings. */
#define PROGRESS_INTERVAL (100 * CMIO_MILLISECOND)

struct progress {
    uint64_t total;   /* requests; UINT64_MAX if unknown */
    int64_t duration; /* nanoseconds; 0 if unknown */
    uint64_t done;    /* at the last drawing */
    int64_t elapsed;
    double rate; /* recent requests per second */
    int width;   /* of the present line */
    int columns; /* of the terminal at the time */
    struct descriptor terminal;
};

/* Whether there is a terminal to draw on. */
bool progress_is_possible(void);

/*
 * Begins to show how many of total requests are done. Nothing is drawn yet. Set the duration after
 * that, if there is one.
 */
void progress_init(struct progress *progress, uint64_t total);

/* Draws the line: done requests, failed among them, after elapsed nanoseconds. */
void progress_draw(struct progress *progress, uint64_t done, uint64_t failed, int64_t elapsed);

/* Ends: leaves the line empty, as it was before. */
void progress_end(struct progress *progress);

/* The most room that progress_format() takes. */
enum { PROGRESS_MAX = 160 };

/*
 * Writes the line for a terminal of so many columns, and records the progress. If there is not
 * enough room, first the bar is left out, then the count.
 */
void progress_format(struct progress *progress, uint64_t done, uint64_t failed, int64_t elapsed,
                     int columns, char line[PROGRESS_MAX]);

#endif
