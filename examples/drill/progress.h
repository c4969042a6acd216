/* SPDX-License-Identifier: MIT */
#ifndef DRILL_PROGRESS_H
#define DRILL_PROGRESS_H

/* One line on the terminal behind stderr that is drawn over again while a run goes on. */

#include <stdbool.h>
#include <stdint.h>

#include <cmio/time.h>

/* How long to leave the line alone between two drawings. */
#define PROGRESS_INTERVAL (100 * CMIO_MILLISECOND)

struct progress {
    uint64_t total;
    int width; /* of the line that is there */
};

/* Whether there is a terminal to draw on. */
bool progress_is_possible(void);

/* Begins, with nothing drawn yet, to show how many of total requests are done. */
void progress_init(struct progress *progress, uint64_t total);

/* Draws the line: done requests, failed among them, after elapsed nanoseconds. */
void progress_draw(struct progress *progress, uint64_t done, uint64_t failed, int64_t elapsed);

/* Leaves the line as it was before: empty. */
void progress_erase(struct progress *progress);

#endif
