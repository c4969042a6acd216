/* SPDX-License-Identifier: MIT */
#include "http/request.h"

#include <string.h>

#include "http/chars.h"

/*
 * A state machine over bytes. Each state is one small function that looks at one byte and may move
 * on to another state; steps[] holds them. Nothing ever looks back, so it makes no difference where
 * the bytes are split.
 *
 * Names (methods, header fields, the words in their values) are matched byte by byte. A bit mask
 * holds the candidates that agree with every byte so far, and a number the position in them.
 *
 * There are two ways to refuse. fail() is for errors that leave the framing in doubt: it ends the
 * request at once, and the connection with it. object() is for a request that is well formed but
 * unwanted: the first objection becomes the status, and reading goes on to the end of the request,
 * so the connection can be kept.
 */

enum state {
    STATE_START,
    STATE_START_LF,
    STATE_METHOD,
    STATE_TARGET,
    STATE_SCHEME,
    STATE_AUTHORITY,
    STATE_AUTHORITY_FORM,
    STATE_ASTERISK,
    STATE_PATH,
    STATE_NUMBER,
    STATE_REST,
    STATE_VERSION,
    STATE_LINE_LF,
    STATE_FIELD, /* from here on, the request line has ended */
    STATE_NAME,
    STATE_VALUE,
    STATE_VALUE_LF,
    STATE_HEAD_LF,
};

/* Findings in the head. */
enum {
    FOUND_HOST = 1 << 0,
    FOUND_LENGTH = 1 << 1,
    FOUND_CODING = 1 << 2,
    FOUND_CHUNKED = 1 << 3,
    FOUND_OTHER_CODING = 1 << 4,
    FOUND_CLOSE = 1 << 5,
    FOUND_KEEP_ALIVE = 1 << 6,
    FOUND_CONTINUE = 1 << 7,
    FOUND_OTHER_EXPECTATION = 1 << 8,
    FOUND_OTHER_VERSION = 1 << 9,
};

/* The header fields with a meaning here. All others are ignored. */
enum field {
    FIELD_CONNECTION,
    FIELD_CONTENT_LENGTH,
    FIELD_EXPECT,
    FIELD_HOST,
    FIELD_TRANSFER_ENCODING,
    FIELD_OTHER,
};

static const char *const field_names[] = {
    [FIELD_CONNECTION] = "connection",
    [FIELD_CONTENT_LENGTH] = "content-length",
    [FIELD_EXPECT] = "expect",
    [FIELD_HOST] = "host",
    [FIELD_TRANSFER_ENCODING] = "transfer-encoding",
    [FIELD_OTHER] = NULL,
};

enum word {
    WORD_CLOSE,
    WORD_KEEP_ALIVE,
    WORD_CHUNKED,
    WORD_CONTINUE,
    WORD_OTHER,
};

static const char *const words[] = {
    [WORD_CLOSE] = "close",     [WORD_KEEP_ALIVE] = "keep-alive",
    [WORD_CHUNKED] = "chunked", [WORD_CONTINUE] = "100-continue",
    [WORD_OTHER] = NULL,
};

/* The index of each is one less than its number in enum http_method. */
static const char *const methods[] = {"GET",   "HEAD", "CONNECT", "DELETE", "OPTIONS",
                                      "PATCH", "POST", "PUT",     "TRACE",  NULL};

static const char scheme[] = "http://";
static const char version[] = "HTTP/d.d"; /* d: a digit */

enum { VERSION_MAJOR = 5, VERSION_MINOR = 7 }; /* their positions in it */

/* How far the value of a field has come. */
enum {
    VALUE_BEFORE,
    VALUE_INSIDE,
    VALUE_BEHIND,
};

/* In request->part.match.position: white space has followed the word. */
enum { WORD_ENDED = 0x80 };

static bool is_token(unsigned char c) {
    return chars_is(c, CHARS_TOKEN);
}

static bool is_visible(unsigned char c) {
    return chars_is(c, CHARS_VISIBLE);
}

static bool is_white_space(unsigned char c) {
    return c == ' ' || c == '\t';
}

static unsigned char lower_case(unsigned char c) {
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

/* Appends a digit to a number that stays at the top of its range instead of overflowing. */
static uint32_t append_digit(uint32_t number, unsigned char digit) {
    uint64_t longer = (uint64_t)number * 10 + (uint64_t)(digit - '0');
    return longer < UINT32_MAX ? (uint32_t)longer : UINT32_MAX;
}

static void move_on(struct http_request *request, enum state state) {
    request->state = (uint8_t)state;
}

static void fail(struct http_request *request, uint16_t status) {
    request->status = status;
    request->keep_alive = false;
    request->wants_continue = false;
    request->body_left = 0;
    request->stage = HTTP_STAGE_COMPLETE;
}

static void object(struct http_request *request, uint16_t status) {
    if (request->status == 200)
        request->status = status;
}

static bool has(const struct http_request *request, unsigned finding) {
    return (request->findings & finding) != 0;
}

static void find(struct http_request *request, unsigned finding) {
    request->findings = (uint16_t)(request->findings | finding);
}

/* Matching a name. The array names ends with NULL. */

static void match_begin(struct http_request *request) {
    request->part.match.candidates = UINT16_MAX;
    request->part.match.position = 0;
}

/* Whether no byte has come since the match began. Any byte clears the bits beyond the names. */
static bool match_is_empty(const struct http_request *request) {
    return request->part.match.candidates == UINT16_MAX;
}

/* Without candidates the position stays, so it never goes beyond a name. */
static void match_byte(struct http_request *request, const char *const *names, unsigned char c) {
    unsigned left = 0, candidates = request->part.match.candidates;
    for (unsigned i = 0; candidates != 0 && names[i] != NULL; i++, candidates >>= 1)
        if ((candidates & 1) != 0 && names[i][request->part.match.position] == (char)c)
            left |= 1u << i;
    request->part.match.candidates = (uint16_t)left;
    if (left != 0)
        request->part.match.position++;
}

/* The index of the name that matched to its end, or the index of the NULL behind the last one. */
static unsigned match_end(const struct http_request *request, const char *const *names) {
    unsigned i = 0;
    while (names[i] != NULL && ((request->part.match.candidates & 1u << i) == 0 ||
                                names[i][request->part.match.position & ~WORD_ENDED] != '\0'))
        i++;
    return i;
}

/* The request line: RFC 9112, 3. */

static void step_start(struct http_request *request, unsigned char c) {
    if (c == '\r') {
        move_on(request, STATE_START_LF);
    } else if (is_token(c)) {
        request->stage = HTTP_STAGE_HEAD;
        match_begin(request);
        match_byte(request, methods, c);
        move_on(request, STATE_METHOD);
    } else if (c != '\n') {
        fail(request, 400);
    }
}

static void step_start_lf(struct http_request *request, unsigned char c) {
    if (c == '\n')
        move_on(request, STATE_START);
    else
        fail(request, 400);
}

static void step_method(struct http_request *request, unsigned char c) {
    if (is_token(c)) {
        match_byte(request, methods, c);
    } else if (c == ' ') {
        unsigned method = match_end(request, methods);
        if (methods[method] != NULL)
            request->method = (uint8_t)(method + 1);
        if (methods[method] == NULL)
            object(request, 501);
        else if (request->method > HTTP_METHOD_HEAD)
            object(request, 405);
        move_on(request, STATE_TARGET);
    } else {
        fail(request, 400);
    }
}

/* The path has ended. The rest of the target follows, or the version. */
static void end_path(struct http_request *request, unsigned char c) {
    request->part.match.position = 0;
    if (c == ' ')
        move_on(request, STATE_VERSION);
    else if (is_visible(c))
        move_on(request, STATE_REST);
    else
        fail(request, 400);
}

/* A host and a port, neither of them empty: RFC 9110, 9.3.6. */
static void step_authority_form(struct http_request *request, unsigned char c) {
    struct http_host *host = &request->part.host;
    if (c == ' ' && http_host_has_port(host))
        end_path(request, c);
    else if (!http_host_feed(host, c))
        fail(request, 400);
}

static void step_asterisk(struct http_request *request, unsigned char c) {
    if (c == ' ')
        end_path(request, c);
    else
        fail(request, 400);
}

static void begin_authority(struct http_request *request, enum state state) {
    request->part.host = (struct http_host){.state = 0};
    move_on(request, state);
}

/* RFC 9112, 3.2. With an unknown method the target may be anything. */
static void step_target(struct http_request *request, unsigned char c) {
    request->part.match.position = 1;
    if (request->method == HTTP_METHOD_CONNECT) {
        begin_authority(request, STATE_AUTHORITY_FORM);
        step_authority_form(request, c);
    } else if (c == '/') {
        move_on(request, STATE_PATH);
    } else if (request->method == HTTP_METHOD_OTHER && is_visible(c)) {
        move_on(request, STATE_REST);
    } else if (request->method == HTTP_METHOD_OPTIONS && c == '*') {
        move_on(request, STATE_ASTERISK);
    } else if (lower_case(c) == (unsigned char)scheme[0]) {
        move_on(request, STATE_SCHEME);
    } else {
        fail(request, 400);
    }
}

static void step_scheme(struct http_request *request, unsigned char c) {
    if (lower_case(c) != (unsigned char)scheme[request->part.match.position]) {
        fail(request, 400);
    } else if (scheme[++request->part.match.position] == '\0') {
        begin_authority(request, STATE_AUTHORITY);
    }
}

/* An empty host is an error. */
static void step_authority(struct http_request *request, unsigned char c) {
    struct http_host *host = &request->part.host;
    if (c != '/' && c != '?' && c != ' ') {
        if (!http_host_feed(host, c))
            fail(request, 400);
    } else if (!http_host_is_complete(host)) {
        fail(request, 400);
    } else if (c == '/') {
        move_on(request, STATE_PATH);
    } else {
        object(request, 404);
        end_path(request, c);
    }
}

static void step_path(struct http_request *request, unsigned char c) {
    if (is_digit(c)) {
        request->path_is_number = true;
        request->sleep_ms = append_digit(0, c);
        move_on(request, STATE_NUMBER);
    } else {
        object(request, 404);
        end_path(request, c);
    }
}

static void step_number(struct http_request *request, unsigned char c) {
    if (is_digit(c)) {
        request->sleep_ms = append_digit(request->sleep_ms, c);
        return;
    }
    if (c != ' ' && c != '?') {
        request->path_is_number = false;
        object(request, 404);
    }
    end_path(request, c);
}

static void step_rest(struct http_request *request, unsigned char c) {
    end_path(request, c);
}

static void end_request_line(struct http_request *request) {
    if (has(request, FOUND_OTHER_VERSION))
        fail(request, 505);
    else
        move_on(request, STATE_FIELD);
}

static void step_version(struct http_request *request, unsigned char c) {
    char expected = version[request->part.match.position];
    if (expected == '\0') {
        if (c == '\r')
            move_on(request, STATE_LINE_LF);
        else if (c == '\n')
            end_request_line(request);
        else
            fail(request, 400);
    } else if (expected == 'd' ? !is_digit(c) : c != (unsigned char)expected) {
        fail(request, 400);
    } else {
        if (request->part.match.position == VERSION_MAJOR && c != '1')
            find(request, FOUND_OTHER_VERSION);
        if (request->part.match.position == VERSION_MINOR)
            request->minor_version = (uint8_t)(c - '0');
        request->part.match.position++;
    }
}

static void step_line_lf(struct http_request *request, unsigned char c) {
    if (c == '\n')
        end_request_line(request);
    else
        fail(request, 400);
}

/* The end of the head: the fields are judged together. */

/* RFC 9112, 6.3: the length of the body, or why it is unknown. */
static void judge_framing(struct http_request *request) {
    if (has(request, FOUND_CODING)) {
        if (has(request, FOUND_LENGTH) || request->minor_version == 0)
            fail(request, 400);
        else if (request->status != 200)
            fail(request, request->status);
        else
            fail(request,
                 has(request, FOUND_CHUNKED) && !has(request, FOUND_OTHER_CODING) ? 411 : 501);
    } else if (request->body_left > HTTP_BODY_MAX) {
        fail(request, request->status != 200 ? request->status : 413);
    }
}

/* RFC 9110, 10.1.1: the client sends no body before it has read 100 or the final status. */
static void judge_expectation(struct http_request *request) {
    if (request->minor_version == 0)
        return;
    if (has(request, FOUND_OTHER_EXPECTATION))
        object(request, 417);
    if (!has(request, FOUND_CONTINUE) || request->body_left == 0)
        return;
    if (request->status == 200)
        request->wants_continue = true;
    else
        fail(request, request->status);
}

static void end_head(struct http_request *request) {
    if (request->minor_version > 0 && !has(request, FOUND_HOST)) {
        fail(request, 400);
        return;
    }
    if (request->path_is_number && request->sleep_ms > request->sleep_ms_max)
        object(request, 400);
    request->keep_alive = !has(request, FOUND_CLOSE) &&
                          (request->minor_version > 0 || has(request, FOUND_KEEP_ALIVE));
    request->stage = HTTP_STAGE_BODY;
    judge_framing(request);
    if (request->stage == HTTP_STAGE_BODY)
        judge_expectation(request);
    if (request->body_left == 0)
        request->stage = HTTP_STAGE_COMPLETE;
}

/* The header fields: RFC 9112, 5. */

/* At the start of a line. White space here would continue the line before; obsolete by 5.2. */
static void step_field(struct http_request *request, unsigned char c) {
    if (c == '\r') {
        move_on(request, STATE_HEAD_LF);
    } else if (c == '\n') {
        end_head(request);
    } else if (is_token(c)) {
        match_begin(request);
        match_byte(request, field_names, lower_case(c));
        move_on(request, STATE_NAME);
    } else {
        fail(request, 400);
    }
}

static void step_head_lf(struct http_request *request, unsigned char c) {
    if (c == '\n')
        end_head(request);
    else
        fail(request, 400);
}

/* A second such field is refused even with the same value. */
static void find_once(struct http_request *request, unsigned finding) {
    if (has(request, finding))
        fail(request, 400);
    find(request, finding);
}

static void begin_value(struct http_request *request) {
    request->field = (uint8_t)match_end(request, field_names);
    match_begin(request);
    move_on(request, STATE_VALUE);
    if (request->field == FIELD_HOST) {
        begin_authority(request, STATE_VALUE);
        find_once(request, FOUND_HOST);
    } else if (request->field == FIELD_CONTENT_LENGTH)
        find_once(request, FOUND_LENGTH);
    else if (request->field == FIELD_TRANSFER_ENCODING)
        find(request, FOUND_CODING);
}

static void step_name(struct http_request *request, unsigned char c) {
    if (is_token(c))
        match_byte(request, field_names, lower_case(c));
    else if (c == ':')
        begin_value(request);
    else
        fail(request, 400);
}

/* Only white space may follow a host. */
static void host_byte(struct http_request *request, unsigned char c) {
    struct http_host *host = &request->part.host;
    bool fits = is_white_space(c) ? http_host_is_empty(host) || http_host_is_complete(host)
                                  : http_host_feed(host, c);
    if (!fits)
        fail(request, 400);
    else if (is_white_space(c) && !http_host_is_empty(host))
        http_host_end(host);
}

/* A length is one word, with optional white space around it. */
static void length_byte(struct http_request *request, unsigned char c) {
    if (is_white_space(c)) {
        if (request->part.match.position == VALUE_INSIDE)
            request->part.match.position = VALUE_BEHIND;
        return;
    }
    if (!is_digit(c) || request->part.match.position == VALUE_BEHIND) {
        fail(request, 400);
        return;
    }
    request->part.match.position = VALUE_INSIDE;
    request->body_left = append_digit(request->body_left, c);
}

/* A member of a list has ended. Empty ones mean nothing: RFC 9110, 5.6.1.2. */
static void end_member(struct http_request *request) {
    if (match_is_empty(request))
        return;
    unsigned word = match_end(request, words);
    match_begin(request);
    switch (request->field) {
    case FIELD_CONNECTION:
        if (word == WORD_CLOSE)
            find(request, FOUND_CLOSE);
        else if (word == WORD_KEEP_ALIVE)
            find(request, FOUND_KEEP_ALIVE);
        break;
    case FIELD_TRANSFER_ENCODING:
        if (word == WORD_CHUNKED && !has(request, FOUND_CHUNKED))
            find(request, FOUND_CHUNKED);
        else
            find(request, FOUND_OTHER_CODING);
        break;
    case FIELD_EXPECT:
        find(request, word == WORD_CONTINUE ? FOUND_CONTINUE : FOUND_OTHER_EXPECTATION);
        break;
    default:
        break;
    }
}

/* One byte of a value that is a list of words. Words with parameters match none of ours. */
static void list_byte(struct http_request *request, unsigned char c) {
    if (c == ',') {
        end_member(request);
    } else if (is_white_space(c)) {
        if (!match_is_empty(request))
            request->part.match.position |= WORD_ENDED;
    } else if ((request->part.match.position & WORD_ENDED) != 0) {
        request->part.match.candidates = 0;
    } else {
        match_byte(request, words, lower_case(c));
    }
}

static void end_value(struct http_request *request) {
    move_on(request, STATE_FIELD);
    if (request->field == FIELD_CONTENT_LENGTH) {
        if (request->part.match.position == VALUE_BEFORE)
            fail(request, 400);
    } else if (request->field == FIELD_HOST) {
        if (!http_host_is_empty(&request->part.host) && !http_host_is_complete(&request->part.host))
            fail(request, 400);
    } else {
        end_member(request);
    }
}

static void step_value(struct http_request *request, unsigned char c) {
    if (c == '\r')
        move_on(request, STATE_VALUE_LF);
    else if (c == '\n')
        end_value(request);
    else if (!chars_is(c, CHARS_VALUE))
        fail(request, 400);
    else if (request->field == FIELD_HOST)
        host_byte(request, c);
    else if (request->field == FIELD_CONTENT_LENGTH)
        length_byte(request, c);
    else if (request->field != FIELD_OTHER)
        list_byte(request, c);
}

static void step_value_lf(struct http_request *request, unsigned char c) {
    if (c == '\n')
        end_value(request);
    else
        fail(request, 400);
}

static void (*const steps[])(struct http_request *request, unsigned char c) = {
    [STATE_START] = step_start,
    [STATE_START_LF] = step_start_lf,
    [STATE_METHOD] = step_method,
    [STATE_TARGET] = step_target,
    [STATE_SCHEME] = step_scheme,
    [STATE_AUTHORITY] = step_authority,
    [STATE_AUTHORITY_FORM] = step_authority_form,
    [STATE_ASTERISK] = step_asterisk,
    [STATE_PATH] = step_path,
    [STATE_NUMBER] = step_number,
    [STATE_REST] = step_rest,
    [STATE_VERSION] = step_version,
    [STATE_LINE_LF] = step_line_lf,
    [STATE_FIELD] = step_field,
    [STATE_NAME] = step_name,
    [STATE_VALUE] = step_value,
    [STATE_VALUE_LF] = step_value_lf,
    [STATE_HEAD_LF] = step_head_lf,
};

/* Takes a byte of the head: counts it, checks the limits, and reads it. */
static void step(struct http_request *request, unsigned char c) {
    steps[request->state](request, c);
    if (request->stage == HTTP_STAGE_START)
        return;
    request->head_length++;
    if (request->stage != HTTP_STAGE_HEAD)
        return;
    if (request->state < STATE_FIELD && request->head_length >= HTTP_REQUEST_LINE_MAX)
        fail(request, 414);
    else if (request->head_length >= HTTP_HEAD_MAX)
        fail(request, 431);
}

static bool begins_with(const unsigned char *text, size_t length, const char *word, size_t size) {
    return length >= size && memcmp(text, word, size) == 0;
}

/*
 * The parts that most requests have are taken as a whole. The effect is that of the steps, byte by
 * byte. Each of these functions returns how many bytes were taken.
 */

static const char crlf[] = "\r\n";

static size_t take_get(struct http_request *request, const unsigned char *text, size_t length) {
    static const char get[] = "GET /";
    if (!begins_with(text, length, get, sizeof get - 1))
        return 0;
    request->stage = HTTP_STAGE_HEAD;
    request->method = HTTP_METHOD_GET;
    move_on(request, STATE_PATH);
    return sizeof get - 1;
}

/* The number and the space behind it. */
static size_t take_number(struct http_request *request, const unsigned char *text, size_t length) {
    size_t count = 0;
    for (; count < length && is_digit(text[count]); count++)
        request->sleep_ms = append_digit(request->sleep_ms, text[count]);
    if (count == 0)
        return 0;
    request->path_is_number = true;
    move_on(request, STATE_NUMBER);
    if (count < length && text[count] == ' ')
        end_path(request, text[count++]);
    return count;
}

static size_t take_version(struct http_request *request, const unsigned char *text, size_t length) {
    static const char version_1_1[] = "HTTP/1.1\r\n";
    if (request->part.match.position > 0 ||
        !begins_with(text, length, version_1_1, sizeof version_1_1 - 1))
        return 0;
    request->minor_version = 1;
    move_on(request, STATE_FIELD);
    return sizeof version_1_1 - 1;
}

static size_t take_field(struct http_request *request, const unsigned char *text, size_t length) {
    static const char host[] = "Host: ";
    if (begins_with(text, length, crlf, sizeof crlf - 1)) {
        end_head(request);
        return sizeof crlf - 1;
    }
    if (has(request, FOUND_HOST) || !begins_with(text, length, host, sizeof host - 1))
        return 0;
    request->field = FIELD_HOST;
    find(request, FOUND_HOST);
    begin_authority(request, STATE_VALUE);
    return sizeof host - 1;
}

static size_t take_host(struct http_request *request, const unsigned char *text, size_t length) {
    size_t count = http_host_feed_all(&request->part.host, text, length);
    if (count < length && is_visible(text[count])) {
        fail(request, 400);
        count++;
    }
    return count;
}

static size_t take_value(struct http_request *request, const unsigned char *text, size_t length) {
    size_t count = 0;
    if (request->field == FIELD_HOST)
        count = take_host(request, text, length);
    else if (request->field == FIELD_OTHER)
        count = chars_count(text, length, CHARS_VALUE);
    if (request->stage == HTTP_STAGE_HEAD &&
        begins_with(text + count, length - count, crlf, sizeof crlf - 1)) {
        end_value(request);
        count += sizeof crlf - 1;
    }
    return count;
}

static size_t take(struct http_request *request, const unsigned char *text, size_t length) {
    switch (request->state) {
    case STATE_START:
        return take_get(request, text, length);
    case STATE_PATH:
    case STATE_NUMBER:
        return take_number(request, text, length);
    case STATE_REST:
        return chars_count(text, length, CHARS_VISIBLE);
    case STATE_VERSION:
        return take_version(request, text, length);
    case STATE_FIELD:
        return take_field(request, text, length);
    case STATE_NAME:
        return request->part.match.candidates == 0 ? chars_count(text, length, CHARS_TOKEN) : 0;
    case STATE_VALUE:
        return take_value(request, text, length);
    default:
        return 0;
    }
}

/* Takes no bytes so near to a limit that a step would find it exceeded. */
static size_t take_within_limits(struct http_request *request, const unsigned char *text,
                                 size_t length) {
    size_t limit = request->state < STATE_FIELD ? HTTP_REQUEST_LINE_MAX : HTTP_HEAD_MAX;
    size_t room = limit - request->head_length - 1;
    size_t count = take(request, text, length < room ? length : room);
    request->head_length = (uint16_t)(request->head_length + count);
    return count;
}

static size_t skip_body(struct http_request *request, size_t length) {
    size_t skipped = length < request->body_left ? length : request->body_left;
    request->body_left -= (uint32_t)skipped;
    if (request->body_left == 0)
        request->stage = HTTP_STAGE_COMPLETE;
    return skipped;
}

void http_request_init(struct http_request *request, uint32_t sleep_ms_max) {
    *request = (struct http_request){
        .status = 200,
        .sleep_ms_max = sleep_ms_max,
        .stage = HTTP_STAGE_START,
        .state = STATE_START,
    };
}

size_t http_request_feed(struct http_request *request, const void *bytes, size_t length) {
    const unsigned char *text = bytes;
    if (request->stage == HTTP_STAGE_BODY)
        return skip_body(request, length);
    size_t used = 0;
    while (used < length && request->stage <= HTTP_STAGE_HEAD) {
        size_t count = take_within_limits(request, text + used, length - used);
        used += count;
        if (count == 0)
            step(request, text[used++]);
    }
    return used;
}

void http_request_refuse(struct http_request *request, uint16_t status) {
    fail(request, status);
}
