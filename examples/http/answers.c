/* SPDX-License-Identifier: MIT */
#include "http/answers.h"

#include <stdlib.h>
#include <string.h>

static const char continue_text[] = "HTTP/1.1 100 Continue\r\n\r\n";

/* An interim response may come before the answer, so there is room for both. */
bool answers_have_room(const struct answers *answers) {
    return answers->count < ANSWERS_MOST && answers->length < ANSWERS_LENGTH &&
           sizeof answers->buffer - answers->used >=
               sizeof continue_text + ANSWERS_HEAD_MOST + ANSWERS_COPIED;
}

/* Adjacent bytes become one part. */
static void add_part(struct answers *answers, const char *bytes, size_t length) {
    struct iovec *next = &answers->parts[answers->part_count];
    answers->length += length;
    if (answers->part_count > 0 && (char *)next[-1].iov_base + next[-1].iov_len == bytes) {
        next[-1].iov_len += length;
        return;
    }
    *next = (struct iovec){.iov_base = (char *)bytes, .iov_len = length};
    answers->part_count++;
}

static void add_copy(struct answers *answers, const char *bytes, size_t length) {
    char *copy = answers->buffer + answers->used;
    memcpy(copy, bytes, length);
    answers->used += length;
    add_part(answers, copy, length);
}

/* The index of the head to use. The heads differ in the field Connection. */
static unsigned head_number(const struct http_request *request, bool close) {
    return close ? 0 : request->minor_version == 0 ? 1 : 2;
}

/* The head of the page's answers. It is made anew when the second changes. */
static const struct answers_head *page_head(struct answers *answers,
                                            const struct http_request *request,
                                            const struct http_page *page, bool close) {
    time_t now = time(NULL);
    if (now != answers->second || page != answers->page) {
        for (unsigned i = 0; i < 3; i++)
            answers->heads[i].length = 0;
        answers->second = now;
        answers->page = page;
    }
    struct answers_head *head = &answers->heads[head_number(request, close)];
    if (head->length == 0)
        head->length = http_response_head(head->bytes, sizeof head->bytes, request, page,
                                          &answers->date, close);
    return head;
}

static void add_head(struct answers *answers, const struct http_request *request,
                     const struct http_page *page, bool close) {
    struct answers_head other;
    const struct answers_head *head = &other;
    if (request->status == 200)
        head = page_head(answers, request, page, close);
    else
        other.length = http_response_head(other.bytes, sizeof other.bytes, request, page,
                                          &answers->date, close);
    add_copy(answers, head->bytes, head->length);
}

void answers_add(struct answers *answers, const struct http_request *request,
                 const struct http_page *page, bool close) {
    size_t length;
    const char *body = http_response_body(request, page, &length);
    add_head(answers, request, page, close);
    if (length > 0 && length <= ANSWERS_COPIED)
        add_copy(answers, body, length);
    else if (length > 0)
        add_part(answers, body, length);
    answers->count++;
    answers->refused += request->status != 200;
}

void answers_add_continue(struct answers *answers) {
    add_copy(answers, continue_text, sizeof continue_text - 1);
}

void answers_clear(struct answers *answers) {
    answers->count = answers->refused = 0;
    answers->length = answers->used = 0;
    answers->part_count = 0;
}

/* ---- The unsent rest ---- */

static bool is_in_buffer(const struct answers *answers, const struct iovec *part) {
    const char *bytes = part->iov_base;
    return bytes >= answers->buffer && bytes < answers->buffer + sizeof answers->buffer;
}

/* One allocation holds the parts, followed by a copy of the buffer that some of them point to. */
struct unsent *answers_keep_unsent(const struct answers *answers, size_t sent) {
    size_t count = (size_t)answers->part_count;
    struct unsent *unsent = malloc(sizeof *unsent + count * sizeof *unsent->parts + answers->used);
    if (unsent == NULL)
        return NULL;
    char *copy = (char *)(unsent->parts + count);
    unsent->count = answers->count;
    unsent->refused = answers->refused;
    unsent->begin = 0;
    unsent->end = answers->part_count;
    memcpy(unsent->parts, answers->parts, count * sizeof *unsent->parts);
    memcpy(copy, answers->buffer, answers->used);
    for (int i = 0; i < unsent->end; i++)
        if (is_in_buffer(answers, &unsent->parts[i]))
            unsent->parts[i].iov_base =
                copy + ((const char *)unsent->parts[i].iov_base - answers->buffer);
    (void)unsent_sent(unsent, sent);
    return unsent;
}

bool unsent_sent(struct unsent *unsent, size_t count) {
    for (; unsent->begin < unsent->end; unsent->begin++) {
        struct iovec *part = &unsent->parts[unsent->begin];
        size_t taken = count < part->iov_len ? count : part->iov_len;
        part->iov_base = (char *)part->iov_base + taken;
        part->iov_len -= taken;
        count -= taken;
        if (part->iov_len > 0)
            return false;
    }
    return true;
}
