/* SPDX-License-Identifier: MIT */
#include "http/response.h"

#include <stdio.h>
#include <string.h>

/* The reason for each status, and the body for all except 200, which has the page. */
static const struct answer {
    uint16_t status;
    const char *reason;
    const char *body;
} answers[] = {
    {200, "OK", ""},
    {400, "Bad Request", "The request is malformed, or asks for a longer sleep than is allowed.\n"},
    {404, "Not Found", "The path is the number of milliseconds to sleep, for example /1000.\n"},
    {405, "Method Not Allowed", "The methods that are served are GET and HEAD.\n"},
    {408, "Request Timeout", "The request did not arrive in time.\n"},
    {411, "Length Required", "A body needs a Content-Length here.\n"},
    {413, "Content Too Large", "The body is too long.\n"},
    {414, "URI Too Long", "The request line is too long.\n"},
    {417, "Expectation Failed", "The one expectation that can be met is 100-continue.\n"},
    {431, "Request Header Fields Too Large", "The head of the request is too long.\n"},
    {501, "Not Implemented", "The method or the transfer coding is not known here.\n"},
    {505, "HTTP Version Not Supported", "HTTP/1.1 and HTTP/1.0 are spoken here.\n"},
};

static const struct answer *answer_for(uint16_t status) {
    const struct answer *answer = answers;
    while (answer->status != status)
        answer++;
    return answer;
}

static const char *date_text(struct http_date *date) {
    time_t now = time(NULL);
    if (now != date->second || date->text[0] == '\0') {
        struct tm utc;
        gmtime_r(&now, &utc);
        strftime(date->text, sizeof date->text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
        date->second = now;
    }
    return date->text;
}

/* RFC 9112, 9.3: HTTP/1.1 keeps the connection unless told otherwise, HTTP/1.0 closes it. */
static const char *connection_field(const struct http_request *request, bool close) {
    if (close)
        return "Connection: close\r\n";
    return request->minor_version == 0 ? "Connection: keep-alive\r\n" : "";
}

const char *http_response_body(const struct http_request *request, const struct http_page *page,
                               size_t *length) {
    bool ok = request->status == 200;
    const char *body = ok ? page->content : answer_for(request->status)->body;
    *length = ok ? page->length : strlen(body);
    if (request->method == HTTP_METHOD_HEAD)
        *length = 0;
    return body;
}

size_t http_response_head(char *buffer, size_t size, const struct http_request *request,
                          const struct http_page *page, struct http_date *date, bool close) {
    const struct answer *answer = answer_for(request->status);
    bool ok = request->status == 200;
    int length = snprintf(
        buffer, size,
        "HTTP/1.1 %u %s\r\n"
        "Date: %s\r\n"
        "Content-Type: %s\r\n"
        "Content-Length: %zu\r\n"
        "%s%s\r\n",
        (unsigned)request->status, answer->reason, date_text(date),
        ok ? page->type : "text/plain; charset=utf-8", ok ? page->length : strlen(answer->body),
        request->status == 405 ? "Allow: GET, HEAD\r\n" : "", connection_field(request, close));
    return (size_t)length;
}

static void put_body(struct http_response *response, const char *body) {
    if (response->body_length <= sizeof response->bytes - response->end) {
        memcpy(response->bytes + response->end, body, response->body_length);
        response->end += (uint32_t)response->body_length;
    } else {
        response->rest = body;
        response->rest_length = response->body_length;
    }
}

/* The longest head takes a quarter of the room. */
void http_response_make(struct http_response *response, const struct http_request *request,
                        const struct http_page *page, struct http_date *date, bool close) {
    const char *body = http_response_body(request, page, &response->body_length);
    response->rest = NULL;
    response->rest_length = 0;
    response->begin = 0;
    response->end = (uint32_t)http_response_head(response->bytes, sizeof response->bytes, request,
                                                 page, date, close);
    put_body(response, body);
}

void http_response_make_continue(struct http_response *response) {
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    response->rest = NULL;
    response->rest_length = 0;
    response->body_length = 0;
    response->begin = 0;
    response->end = sizeof text - 1;
    memcpy(response->bytes, text, response->end);
}

int http_response_parts(const struct http_response *response, struct iovec parts[2]) {
    int count = 0;
    if (response->begin < response->end)
        parts[count++] = (struct iovec){
            .iov_base = (char *)response->bytes + response->begin,
            .iov_len = response->end - response->begin,
        };
    if (response->rest_length > 0)
        parts[count++] = (struct iovec){
            .iov_base = (char *)response->rest,
            .iov_len = response->rest_length,
        };
    return count;
}

bool http_response_sent(struct http_response *response, size_t count) {
    size_t from_bytes = response->end - response->begin;
    if (from_bytes > count)
        from_bytes = count;
    response->begin += (uint32_t)from_bytes;
    response->rest_length -= count - from_bytes;
    if (response->rest != NULL)
        response->rest += count - from_bytes;
    return response->begin == response->end && response->rest_length == 0;
}
