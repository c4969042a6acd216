/* SPDX-License-Identifier: MIT */
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmio/version.h>

#include "list.h"

static const struct method methods[] = {
    {.name = "GET", .idempotent = true},
    {.name = "HEAD", .idempotent = true},
    {.name = "OPTIONS", .idempotent = true},
    {.name = "DELETE", .idempotent = true},
    {.name = "PUT", .idempotent = true, .takes_content = true},
    {.name = "POST", .takes_content = true},
    {.name = "PATCH", .takes_content = true},
};

const struct method *method_find(const char *name) {
    if (name == NULL)
        return &methods[0];
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcasecmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

static bool has(const struct message *message, const char *name) {
    return pairs_find(message->headers, name, strcasecmp) != NULL;
}

/* Records a hole at the distance ahead behind the bytes written so far. */
static bool note_hole(struct request *request, FILE *stream, size_t ahead, bool is_length) {
    struct hole *holes = list_grow(request->holes, request->hole_count, sizeof *holes);
    if (holes == NULL || fflush(stream) != 0)
        return false;
    request->holes = holes;
    request->holes[request->hole_count++] =
        (struct hole){.offset = request->length + ahead, .is_length = is_length};
    return true;
}

/* Writes a part of the text, with the holes inside it or at its end. */
static bool write_part(struct request *request, FILE *stream, const struct expanded *text,
                       size_t begin, size_t length) {
    bool good = true;
    for (size_t i = 0; i < text->hole_count; i++)
        if (text->holes[i] >= begin && text->holes[i] <= begin + length)
            good = good && note_hole(request, stream, text->holes[i] - begin, false);
    (void)fwrite(text->data + begin, 1, length, stream); /* ferror() reports failures */
    return good;
}

static bool write_request_line(const struct message *message, struct request *request,
                               FILE *stream) {
    const struct url *url = message->url;
    bool rooted = url->target_length > 0 && url->target[0] == '/';
    fprintf(stream, "%s %s", message->method->name, rooted ? "" : "/");
    bool good = write_part(request, stream, message->target,
                           (size_t)(url->target - message->target->data), url->target_length);
    fprintf(stream, " HTTP/1.1\r\n");
    return good;
}

static bool write_length(const struct message *message, struct request *request, FILE *stream) {
    bool good = true;
    if (message->body == NULL && !message->method->takes_content)
        return true;
    fprintf(stream, "Content-Length: ");
    if (request->body_holes > 0)
        good = note_hole(request, stream, 0, true);
    else
        fprintf(stream, "%zu", request->body_length);
    fprintf(stream, "\r\n");
    return good;
}

static bool write_fields(const struct message *message, struct request *request, FILE *stream) {
    bool good = true;
    if (!has(message, "Host"))
        fprintf(stream, "Host: %.*s\r\n", (int)message->url->authority_length,
                message->url->authority);
    if (!has(message, "User-Agent"))
        fprintf(stream, "User-Agent: cmio-drill/%s\r\n", CMIO_VERSION_STRING);
    if (!has(message, "Accept"))
        fprintf(stream, "Accept: */*\r\n");
    for (size_t i = 0; i < message->headers->count; i++) {
        const struct expanded *value = &message->values[i];
        fprintf(stream, "%s: ", message->headers->list[i].name.data);
        good = write_part(request, stream, value, 0, value->length) && good;
        fprintf(stream, "\r\n");
    }
    return write_length(message, request, stream) && good;
}

bool message_write(const struct message *message, struct request *request) {
    FILE *stream = open_memstream(&request->bytes, &request->length);
    if (stream == NULL)
        return false;
    if (message->body != NULL) {
        request->body_length = message->body->length;
        request->body_holes = message->body->hole_count;
    }
    bool good = write_request_line(message, request, stream);
    good = write_fields(message, request, stream) && good;
    fprintf(stream, "\r\n");
    if (message->body != NULL)
        good = write_part(request, stream, message->body, 0, message->body->length) && good;
    good = good && ferror(stream) == 0;
    return fclose(stream) == 0 && good;
}
