/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR_WIDTH = 24, LINE_MAX_WIDTH = 160 };

bool progress_is_possible(void) {
    return isatty(STDERR_FILENO) == 1;
}

void progress_init(struct progress *progress, uint64_t total) {
    *progress = (struct progress){.total = total};
}

/* stderr is not buffered: each line is one write. A terminal that is gone is no concern of ours. */
static void put_line(struct progress *progress, const char *line) {
    int width = (int)strlen(line);
    int rest = progress->width > width ? progress->width - width : 0;
    (void)fprintf(stderr, "\r%s%*s%s", line, rest, "", width == 0 ? "\r" : "");
    progress->width = width;
}

void progress_draw(struct progress *progress, uint64_t done, uint64_t failed, int64_t elapsed) {
    char bar[BAR_WIDTH + 1];
    double part = (double)done / (double)progress->total;
    double rate = elapsed > 0 ? (double)done * 1e9 / (double)elapsed : 0;
    int filled = (int)(part * (double)BAR_WIDTH);
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)filled);
    bar[BAR_WIDTH] = '\0';
    char line[LINE_MAX_WIDTH];
    (void)snprintf(line, sizeof line,
                   "%3d%% [%s] %" PRIu64 "/%" PRIu64 ", %" PRIu64 " failed, %.0f/s",
                   (int)(part * 100), bar, done, progress->total, failed, rate);
    put_line(progress, line);
}

void progress_erase(struct progress *progress) {
    put_line(progress, "");
}
