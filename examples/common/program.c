/* SPDX-License-Identifier: MIT */
#include "common/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmio/error.h>

#include "common/standard_streams.h"

static const char *program_name;
static struct lines output, errors;

/* ---- The beginning ---- */

static void close_lines(void) {
    lines_close(&output);
    lines_close(&errors);
}

static void open_lines(struct lines *lines, int fd) {
    struct descriptor descriptor;
    descriptor_borrow(&descriptor, fd);
    lines_open(lines, program_name, descriptor);
}

void program_start(const char *name) {
    program_name = name;
    standard_streams_open(O_RDWR);
    (void)signal(SIGPIPE, SIG_IGN);
    open_lines(&output, STDOUT_FILENO);
    open_lines(&errors, STDERR_FILENO);
    (void)atexit(close_lines); /* if it fails, a count may not be reported */
}

/* ---- Lines ---- */

/* Replaces control characters of ASCII, which an argument or a file's name may have. */
static void make_harmless(char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = '?';
}

/* A line that is too long is cut. Returns the length with the newline. */
static size_t format_line(char line[LINES_LONGEST], const char *begin, const char *format,
                          va_list arguments) {
    size_t length = (size_t)snprintf(line, LINES_LONGEST, "%s", begin);
    length += (size_t)vsnprintf(line + length, LINES_LONGEST - length, format, arguments);
    if (length > LINES_LONGEST - 1)
        length = LINES_LONGEST - 1;
    make_harmless(line, length);
    line[length] = '\n';
    return length + 1;
}

void message(const char *format, ...) {
    char begin[64], line[LINES_LONGEST];
    va_list arguments;
    (void)snprintf(begin, sizeof begin, "%s: ", program_name);
    va_start(arguments, format);
    size_t length = format_line(line, begin, format, arguments);
    va_end(arguments);
    (void)lines_write(&errors, line, length); /* a dropped line was counted */
}

int complain(const char *what, int code) {
    message("%s: %s", what, cmio_strerror(code));
    return code;
}

int announce(const char *format, ...) {
    char line[LINES_LONGEST];
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_line(line, "", format, arguments);
    va_end(arguments);
    int result = lines_write(&output, line, length);
    return result == 0 || result == -EAGAIN ? 0 : complain("standard output", result);
}

struct lines *program_errors(void) {
    return &errors;
}

/* ---- Text ---- */

static int write_patiently(int fd, const char *text, size_t length) {
    while (length > 0) {
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno == EAGAIN)
            (void)poll(&wait, 1, -1);
        else if (n < 0 && errno != EINTR)
            return -errno;
        text += n > 0 ? n : 0;
        length -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int print_text(int fd, const char *format, ...) {
    char text[8192];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    int result = write_patiently(fd, text, strlen(text));
    if (result == 0)
        return EXIT_SUCCESS;
    if (fd == STDOUT_FILENO)
        (void)complain("standard output", result);
    return EXIT_FAILURE;
}
