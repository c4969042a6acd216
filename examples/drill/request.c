/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmio/version.h>

#include "url.h"

/* The methods of RFC 9110 section 9 and RFC 5789 that ask for something at a url. */
struct method {
    const char *name;
    bool idempotent;
    bool takes_content; /* so that its absence is worth a Content-Length: 0 */
};

static const struct method methods[] = {
    {.name = "GET", .idempotent = true},
    {.name = "HEAD", .idempotent = true},
    {.name = "OPTIONS", .idempotent = true},
    {.name = "DELETE", .idempotent = true},
    {.name = "PUT", .idempotent = true, .takes_content = true},
    {.name = "POST", .takes_content = true},
    {.name = "PATCH", .takes_content = true},
};

static const struct method *find_method(const struct text *name) {
    if (name->data == NULL)
        return &methods[0];
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i].name, name->data) == 0)
            return &methods[i];
    return NULL;
}

/* What frames the message is not left to the plan: a wrong length would be a wrong measurement. */
static bool is_framing(const char *name) {
    return strcasecmp(name, "Content-Length") == 0 || strcasecmp(name, "Transfer-Encoding") == 0;
}

static int check_header(const struct plan_header *header, struct complaint *complaint) {
    static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *name = header->name.data;
    if (name[0] == '\0' || name[strspn(name, token)] != '\0')
        return complain(complaint, header->name.place, "this cannot be the name of a header");
    if (is_framing(name))
        return complain(complaint, header->name.place, "drill sets %s by itself", name);
    for (const char *c = header->value.data; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        if ((byte < ' ' && byte != '\t') || byte == 0x7f)
            return complain(complaint, header->value.place,
                            "the value of a header has a control character in it");
    }
    return 0;
}

static const struct plan_header *find_header(const struct plan_item *item, const char *name) {
    for (size_t i = 0; i < item->header_count; i++)
        if (strcasecmp(item->headers[i].name.data, name) == 0)
            return &item->headers[i];
    return NULL;
}

/* Whether the Connection field has close among its options. */
static bool asks_to_close(const struct plan_item *item) {
    const struct plan_header *header = find_header(item, "Connection");
    if (header == NULL)
        return false;
    static const char separators[] = ", \t";
    const char *option = header->value.data;
    while (*(option += strspn(option, separators)) != '\0') {
        size_t length = strcspn(option, separators);
        if (length == sizeof "close" - 1 && strncasecmp(option, "close", length) == 0)
            return true;
        option += length;
    }
    return false;
}

static void write_fields(FILE *stream, const struct plan_item *item, const struct method *method,
                         const struct url *url) {
    if (find_header(item, "Host") == NULL)
        fprintf(stream, "Host: %.*s\r\n", (int)url->authority_length, url->authority);
    if (find_header(item, "User-Agent") == NULL)
        fprintf(stream, "User-Agent: cmio-drill/%s\r\n", CMIO_VERSION_STRING);
    if (find_header(item, "Accept") == NULL)
        fprintf(stream, "Accept: */*\r\n");
    for (size_t i = 0; i < item->header_count; i++)
        fprintf(stream, "%s: %s\r\n", item->headers[i].name.data, item->headers[i].value.data);
    if (item->body.data != NULL || method->takes_content)
        fprintf(stream, "Content-Length: %zu\r\n", item->body.length);
}

/* Writes the message into heap memory. Its only failure is that there is none: then false. */
static bool write_message(const struct plan_item *item, const struct method *method,
                          const struct url *url, struct request *request) {
    FILE *stream = open_memstream(&request->bytes, &request->length);
    if (stream == NULL)
        return false;
    bool rooted = url->target_length > 0 && url->target[0] == '/';
    fprintf(stream, "%s %s%.*s HTTP/1.1\r\n", method->name, rooted ? "" : "/",
            (int)url->target_length, url->target);
    write_fields(stream, item, method, url);
    fprintf(stream, "\r\n");
    if (item->body.length > 0)
        (void)fwrite(item->body.data, 1, item->body.length, stream); /* ferror() tells */
    bool failed = ferror(stream) != 0;
    return fclose(stream) == 0 && !failed;
}

/* Makes the request to a url that is complete. */
static int make_request(const struct plan_item *item, const char *text, struct servers *servers,
                        struct request *request, struct complaint *complaint) {
    struct url url;
    const char *problem = url_parse(text, &url);
    if (problem != NULL)
        return complain(complaint, item->url.place, "url: %s", problem);
    const struct method *method = find_method(&item->method);
    if (method == NULL)
        return complain(complaint, item->method.place,
                        "method must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS");
    for (size_t i = 0; i < item->header_count; i++)
        if (check_header(&item->headers[i], complaint) != 0)
            return -1;
    request->head = strcmp(method->name, "HEAD") == 0;
    request->idempotent = method->idempotent;
    request->closes = asks_to_close(item);
    if (servers_add(servers, url.host, url.host_length, url.port, item->url.place,
                    &request->server) < 0 ||
        !write_message(item, method, &url, request))
        return complain(complaint, item->place, "out of memory");
    return 0;
}

static char *join(const char *base, const char *relative) {
    char *joined = NULL;
    int length = asprintf(&joined, "%.*s%s", (int)url_base_length(base), base, relative);
    return length < 0 ? NULL : joined;
}

static int make_from_item(const struct plan_item *item, const char *base, struct servers *servers,
                          struct request *request, struct complaint *complaint) {
    if (!url_is_relative(item->url.data))
        return make_request(item, item->url.data, servers, request, complaint);
    if (base == NULL)
        return complain(complaint, item->url.place, "url: this needs a base, and there is none");
    char *joined = join(base, item->url.data);
    if (joined == NULL)
        return complain(complaint, item->url.place, "out of memory");
    int result = make_request(item, joined, servers, request, complaint);
    free(joined);
    return result;
}

int requests_make(const struct plan *plan, const char *base, struct requests *out,
                  struct complaint *complaint) {
    if (base == NULL && plan->base.data != NULL) {
        const char *problem = url_check_base(plan->base.data);
        if (problem != NULL)
            return complain(complaint, plan->base.place, "base: %s", problem);
        base = plan->base.data;
    }
    struct requests requests = {.list = calloc(plan->item_count, sizeof *requests.list)};
    if (requests.list == NULL)
        return complain(complaint, plan->items[0].place, "out of memory");
    for (; requests.count < plan->item_count; requests.count++) {
        if (make_from_item(&plan->items[requests.count], base, &requests.servers,
                           &requests.list[requests.count], complaint) != 0) {
            requests.count++; /* what there is of it is freed too */
            requests_free(&requests);
            return -1;
        }
    }
    *out = requests;
    return 0;
}

void requests_free(struct requests *requests) {
    for (size_t i = 0; i < requests->count; i++)
        free(requests->list[i].bytes);
    free(requests->list);
    servers_free(&requests->servers);
    *requests = (struct requests){0};
}
