/* SPDX-License-Identifier: MIT */
#include "http/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/program.h"

/*
 * A FIFO is opened for reading too. So this neither fails nor waits if there is no reader, and a
 * reader may leave and another one may come.
 */
static int open_file(const char *path) {
    struct stat status;
    bool is_fifo = stat(path, &status) == 0 && S_ISFIFO(status.st_mode);
    int mode = is_fifo ? O_RDWR : O_WRONLY | O_APPEND | O_CREAT;
    int fd = open(path, mode | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644);
    return fd < 0 ? -errno : fd;
}

int access_log_open(struct access_log *log, const char *program, const char *path) {
    struct descriptor descriptor;
    struct lines *lines = NULL;
    if (path != NULL && strcmp(path, "-") == 0) {
        lines = program_errors();
    } else if (path != NULL) {
        int fd = open_file(path);
        if (fd < 0)
            return fd;
        lines = &log->own;
        descriptor_own(&descriptor, fd);
        lines_open(lines, program, descriptor);
    }
    log->lines = lines;
    log->path = path;
    return 0;
}

bool access_log_is_file(const struct access_log *log) {
    return log->lines == &log->own;
}

/* dup2(2) replaces the file behind the descriptor in one step, even while others write to it. */
int access_log_reopen(struct access_log *log) {
    int fd = open_file(log->path);
    if (fd < 0)
        return fd;
    int result = dup2(fd, log->own.descriptor.fd) < 0 ? -errno : 0;
    (void)close(fd);
    if (result == 0)
        lines_renew(&log->own);
    return result;
}

void access_log_close(struct access_log *log) {
    if (access_log_is_file(log))
        lines_close(&log->own);
    log->lines = NULL;
}

uint64_t access_log_dropped(const struct access_log *log) {
    return log->lines == NULL ? 0 : lines_dropped(log->lines);
}

/* The bare address, as web servers log it: no port, and no brackets around IPv6. */
static const char *host_of(const struct cmio_address *peer, char *buffer, size_t size) {
    if (peer == NULL || cmio_address_format(peer, buffer, size) < 0)
        return "-";
    bool bracketed = buffer[0] == '[';
    char *end = strrchr(buffer, bracketed ? ']' : ':');
    if (end != NULL)
        *end = '\0';
    return bracketed ? buffer + 1 : buffer;
}

static bool is_plain(char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

enum { REQUEST_TEXT_SIZE = 4 * REQUEST_LINE_KEPT + sizeof "..." };

static void put_request(const struct request_line *line, char buffer[REQUEST_TEXT_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    char *end = buffer;
    for (size_t i = 0; i < line->length; i++) {
        unsigned char byte = (unsigned char)line->text[i];
        if (is_plain(line->text[i])) {
            *end++ = line->text[i];
            continue;
        }
        *end++ = '\\';
        *end++ = 'x';
        *end++ = digits[byte >> 4];
        *end++ = digits[byte & 15];
    }
    strcpy(end, line->length == 0 ? "-" : line->is_cut ? "..." : "");
}

static void put_time(char *buffer, size_t size) {
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(buffer, size, "%d/%b/%Y:%H:%M:%S +0000", &utc);
}

void access_log_write(const struct access_log *log, const struct cmio_address *peer,
                      const struct request_line *request, uint16_t status, size_t body_length,
                      int64_t latency) {
    if (log->lines == NULL)
        return;
    char address[CMIO_ADDRESS_TEXT_MAX], when[40], what[REQUEST_TEXT_SIZE], code[8] = "-";
    char line[LINES_LONGEST];
    put_time(when, sizeof when);
    put_request(request, what);
    if (status != 0)
        snprintf(code, sizeof code, "%u", (unsigned)status);
    int length =
        snprintf(line, sizeof line, "%s - - [%s] \"%s\" %s %zu %" PRId64 ".%03" PRId64 "ms\n",
                 host_of(peer, address, sizeof address), when, what, code, body_length,
                 latency / 1000000, latency / 1000 % 1000);
    (void)lines_write(log->lines, line, (size_t)length); /* a dropped line was counted */
}
