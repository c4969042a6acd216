/* SPDX-License-Identifier: MIT */
#include "http/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int access_log_open(struct access_log *log, const char *path) {
    int fd = -1;
    if (path != NULL && strcmp(path, "-") == 0)
        fd = STDERR_FILENO;
    else if (path != NULL)
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (path != NULL && fd < 0)
        return -errno;
    log->fd = fd;
    return 0;
}

void access_log_close(struct access_log *log) {
    if (log->fd >= 0 && log->fd != STDERR_FILENO)
        close(log->fd);
    log->fd = -1;
}

/* The address alone, as web servers log it: no port, and no brackets around IPv6. */
static const char *host_of(const struct cmio_address *peer, char *buffer, size_t size) {
    if (peer == NULL || cmio_address_format(peer, buffer, size) < 0)
        return "-";
    bool bracketed = buffer[0] == '[';
    char *end = strrchr(buffer, bracketed ? ']' : ':');
    if (end != NULL)
        *end = '\0';
    return bracketed ? buffer + 1 : buffer;
}

static void put_request(const struct http_request *request, char *buffer, size_t size) {
    if (request->method == HTTP_METHOD_OTHER || !request->path_is_number)
        snprintf(buffer, size, "-");
    else
        snprintf(buffer, size, "%s /%" PRIu32 " HTTP/1.%d",
                 request->method == HTTP_METHOD_GET ? "GET" : "HEAD", request->sleep_ms,
                 request->minor_version);
}

static void put_time(char *buffer, size_t size) {
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(buffer, size, "%d/%b/%Y:%H:%M:%S +0000", &utc);
}

void access_log_write(const struct access_log *log, const struct cmio_address *peer,
                      const struct http_request *request, uint16_t status, size_t body_length,
                      int64_t latency) {
    if (log->fd < 0)
        return;
    char address[CMIO_ADDRESS_TEXT_MAX], when[40], what[48], code[8] = "-", line[320];
    put_time(when, sizeof when);
    put_request(request, what, sizeof what);
    if (status != 0)
        snprintf(code, sizeof code, "%u", (unsigned)status);
    int length =
        snprintf(line, sizeof line, "%s - - [%s] \"%s\" %s %zu %" PRId64 ".%03" PRId64 "ms\n",
                 host_of(peer, address, sizeof address), when, what, code, body_length,
                 latency / 1000000, latency / 1000 % 1000);
    /* See above: a line that cannot be written is lost. */
    ssize_t written = write(log->fd, line, (size_t)length);
    (void)written;
}
