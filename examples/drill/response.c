/* SPDX-License-Identifier: MIT */
#include "response.h"

#include <string.h>

/*
 * Each byte is one step: outside of the content each state has a function that takes a byte and
 * goes on to the next state, so an answer may be split anywhere. Content is skipped in bulk.
 *
 * word gathers names, and the elements of values that matter, in lower case and without the white
 * space around them. A word that does not fit is none that matters; its length is then one above
 * RESPONSE_WORD_MAX. As RFC 9112 section 2.2 allows, a line of the head may end with LF alone. The
 * lines that frame chunks may not.
 */
enum state {
    IN_VERSION,
    IN_MINOR_VERSION,
    AFTER_VERSION,
    IN_STATUS,
    AFTER_STATUS,
    IN_REASON,
    BEFORE_LINE_LF,
    AT_LINE,
    IN_NAME,
    IN_VALUE,
    BEFORE_HEAD_LF,
    IN_CONTENT,
    UNTIL_CLOSE,
    IN_CHUNK_SIZE,
    AFTER_CHUNK_SIZE,
    BEFORE_EXTENSION_NAME,
    IN_EXTENSION_NAME,
    AFTER_EXTENSION_NAME,
    BEFORE_EXTENSION_VALUE,
    IN_EXTENSION_VALUE,
    IN_QUOTED_VALUE,
    AFTER_BACKSLASH,
    AFTER_QUOTED_VALUE,
    BEFORE_CHUNK_LF,
    IN_CHUNK,
    AFTER_CHUNK,
    AFTER_CHUNK_CR,
    AT_TRAILER,
    IN_TRAILER_NAME,
    IN_TRAILER_VALUE,
    BEFORE_TRAILER_LF,
    AT_NEXT_TRAILER,
    BEFORE_LAST_LF,
};

/* The fields that decide where the content ends and whether the connection is kept. */
enum known_field {
    FIELD_NONE, /* before the first field */
    FIELD_OTHER,
    FIELD_CONTENT_LENGTH,
    FIELD_TRANSFER_ENCODING,
    FIELD_CONNECTION,
};

typedef enum response_result step(struct response *response, unsigned char byte);

static bool is_space(unsigned char byte) {
    return byte == ' ' || byte == '\t';
}

static bool is_digit_byte(unsigned char byte) {
    return byte >= '0' && byte <= '9';
}

/* Whether a reason, a value or a trailer may have the byte: all except control characters. */
static bool is_text(unsigned char byte) {
    return byte == '\t' || (byte >= ' ' && byte != 0x7f);
}

/* RFC 9110 section 5.6.2. */
static bool is_token(unsigned char byte) {
    unsigned char lower = byte | 0x20;
    if ((lower >= 'a' && lower <= 'z') || byte == '-' || is_digit_byte(byte))
        return true;
    return byte != '\0' && strchr("!#$%&'*+.^_`|~", byte) != NULL;
}

static char to_lower(unsigned char byte) {
    return (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

static void word_clear(struct response *response) {
    response->word_length = 0;
    response->has_gap = false;
}

static void word_add(struct response *response, unsigned char byte) {
    if (response->word_length < RESPONSE_WORD_MAX)
        response->word[response->word_length++] = to_lower(byte);
    else
        response->word_length = RESPONSE_WORD_MAX + 1;
}

static bool word_is(const struct response *response, const char *text) {
    size_t length = strlen(text);
    return response->word_length == length && memcmp(response->word, text, length) == 0;
}

static enum response_result enter(struct response *response, enum state state) {
    response->state = (uint8_t)state;
    return RESPONSE_MORE;
}

static enum response_result expect(struct response *response, unsigned char byte,
                                   unsigned char expected, enum state next) {
    return byte == expected ? enter(response, next) : RESPONSE_MALFORMED;
}

void response_init(struct response *response, bool head_request) {
    *response = (struct response){.state = IN_VERSION, .for_head = head_request};
}

/* An interim answer has ended. The next status line follows. */
static enum response_result start_over(struct response *response) {
    response_init(response, response->for_head);
    response->has_begun = true;
    return RESPONSE_MORE;
}

/* Decides where the content ends: RFC 9112 section 6.3. */
static enum response_result finish_head(struct response *response) {
    if (response->status == 101)
        return RESPONSE_MALFORMED; /* we never ask to switch protocols */
    if (response->status < 200)
        return start_over(response);
    if (response->for_head || response->status == 204 || response->status == 304)
        return RESPONSE_COMPLETE;
    if (response->is_chunked) {
        response->digits = 0;
        response->framing = 0;
        response->remaining = 0;
        return enter(response, IN_CHUNK_SIZE);
    }
    if (response->has_length && !response->has_coding)
        return response->remaining == 0 ? RESPONSE_COMPLETE : enter(response, IN_CONTENT);
    response->is_until_close = true;
    return enter(response, UNTIL_CLOSE);
}

static enum response_result on_version(struct response *response, unsigned char byte) {
    static const char version[] = "HTTP/1.";
    if (byte != (unsigned char)version[response->digits])
        return RESPONSE_MALFORMED;
    bool last = version[++response->digits] == '\0';
    return enter(response, last ? IN_MINOR_VERSION : IN_VERSION);
}

static enum response_result on_minor_version(struct response *response, unsigned char byte) {
    if (!is_digit_byte(byte))
        return RESPONSE_MALFORMED;
    response->is_old = byte == '0';
    return enter(response, AFTER_VERSION);
}

static enum response_result after_version(struct response *response, unsigned char byte) {
    response->digits = 0;
    return expect(response, byte, ' ', IN_STATUS);
}

static enum response_result on_status(struct response *response, unsigned char byte) {
    if (!is_digit_byte(byte) || (response->digits == 0 && byte == '0'))
        return RESPONSE_MALFORMED;
    response->status = (uint16_t)(response->status * 10 + (byte - '0'));
    return enter(response, ++response->digits == 3 ? AFTER_STATUS : IN_STATUS);
}

static enum response_result on_reason(struct response *response, unsigned char byte) {
    if (byte == '\r')
        return enter(response, BEFORE_LINE_LF);
    if (byte == '\n')
        return enter(response, AT_LINE);
    return is_text(byte) ? RESPONSE_MORE : RESPONSE_MALFORMED;
}

/* The space after the status is often left out together with the reason. */
static enum response_result after_status(struct response *response, unsigned char byte) {
    if (byte == ' ')
        return enter(response, IN_REASON);
    return byte == '\r' || byte == '\n' ? on_reason(response, byte) : RESPONSE_MALFORMED;
}

static enum response_result before_line_lf(struct response *response, unsigned char byte) {
    return expect(response, byte, '\n', AT_LINE);
}

/* A length may be repeated, in a list or a second field, but it must be the same. */
static bool take_length(struct response *response) {
    uint64_t length = 0;
    if (response->word_length > RESPONSE_WORD_MAX)
        return false;
    for (uint8_t i = 0; i < response->word_length; i++) {
        unsigned char byte = (unsigned char)response->word[i];
        if (!is_digit_byte(byte) || length > (INT64_MAX - 9) / 10)
            return false;
        length = length * 10 + (uint64_t)(byte - '0');
    }
    bool differs = response->has_length && response->remaining != length;
    response->has_length = true;
    response->remaining = length;
    return !differs;
}

/*
 * The chunks determine the end of the content only if chunked is the last coding (RFC 9112 section
 * 6.3). It must not be applied twice (section 6.1).
 */
static bool take_coding(struct response *response) {
    bool is_chunked = word_is(response, "chunked");
    if (is_chunked && response->was_chunked)
        return false;
    response->is_chunked = is_chunked;
    response->was_chunked = response->was_chunked || is_chunked;
    return true;
}

static void take_option(struct response *response) {
    if (word_is(response, "close"))
        response->wants_close = true;
    else if (word_is(response, "keep-alive"))
        response->wants_keep = true;
}

/*
 * Takes the list element that word holds. False if it is not valid. Empty elements are skipped.
 */
static bool take_element(struct response *response) {
    bool good = true;
    if (response->word_length > 0 && response->field == FIELD_CONTENT_LENGTH)
        good = take_length(response);
    else if (response->word_length > 0 && response->field == FIELD_TRANSFER_ENCODING)
        good = take_coding(response);
    else if (response->field == FIELD_CONNECTION)
        take_option(response);
    word_clear(response);
    return good;
}

/* Ends the previous field, which a folded line could have continued until now. */
static bool finish_field(struct response *response) {
    if (!take_element(response))
        return false;
    return response->field != FIELD_CONTENT_LENGTH || response->has_length;
}

static enum response_result on_line(struct response *response, unsigned char byte) {
    if (is_space(byte)) {
        response->has_gap = true;
        return response->field == FIELD_NONE ? RESPONSE_MALFORMED : enter(response, IN_VALUE);
    }
    if (!finish_field(response))
        return RESPONSE_MALFORMED;
    if (byte == '\r')
        return enter(response, BEFORE_HEAD_LF);
    if (byte == '\n')
        return finish_head(response);
    if (!is_token(byte))
        return RESPONSE_MALFORMED;
    word_add(response, byte);
    return enter(response, IN_NAME);
}

static enum known_field field_named(const struct response *response) {
    if (word_is(response, "content-length"))
        return FIELD_CONTENT_LENGTH;
    if (word_is(response, "transfer-encoding"))
        return FIELD_TRANSFER_ENCODING;
    if (word_is(response, "connection"))
        return FIELD_CONNECTION;
    return FIELD_OTHER;
}

static enum response_result on_name(struct response *response, unsigned char byte) {
    if (byte == ':') {
        response->field = (uint8_t)field_named(response);
        if (response->field == FIELD_TRANSFER_ENCODING)
            response->has_coding = true; /* even if it turns out to be empty */
        word_clear(response);
        return enter(response, IN_VALUE);
    }
    return RESPONSE_MALFORMED; /* take_name() has taken all allowed bytes */
}

static enum response_result on_value(struct response *response, unsigned char byte) {
    if (byte == '\r')
        return enter(response, BEFORE_LINE_LF);
    if (byte == '\n')
        return enter(response, AT_LINE);
    if (!is_text(byte))
        return RESPONSE_MALFORMED;
    if (response->field == FIELD_OTHER)
        return RESPONSE_MORE;
    if (byte == ',')
        return take_element(response) ? RESPONSE_MORE : RESPONSE_MALFORMED;
    if (is_space(byte)) {
        response->has_gap = true;
        return RESPONSE_MORE;
    }
    if (response->has_gap && response->word_length > 0)
        word_add(response, ' '); /* no element that matters has two words */
    response->has_gap = false;
    word_add(response, byte);
    return RESPONSE_MORE;
}

static enum response_result before_head_lf(struct response *response, unsigned char byte) {
    return byte == '\n' ? finish_head(response) : RESPONSE_MALFORMED;
}

static int hex_value(unsigned char byte) {
    if (is_digit_byte(byte))
        return byte - '0';
    unsigned char lower = (unsigned char)to_lower(byte);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* After the size or an extension comes the end of the line or the next extension. */
static enum response_result end_extension(struct response *response, unsigned char byte) {
    if (byte == '\r')
        return enter(response, BEFORE_CHUNK_LF);
    return expect(response, byte, ';', BEFORE_EXTENSION_NAME);
}

static enum response_result on_chunk_size(struct response *response, unsigned char byte) {
    int value = hex_value(byte);
    if (value >= 0) {
        if (response->remaining > INT64_MAX >> 4)
            return RESPONSE_MALFORMED;
        response->remaining = response->remaining << 4 | (uint64_t)value;
        response->digits = 1;
        return RESPONSE_MORE;
    }
    if (response->digits == 0)
        return RESPONSE_MALFORMED;
    return is_space(byte) ? enter(response, AFTER_CHUNK_SIZE) : end_extension(response, byte);
}

/* White space is allowed only around the ';' and '=' of an extension. */
static enum response_result after_chunk_size(struct response *response, unsigned char byte) {
    return is_space(byte) ? RESPONSE_MORE : expect(response, byte, ';', BEFORE_EXTENSION_NAME);
}

static enum response_result before_extension_name(struct response *response, unsigned char byte) {
    if (is_space(byte))
        return RESPONSE_MORE;
    return is_token(byte) ? enter(response, IN_EXTENSION_NAME) : RESPONSE_MALFORMED;
}

static enum response_result on_extension_name(struct response *response, unsigned char byte) {
    if (is_token(byte))
        return RESPONSE_MORE;
    if (is_space(byte))
        return enter(response, AFTER_EXTENSION_NAME);
    return byte == '=' ? enter(response, BEFORE_EXTENSION_VALUE) : end_extension(response, byte);
}

static enum response_result after_extension_name(struct response *response, unsigned char byte) {
    if (byte == '=')
        return enter(response, BEFORE_EXTENSION_VALUE);
    return after_chunk_size(response, byte);
}

static enum response_result before_extension_value(struct response *response, unsigned char byte) {
    if (is_space(byte))
        return RESPONSE_MORE;
    if (byte == '"')
        return enter(response, IN_QUOTED_VALUE);
    return is_token(byte) ? enter(response, IN_EXTENSION_VALUE) : RESPONSE_MALFORMED;
}

static enum response_result on_extension_value(struct response *response, unsigned char byte) {
    if (is_token(byte))
        return RESPONSE_MORE;
    return is_space(byte) ? enter(response, AFTER_CHUNK_SIZE) : end_extension(response, byte);
}

static enum response_result on_quoted_value(struct response *response, unsigned char byte) {
    if (byte == '"')
        return enter(response, AFTER_QUOTED_VALUE);
    if (byte == '\\')
        return enter(response, AFTER_BACKSLASH);
    return is_text(byte) ? RESPONSE_MORE : RESPONSE_MALFORMED;
}

static enum response_result after_backslash(struct response *response, unsigned char byte) {
    return is_text(byte) ? enter(response, IN_QUOTED_VALUE) : RESPONSE_MALFORMED;
}

static enum response_result after_quoted_value(struct response *response, unsigned char byte) {
    return is_space(byte) ? enter(response, AFTER_CHUNK_SIZE) : end_extension(response, byte);
}

static enum response_result before_chunk_lf(struct response *response, unsigned char byte) {
    return expect(response, byte, '\n', response->remaining == 0 ? AT_TRAILER : IN_CHUNK);
}

static enum response_result after_chunk(struct response *response, unsigned char byte) {
    response->framing = 0;
    response->digits = 0;
    return expect(response, byte, '\r', AFTER_CHUNK_CR);
}

static enum response_result after_chunk_cr(struct response *response, unsigned char byte) {
    return expect(response, byte, '\n', IN_CHUNK_SIZE);
}

/* Trailers have the form of the head's fields, but their contents do not matter here. */
static enum response_result at_trailer(struct response *response, unsigned char byte) {
    if (byte == '\r')
        return enter(response, BEFORE_LAST_LF);
    return is_token(byte) ? enter(response, IN_TRAILER_NAME) : RESPONSE_MALFORMED;
}

static enum response_result at_next_trailer(struct response *response, unsigned char byte) {
    return is_space(byte) ? enter(response, IN_TRAILER_VALUE) : at_trailer(response, byte);
}

static enum response_result on_trailer_name(struct response *response, unsigned char byte) {
    return is_token(byte) ? RESPONSE_MORE : expect(response, byte, ':', IN_TRAILER_VALUE);
}

static enum response_result on_trailer_value(struct response *response, unsigned char byte) {
    if (byte == '\r')
        return enter(response, BEFORE_TRAILER_LF);
    return is_text(byte) ? RESPONSE_MORE : RESPONSE_MALFORMED;
}

static enum response_result before_trailer_lf(struct response *response, unsigned char byte) {
    return expect(response, byte, '\n', AT_NEXT_TRAILER);
}

static enum response_result before_last_lf(struct response *response, unsigned char byte) {
    (void)response;
    return byte == '\n' ? RESPONSE_COMPLETE : RESPONSE_MALFORMED;
}

/* The states of the content have no step. */
static step *const steps[] = {
    [IN_VERSION] = on_version,
    [IN_MINOR_VERSION] = on_minor_version,
    [AFTER_VERSION] = after_version,
    [IN_STATUS] = on_status,
    [AFTER_STATUS] = after_status,
    [IN_REASON] = on_reason,
    [BEFORE_LINE_LF] = before_line_lf,
    [AT_LINE] = on_line,
    [IN_NAME] = on_name,
    [IN_VALUE] = on_value,
    [BEFORE_HEAD_LF] = before_head_lf,
    [IN_CHUNK_SIZE] = on_chunk_size,
    [AFTER_CHUNK_SIZE] = after_chunk_size,
    [BEFORE_EXTENSION_NAME] = before_extension_name,
    [IN_EXTENSION_NAME] = on_extension_name,
    [AFTER_EXTENSION_NAME] = after_extension_name,
    [BEFORE_EXTENSION_VALUE] = before_extension_value,
    [IN_EXTENSION_VALUE] = on_extension_value,
    [IN_QUOTED_VALUE] = on_quoted_value,
    [AFTER_BACKSLASH] = after_backslash,
    [AFTER_QUOTED_VALUE] = after_quoted_value,
    [BEFORE_CHUNK_LF] = before_chunk_lf,
    [AFTER_CHUNK] = after_chunk,
    [AFTER_CHUNK_CR] = after_chunk_cr,
    [AT_TRAILER] = at_trailer,
    [IN_TRAILER_NAME] = on_trailer_name,
    [IN_TRAILER_VALUE] = on_trailer_value,
    [BEFORE_TRAILER_LF] = before_trailer_lf,
    [AT_NEXT_TRAILER] = at_next_trailer,
    [BEFORE_LAST_LF] = before_last_lf,
};

/* Skips content. Returns how many of the bytes are content. */
static size_t skip_content(struct response *response, size_t length) {
    if (response->state == UNTIL_CLOSE)
        return length;
    size_t skipped = length < response->remaining ? length : (size_t)response->remaining;
    response->remaining -= skipped;
    return skipped;
}

/*
 * Skips text that does not matter, which is the reason and the values of most fields, in bulk.
 * Returns how many bytes. The limit of the head still applies.
 */
static size_t skip_text(struct response *response, const char *bytes, size_t length) {
    bool is_other = response->state == IN_VALUE && response->field == FIELD_OTHER;
    size_t room = RESPONSE_HEAD_MAX - response->framing;
    size_t most = length < room ? length : room;
    size_t skipped = 0;
    if (!is_other && response->state != IN_REASON)
        return 0;
    while (skipped < most && is_text((unsigned char)bytes[skipped]))
        skipped++;
    response->framing += (uint32_t)skipped;
    return skipped;
}

/* Takes the bytes of a field's name in bulk. Returns how many there are. */
static size_t take_name(struct response *response, const char *bytes, size_t length) {
    size_t room = RESPONSE_HEAD_MAX - response->framing;
    size_t most = length < room ? length : room;
    size_t taken = 0;
    if (response->state != IN_NAME)
        return 0;
    while (taken < most && is_token((unsigned char)bytes[taken]))
        word_add(response, (unsigned char)bytes[taken++]);
    response->framing += (uint32_t)taken;
    return taken;
}

/* Takes a name, text or the next byte outside of the content, and sets *used to their length. */
static enum response_result take_framing(struct response *response, const char *bytes,
                                         size_t length, size_t *used) {
    *used = skip_text(response, bytes, length) + take_name(response, bytes, length);
    if (*used > 0)
        return RESPONSE_MORE;
    if (++response->framing > RESPONSE_HEAD_MAX)
        return RESPONSE_MALFORMED;
    *used = 1;
    return steps[response->state](response, (unsigned char)bytes[0]);
}

/* Takes content, and sets *used to how many of the bytes are content. */
static enum response_result take_content(struct response *response, size_t length, size_t *used) {
    *used = skip_content(response, length);
    if (response->remaining > 0 || response->state == UNTIL_CLOSE)
        return RESPONSE_MORE;
    return response->state == IN_CONTENT ? RESPONSE_COMPLETE : enter(response, AFTER_CHUNK);
}

enum response_result response_feed(struct response *response, const char *bytes, size_t length,
                                   size_t *used) {
    enum response_result result = RESPONSE_MORE;
    size_t place = 0;
    response->has_begun = response->has_begun || length > 0;
    while (place < length && result == RESPONSE_MORE) {
        size_t taken = 0;
        if (steps[response->state] == NULL)
            result = take_content(response, length - place, &taken);
        else
            result = take_framing(response, bytes + place, length - place, &taken);
        place += taken;
    }
    *used = place;
    return result;
}

enum response_result response_end(const struct response *response) {
    return response->state == UNTIL_CLOSE ? RESPONSE_COMPLETE : RESPONSE_MALFORMED;
}

bool response_has_begun(const struct response *response) {
    return response->has_begun;
}

bool response_keeps_connection(const struct response *response) {
    if (response->wants_close || response->is_until_close)
        return false;
    if (response->has_coding && (response->is_old || response->has_length))
        return false; /* RFC 9112 section 6.1: such framing must not be trusted further */
    return !response->is_old || response->wants_keep;
}
