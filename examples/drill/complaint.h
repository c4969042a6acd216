/* SPDX-License-Identifier: MIT */
#ifndef DRILL_COMPLAINT_H
#define DRILL_COMPLAINT_H

/*
 * What is wrong with a plan, and where. The user reads it as file:line:column: message. It is
 * passed down; the function that finds the fault fills it with complain() and returns that result.
 */

#include <stddef.h>

/* A place in the plan's file. Lines and columns count from 1; columns are characters. */
struct place {
    size_t line;
    size_t column;
};

struct complaint {
    struct place place;
    char message[256];
};

/* Fills the complaint, cut if it does not fit, and returns -1. */
__attribute__((format(printf, 3, 4))) int complain(struct complaint *complaint, struct place place,
                                                   const char *format, ...);

/* The room that quoted() needs. */
#define QUOTED_MAX 48

/*
 * Writes text between quotes for a message, cut to a sensible length. A '?' replaces each byte that
 * could upset a terminal. Returns buffer.
 */
const char *quoted(const char *text, size_t length, char buffer[QUOTED_MAX]);

#endif
