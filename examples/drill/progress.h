/* SPDX-License-Identifier: MIT */
#ifndef DRILL_PROGRESS_H
#define DRILL_PROGRESS_H

/*
 * One line on the terminal behind stderr that is drawn over again while a run goes on. It is never
 * wider than the terminal is at the time, and the cursor stays at its beginning: the ^C that a
 * terminal shows for Ctrl-C is erased together with it. A terminal that takes no output, as after
 * Ctrl-S, is left alone: drawing never blocks.
 */

#include <stdbool.h>
#include <stdint.h>

#include <cmio/time.h>

/* How long to leave the line alone between two drawings. */
#define PROGRESS_INTERVAL (100 * CMIO_MILLISECOND)

struct progress {
    uint64_t total;   /* requests; UINT64_MAX where nobody knows */
    int64_t duration; /* nanoseconds; 0 where nobody knows */
    uint64_t done;    /* when it was drawn last */
    int64_t elapsed;
    double rate; /* requests a second, of late */
    int width;   /* of the line that is there */
    int columns; /* of the terminal at the time */
};

/* Whether there is a terminal to draw on. */
bool progress_is_possible(void);

/*
 * Begins, with nothing drawn yet, to show how many of total requests are done. Set the duration
 * after that, if there is one.
 */
void progress_init(struct progress *progress, uint64_t total);

/* Draws the line: done requests, failed among them, after elapsed nanoseconds. */
void progress_draw(struct progress *progress, uint64_t done, uint64_t failed, int64_t elapsed);

/* Leaves the line as it was before: empty. */
void progress_erase(struct progress *progress);

/* The room that progress_format() takes at most. */
enum { PROGRESS_MAX = 160 };

/*
 * Writes the line for a terminal of so many columns, and notes what was done. What there is no room
 * for is left out: first the bar, then the count.
 */
void progress_format(struct progress *progress, uint64_t done, uint64_t failed, int64_t elapsed,
                     int columns, char line[PROGRESS_MAX]);

#endif
