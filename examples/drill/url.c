/* SPDX-License-Identifier: MIT */
#include "url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char scheme[] = "http://";
static const char local_name[] = "localhost";
static const char local_address[] = "127.0.0.1";
static const char default_port[] = ":80";

/* The name, replaced by the address that it stands for, and the port if there is one. */
static const char *spell_numerically(const char *authority, size_t length,
                                     char text[CMIO_ADDRESS_TEXT_MAX]) {
    size_t name_length = sizeof local_name - 1;
    bool named = length >= name_length && strncasecmp(authority, local_name, name_length) == 0 &&
                 (length == name_length || authority[name_length] == ':');
    const char *host = named ? local_address : "";
    const char *rest = named ? authority + name_length : authority;
    size_t rest_length = named ? length - name_length : length;
    size_t host_length = strlen(host);
    if (host_length + rest_length >= CMIO_ADDRESS_TEXT_MAX)
        return NULL;
    memcpy(text, host, host_length);
    memcpy(text + host_length, rest, rest_length);
    text[host_length + rest_length] = '\0';
    return text;
}

/* Whether the text of an authority goes on after the host: not the colons within brackets. */
static bool has_port(const char *text) {
    const char *bracket = strrchr(text, ']');
    return strchr(bracket == NULL ? text : bracket, ':') != NULL;
}

static const char *parse_authority(const char *authority, size_t length, struct cmio_address *out) {
    static const char numeric[] =
        "the host must be a numeric address or localhost: there is no DNS";
    if (length == 0)
        return "there is no host";
    if (memchr(authority, '@', length) != NULL)
        return "user names and passwords are not supported";
    char text[CMIO_ADDRESS_TEXT_MAX];
    if (spell_numerically(authority, length, text) == NULL || strchr(text, '%') != NULL)
        return numeric;
    if (text[0] != '[' && (text[0] < '0' || text[0] > '9'))
        return numeric;
    bool ported = has_port(text);
    size_t end = strlen(text);
    if (!ported && end + sizeof default_port > sizeof text)
        return numeric;
    if (!ported)
        memcpy(text + end, default_port, sizeof default_port);
    struct cmio_address address;
    if (cmio_address_parse(text, &address) < 0)
        return ported ? "neither a numeric address nor localhost, and a port" : numeric;
    if (cmio_address_port(&address) == 0)
        return "the port must be from 1 to 65535";
    *out = address;
    return NULL;
}

const char *url_parse(const char *text, struct url *out) {
    if (strncasecmp(text, scheme, sizeof scheme - 1) != 0)
        return strstr(text, "://") != NULL ? "only http:// is spoken"
                                           : "a url begins with http:// or, behind a base, with /";
    for (const char *c = text; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return "there is a character that must be percent-encoded";
    const char *authority = text + sizeof scheme - 1;
    struct url url = {.authority = authority, .authority_length = strcspn(authority, "/?#")};
    const char *problem = parse_authority(authority, url.authority_length, &url.address);
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
    return strpbrk(url.target, "?#") != NULL ? "a base has neither query nor fragment" : NULL;
}

bool url_is_relative(const char *text) {
    return text[0] == '/';
}

char *url_join(const char *base, const char *relative) {
    size_t base_length = strlen(base);
    if (base_length > 0 && base[base_length - 1] == '/')
        base_length--;
    size_t size = base_length + strlen(relative) + 1;
    char *joined = malloc(size);
    if (joined != NULL)
        (void)snprintf(joined, size, "%.*s%s", (int)base_length, base, relative);
    return joined;
}
