/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "list.h"
#include "message.h"
#include "template.h"
#include "url.h"

/* A plan cannot set the fields that frame the message; a wrong length would spoil the figures. */
static bool is_framing(const char *name) {
    return strcasecmp(name, "Content-Length") == 0 || strcasecmp(name, "Transfer-Encoding") == 0;
}

static int check_header(const struct pair *header, const struct expanded *value,
                        struct complaint *complaint) {
    static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *name = header->name.data;
    if (name[0] == '\0' || name[strspn(name, token)] != '\0')
        return complain(complaint, header->name.place, "this is not a valid header name");
    if (is_framing(name))
        return complain(complaint, header->name.place, "drill itself sets %s", name);
    for (const char *c = value->data; *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        if ((byte < ' ' && byte != '\t') || byte == 0x7f)
            return complain(complaint, header->value.place,
                            "the value of a header contains a control character");
    }
    return 0;
}

/* Whether close is among the options of the Connection field. */
static bool asks_to_close(const struct pairs *headers, const struct expanded *values) {
    static const char separators[] = ", \t";
    const struct pair *header = pairs_find(headers, "Connection", strcasecmp);
    if (header == NULL)
        return false;
    const char *option = values[header - headers->list].data;
    while (*(option += strspn(option, separators)) != '\0') {
        size_t length = strcspn(option, separators);
        if (length == sizeof "close" - 1 && strncasecmp(option, "close", length) == 0)
            return true;
        option += length;
    }
    return false;
}

/* Room for any number of 64 bits. */
enum { NUMBER_TEXT_MAX = sizeof "18446744073709551615" };

/* Everything that makes a request of an item, for one of its repetitions. */
struct maker {
    const struct plan_item *item;
    struct scope scope;
    struct requests *requests;
    struct complaint *complaint;
    struct expanded url;
    struct expanded body;
    struct expanded *values; /* of the headers */
    struct repeat number;    /* the value of item in a range */
    char number_text[NUMBER_TEXT_MAX];
    char index_text[NUMBER_TEXT_MAX];
};

static int out_of_memory(const struct maker *maker) {
    return complain(maker->complaint, maker->item->place, "out of memory");
}

/* Puts the base in front of a relative url. */
static int join_base(struct maker *maker) {
    struct expanded *url = &maker->url;
    const char *base = maker->scope.base;
    if (!url_is_relative(url->data))
        return 0;
    if (base == NULL)
        return complain(maker->complaint, maker->item->url.place,
                        "url: a relative url needs a base");
    size_t added = url_base_length(base);
    char *joined = malloc(added + url->length + 1);
    if (joined == NULL)
        return out_of_memory(maker);
    memcpy(joined, base, added);
    memcpy(joined + added, url->data, url->length + 1);
    free(url->data);
    url->data = joined;
    url->length += added;
    for (size_t i = 0; i < url->hole_count; i++)
        url->holes[i] += added;
    return 0;
}

/* Replaces all variables of the item. */
static int expand(struct maker *maker) {
    const struct plan_item *item = maker->item;
    const struct scope *scope = &maker->scope;
    maker->values = calloc(item->headers.count + 1, sizeof *maker->values);
    if (maker->values == NULL)
        return out_of_memory(maker);
    if (template_expand(&item->url, "url", scope, &maker->url, maker->complaint) != 0)
        return -1;
    for (size_t i = 0; i < item->headers.count; i++)
        if (template_expand(&item->headers.list[i].value, "header", scope, &maker->values[i],
                            maker->complaint) != 0)
            return -1;
    if (item->body.data != NULL &&
        template_expand(&item->body, "body", scope, &maker->body, maker->complaint) != 0)
        return -1;
    return join_base(maker);
}

static int parse_url(const struct maker *maker, struct url *url) {
    const struct expanded *text = &maker->url;
    const char *problem = url_parse(text->data, url);
    if (problem != NULL)
        return complain(maker->complaint, maker->item->url.place, "url: %s", problem);
    if (text->hole_count > 0 && text->holes[0] <= (size_t)(url->target - text->data))
        return complain(maker->complaint, maker->item->url.place,
                        "url: the host cannot depend on the iteration");
    return 0;
}

/* Makes the request of an item whose variables are replaced. */
static int make_expanded(struct maker *maker, struct request *request) {
    const struct plan_item *item = maker->item;
    struct url url;
    struct message message = {.url = &url,
                              .target = &maker->url,
                              .headers = &item->headers,
                              .values = maker->values,
                              .body = item->body.data == NULL ? NULL : &maker->body};
    if (parse_url(maker, &url) != 0)
        return -1;
    message.method = method_find(item->method.data);
    if (message.method == NULL)
        return complain(maker->complaint, item->method.place,
                        "method must be GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS");
    for (size_t i = 0; i < item->headers.count; i++)
        if (check_header(&item->headers.list[i], &maker->values[i], maker->complaint) != 0)
            return -1;
    request->head = strcmp(message.method->name, "HEAD") == 0;
    request->idempotent = message.method->idempotent;
    request->closes = asks_to_close(&item->headers, maker->values);
    if (servers_add(&maker->requests->servers, url.host, url.host_length, url.port, item->url.place,
                    &request->server) < 0 ||
        !message_write(&message, request))
        return out_of_memory(maker);
    return 0;
}

static int make_request(struct maker *maker, struct request *request) {
    maker->url = (struct expanded){0};
    maker->body = (struct expanded){0};
    int result = expand(maker);
    if (result == 0)
        result = make_expanded(maker, request);
    for (size_t i = 0; maker->values != NULL && i < maker->item->headers.count; i++)
        expanded_free(&maker->values[i]);
    free(maker->values);
    expanded_free(&maker->url);
    expanded_free(&maker->body);
    return result;
}

/* Adds room for one more request. NULL, with the complaint filled, if there is no memory. */
static struct request *add_request(struct maker *maker, size_t item) {
    struct requests *requests = maker->requests;
    void *list = list_grow(requests->list, requests->count, sizeof *requests->list);
    if (list == NULL) {
        (void)out_of_memory(maker);
        return NULL;
    }
    requests->list = list;
    struct request *request = &requests->list[requests->count++];
    *request = (struct request){
        .item = item, .is_delay = maker->item->has_delay, .delay = maker->item->delay};
    requests->sent += !request->is_delay;
    return request;
}

/* Sets the values of item and index for a repetition of the item. */
static void set_repeat(struct maker *maker, uint64_t index) {
    const struct repeats *repeats = &maker->item->repeats;
    if (repeats->count == 0)
        return;
    (void)snprintf(maker->index_text, NUMBER_TEXT_MAX, "%" PRIu64, index);
    (void)snprintf(maker->number_text, NUMBER_TEXT_MAX, "%" PRIu64,
                   repeats->start + index * repeats->step);
    maker->number.text.data = maker->number_text;
    maker->scope.index = maker->index_text;
    maker->scope.item = repeats->list != NULL ? &repeats->list[index] : &maker->number;
}

static int make_item(struct maker *maker, size_t item) {
    uint64_t count = maker->item->repeats.count == 0 ? 1 : maker->item->repeats.count;
    if (count > REQUESTS_MAX - maker->requests->count)
        return complain(maker->complaint, maker->item->place,
                        "the plan makes more than %d requests", REQUESTS_MAX);
    for (uint64_t i = 0; i < count; i++) {
        struct request *request = add_request(maker, item);
        if (request == NULL)
            return -1;
        set_repeat(maker, i);
        if (!request->is_delay && make_request(maker, request) != 0)
            return -1;
    }
    return 0;
}

static int make_all(const struct plan *plan, const char *base, struct requests *requests,
                    struct complaint *complaint) {
    for (size_t i = 0; i < plan->item_count; i++) {
        struct maker maker = {.item = &plan->items[i],
                              .scope = {.vars = &plan->vars, .base = base},
                              .requests = requests,
                              .complaint = complaint};
        if (make_item(&maker, i) != 0)
            return -1;
    }
    if (requests->sent == 0)
        return complain(complaint, plan->items[0].place, "no item of the plan is a request");
    return 0;
}

/* The plan's own base, in which only variables of the plan and the environment are allowed. */
static int expand_base(const struct plan *plan, struct expanded *base,
                       struct complaint *complaint) {
    const struct scope scope = {.vars = &plan->vars};
    if (template_expand(&plan->base, "base", &scope, base, complaint) != 0)
        return -1;
    const char *problem = url_check_base(base->data);
    if (problem == NULL && base->hole_count > 0)
        problem = "it cannot depend on the iteration";
    return problem == NULL ? 0 : complain(complaint, plan->base.place, "base: %s", problem);
}

int requests_make(const struct plan *plan, const char *base, struct requests *out,
                  struct complaint *complaint) {
    struct requests requests = {0};
    struct expanded own = {0};
    int result = 0;
    if (base == NULL && plan->base.data != NULL) {
        result = expand_base(plan, &own, complaint);
        base = own.data;
    }
    if (result == 0)
        result = make_all(plan, base, &requests, complaint);
    expanded_free(&own);
    if (result == 0)
        *out = requests;
    else
        requests_free(&requests);
    return result;
}

void requests_free(struct requests *requests) {
    for (size_t i = 0; i < requests->count; i++) {
        free(requests->list[i].bytes);
        free(requests->list[i].holes);
    }
    free(requests->list);
    servers_free(&requests->servers);
    *requests = (struct requests){0};
}

uint64_t requests_total(const struct requests *requests, uint64_t iterations) {
    bool is_any = iterations > UINT64_MAX / requests->sent;
    return is_any ? UINT64_MAX : iterations * requests->sent;
}

size_t request_room(const struct request *request) {
    return request->length + request->hole_count * NUMBER_TEXT_MAX + 1; /* snprintf(3)'s NUL */
}

size_t request_fill(const struct request *request, uint64_t iteration, char *out) {
    char number[NUMBER_TEXT_MAX];
    size_t digits = (size_t)snprintf(number, sizeof number, "%" PRIu64, iteration);
    size_t length = request->body_length + request->body_holes * digits;
    size_t copied = 0;
    char *place = out;
    for (size_t i = 0; i < request->hole_count; i++) {
        const struct hole *hole = &request->holes[i];
        memcpy(place, request->bytes + copied, hole->offset - copied);
        place += hole->offset - copied;
        copied = hole->offset;
        place += hole->is_length ? snprintf(place, NUMBER_TEXT_MAX, "%zu", length)
                                 : snprintf(place, NUMBER_TEXT_MAX, "%s", number);
    }
    memcpy(place, request->bytes + copied, request->length - copied);
    return (size_t)(place - out) + request->length - copied;
}
