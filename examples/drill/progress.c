/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum {
    BAR_WIDTH = 24,
    COLUMNS_DEFAULT = 80,
    ECHO_WIDTH = 8, /* of the echo of keys such as Ctrl-C, at the beginning of the line */
    PART_MAX = 48,
};

/* The weight of the last interval in the recent rate. */
static const double rate_weight = 0.2;

bool progress_is_possible(void) {
    return isatty(STDERR_FILENO) == 1;
}

void progress_init(struct progress *progress, uint64_t total) {
    *progress = (struct progress){.total = total};
    descriptor_borrow(&progress->terminal, STDERR_FILENO);
}

static int columns_of_terminal(void) {
    struct winsize size;
    bool is_known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return is_known ? size.ws_col : COLUMNS_DEFAULT;
}

/*
 * Each line is one write. If the terminal has become narrower, it may have wrapped the present
 * line. Then everything from its beginning on, where the cursor is, is cleared.
 */
static void put_line(struct progress *progress, const char *line, int columns) {
    const char *clear = columns < progress->columns ? "\033[J" : "";
    int width = (int)strlen(line);
    int covered = progress->width < columns - 1 ? progress->width : columns - 1;
    int rest = covered > width ? covered - width : 0;
    char text[PROGRESS_MAX + 8];
    int length = snprintf(text, sizeof text, "\r%s%s%*s\r", clear, line, rest, "");
    ssize_t n = descriptor_write(&progress->terminal, text, (size_t)length);
    if (n < 0)
        return; /* it is stopped, slow or gone */
    if (n == length)
        progress->columns = columns;
    if (n == length || progress->width < width)
        progress->width = width;
}

static void note(struct progress *progress, uint64_t done, int64_t elapsed) {
    double seconds = (double)(elapsed - progress->elapsed) / 1e9;
    if (seconds <= 0)
        return;
    double rate = (double)(done - progress->done) / seconds;
    bool is_first = progress->elapsed == 0;
    progress->rate += (rate - progress->rate) * (is_first ? 1 : rate_weight);
    progress->done = done;
    progress->elapsed = elapsed;
}

/* How much of the run is over, by requests or by time, whichever is further along. */
static double part_of(const struct progress *progress) {
    double part = 0;
    if (progress->total != UINT64_MAX && progress->total > 0)
        part = (double)progress->done / (double)progress->total;
    if (progress->duration > 0)
        part = fmax(part, (double)progress->elapsed / (double)progress->duration);
    return fmin(part, 1);
}

/* The seconds until the run is over, if it goes on like this. Negative if that is unknown. */
static double seconds_left(const struct progress *progress) {
    double part = part_of(progress);
    return part > 0 ? (double)progress->elapsed / 1e9 * (1 - part) / part : -1;
}

static void format_left(double seconds, char text[PART_MAX]) {
    if (seconds < 0)
        (void)snprintf(text, PART_MAX, "?");
    else if (seconds < 99.5)
        (void)snprintf(text, PART_MAX, "%.0f s", seconds);
    else if (seconds < 99.5 * 60)
        (void)snprintf(text, PART_MAX, "%.0f min", seconds / 60);
    else
        (void)snprintf(text, PART_MAX, "%.0f h", fmin(seconds / 3600, 1e6));
}

static void format_count(const struct progress *progress, char text[PART_MAX]) {
    if (progress->total == UINT64_MAX)
        (void)snprintf(text, PART_MAX, "%" PRIu64, progress->done);
    else
        (void)snprintf(text, PART_MAX, "%" PRIu64 "/%" PRIu64, progress->done, progress->total);
}

static void format_bar(double part, char bar[BAR_WIDTH + 1]) {
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', (size_t)(part * BAR_WIDTH));
    bar[BAR_WIDTH] = '\0';
}

void progress_format(struct progress *progress, uint64_t done, uint64_t failed, int64_t elapsed,
                     int columns, char line[PROGRESS_MAX]) {
    char bar[BAR_WIDTH + 1];
    char count[PART_MAX];
    char left[PART_MAX];
    char rest[PROGRESS_MAX / 2];
    note(progress, done, elapsed);
    int percent = (int)(part_of(progress) * 100);
    /* The last column stays free: some terminals wrap a line that fills it. */
    int most = columns < PROGRESS_MAX ? columns - 1 : PROGRESS_MAX - 1;
    format_bar(part_of(progress), bar);
    format_count(progress, count);
    format_left(seconds_left(progress), left);
    (void)snprintf(rest, sizeof rest, "%" PRIu64 " failed, %.0f/s, %s left", failed, progress->rate,
                   left);
    int width = snprintf(line, PROGRESS_MAX, "%3d%% [%s] %s, %s", percent, bar, count, rest);
    if (width > most)
        width = snprintf(line, PROGRESS_MAX, "%3d%% %s, %s", percent, count, rest);
    if (width > most)
        width = snprintf(line, PROGRESS_MAX, "%3d%% %s", percent, rest);
    if (width > most)
        (void)snprintf(line, PROGRESS_MAX, "%d%% %" PRIu64 "! %.0f/s %s", percent, failed,
                       progress->rate, left);
    line[most < 0 ? 0 : most] = '\0';
}

void progress_draw(struct progress *progress, uint64_t done, uint64_t failed, int64_t elapsed) {
    char line[PROGRESS_MAX];
    int columns = columns_of_terminal();
    progress_format(progress, done, failed, elapsed, columns, line);
    put_line(progress, line, columns);
}

void progress_end(struct progress *progress) {
    if (progress->width < ECHO_WIDTH)
        progress->width = ECHO_WIDTH;
    put_line(progress, "", columns_of_terminal());
    descriptor_close(&progress->terminal);
}
