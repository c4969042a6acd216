/* SPDX-License-Identifier: MIT */
#ifndef SLEEP_SERVER_STATISTICS_H
#define SLEEP_SERVER_STATISTICS_H

#include <stdint.h>

/* What a server or one of its loops has done. */
struct statistics {
    uint64_t connections; /* accepted */
    uint64_t answered;    /* responses sent in full, whatever their status */
    uint64_t refused;     /* responses among them whose status was not 200 */
    uint64_t left;        /* requests whose client left before the response was sent */
    uint64_t cut_off;     /* requests that were in flight when the grace was over */
};

void statistics_add(struct statistics *sum, const struct statistics *part);

/* Prints the line that each server ends with, and one more if lines of the log were dropped. */
void statistics_print(const struct statistics *statistics, uint64_t dropped);

#endif
