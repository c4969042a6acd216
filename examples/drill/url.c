/* SPDX-License-Identifier: MIT */
#include "url.h"

#include <string.h>
#include <strings.h>

#include <cmio/address.h>

#include "number.h"

static const char scheme[] = "http://";

enum {
    DEFAULT_PORT = 80,
    NAME_MAX_LENGTH = 253, /* RFC 1035 section 2.3.4, without the root's dot */
    PORT_MAX = 65535,
};

static bool is_numeric(const char *host, size_t length) {
    char text[CMIO_ADDRESS_TEXT_MAX];
    struct cmio_address address;
    if (length >= sizeof text || memchr(host, '%', length) != NULL)
        return false;
    memcpy(text, host, length);
    text[length] = '\0';
    return cmio_address_parse_ip(text, DEFAULT_PORT, &address) == 0;
}

/* Reads "[address]" and returns what is wrong with it. */
static const char *parse_bracketed(const char *authority, size_t length, struct url *url) {
    const char *bracket = memchr(authority, ']', length);
    if (bracket == NULL)
        return "the bracket around the host is not closed";
    url->host = authority + 1;
    url->host_length = (size_t)(bracket - url->host);
    bool is_ipv6 = memchr(url->host, ':', url->host_length) != NULL;
    return is_ipv6 && is_numeric(url->host, url->host_length)
               ? NULL
               : "there is no IPv6 address in the brackets";
}

/* Reads a name, or an IPv4 address if there are only digits and dots. */
static const char *parse_plain(const char *authority, size_t length, struct url *url) {
    static const char name_bytes[] = "0123456789.-_abcdefghijklmnopqrstuvwxyz"
                                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *colon = memchr(authority, ':', length);
    url->host = authority;
    url->host_length = colon == NULL ? length : (size_t)(colon - authority);
    if (url->host_length == 0)
        return "there is no host";
    if (strspn(authority, "0123456789.") >= url->host_length)
        return is_numeric(authority, url->host_length) ? NULL : "the host is not an IPv4 address";
    bool is_name =
        strspn(authority, name_bytes) >= url->host_length && url->host_length <= NAME_MAX_LENGTH;
    return is_name ? NULL : "the host is neither a name nor an address";
}

/* Reads the port from the text behind the host, which is ":port" or nothing. */
static const char *parse_port(const char *text, size_t length, struct url *url) {
    static const char problem[] = "the port must be from 1 to 65535";
    char digits[sizeof "65535"];
    uint64_t port = DEFAULT_PORT;
    if (length > 0) {
        if (text[0] != ':' || length - 1 >= sizeof digits)
            return problem;
        memcpy(digits, text + 1, length - 1);
        digits[length - 1] = '\0';
        if (!number_parse(digits, 1, PORT_MAX, &port))
            return problem;
    }
    url->port = (uint16_t)port;
    return NULL;
}

static const char *parse_authority(struct url *url) {
    const char *authority = url->authority;
    size_t length = url->authority_length;
    if (memchr(authority, '@', length) != NULL)
        return "user names and passwords are not supported";
    bool bracketed = length > 0 && authority[0] == '[';
    const char *problem =
        bracketed ? parse_bracketed(authority, length, url) : parse_plain(authority, length, url);
    if (problem != NULL)
        return problem;
    const char *rest = url->host + url->host_length + bracketed;
    return parse_port(rest, length - (size_t)(rest - authority), url);
}

const char *url_parse(const char *text, struct url *out) {
    if (strncasecmp(text, "https://", sizeof "https://" - 1) == 0)
        return "HTTPS is not supported, only http://";
    if (strncasecmp(text, scheme, sizeof scheme - 1) != 0)
        return strstr(text, "://") != NULL
                   ? "only http:// is supported"
                   : "a url must begin with http://, or with / if there is a base";
    for (const char *c = text; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return "a character in it must be percent-encoded";
    const char *authority = text + sizeof scheme - 1;
    struct url url = {.authority = authority, .authority_length = strcspn(authority, "/?#")};
    const char *problem = parse_authority(&url);
    if (problem != NULL)
        return problem;
    url.target = authority + url.authority_length;
    url.target_length = strcspn(url.target, "#");
    *out = url;
    return NULL;
}

const char *url_check_base(const char *text) {
    struct url url;
    const char *problem = url_parse(text, &url);
    if (problem != NULL)
        return problem;
    return strpbrk(url.target, "?#") != NULL ? "a base must not have a query or a fragment" : NULL;
}

bool url_is_relative(const char *text) {
    return text[0] == '/';
}

size_t url_base_length(const char *base) {
    size_t length = strlen(base);
    return length > 0 && base[length - 1] == '/' ? length - 1 : length;
}
