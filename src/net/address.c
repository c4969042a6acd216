/* SPDX-License-Identifier: MIT */
/*
 * Socket addresses. length is always what the system expects for the address: the whole struct for
 * IPv4 and IPv6. For Unix it reaches to the path's NUL or to the end of an abstract name, and
 * covers none of sun_path for an unnamed address.
 */
#include <cmio/address.h>

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "posix/features.h"

enum {
    PATH_OFFSET = offsetof(struct sockaddr_un, sun_path),
    PATH_SIZE = sizeof((struct sockaddr_un *)0)->sun_path,
};

static const char unix_prefix[] = "unix:";

/* Accepts only decimal digits and a value of at most limit. */
static bool parse_number(const char *text, uint32_t limit, uint32_t *out) {
    uint64_t value = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = value * 10 + (uint64_t)(*text - '0');
        if (value > limit)
            return false;
    }
    *out = (uint32_t)value;
    return true;
}

/* Copies the bytes from begin to end as a string. Returns false if they do not fit. */
static bool copy_part(char *out, size_t size, const char *begin, const char *end) {
    const size_t length = (size_t)(end - begin);
    if (length >= size)
        return false;
    memcpy(out, begin, length);
    out[length] = '\0';
    return true;
}

static int parse_v4_host(const char *host, uint16_t port, struct cmio_address *out) {
    struct cmio_address address = {.length = sizeof address.u.v4};
    address.u.v4.sin_family = AF_INET;
    address.u.v4.sin_port = htons(port);
    if (inet_pton(AF_INET, host, &address.u.v4.sin_addr) != 1)
        return -EINVAL;
    *out = address;
    return 0;
}

static int parse_v4(const char *text, struct cmio_address *out) {
    char host[INET_ADDRSTRLEN];
    uint32_t port;
    const char *colon = strchr(text, ':');
    if (colon == NULL || !copy_part(host, sizeof host, text, colon) ||
        !parse_number(colon + 1, UINT16_MAX, &port))
        return -EINVAL;
    return parse_v4_host(host, (uint16_t)port, out);
}

/* The longest host of an IPv6 address, with its NUL. */
enum { V6_HOST_SIZE = INET6_ADDRSTRLEN + sizeof "%4294967295" };

static int parse_v6_host(char *host, uint16_t port, struct cmio_address *out) {
    uint32_t scope = 0;
    char *percent = strchr(host, '%');
    if (percent != NULL) {
        *percent = '\0';
        if (!parse_number(percent + 1, UINT32_MAX, &scope))
            return -EINVAL;
    }
    struct cmio_address address = {.length = sizeof address.u.v6};
    address.u.v6.sin6_family = AF_INET6;
    address.u.v6.sin6_port = htons(port);
    address.u.v6.sin6_scope_id = scope;
    if (inet_pton(AF_INET6, host, &address.u.v6.sin6_addr) != 1)
        return -EINVAL;
    *out = address;
    return 0;
}

/* text must begin with '['. */
static int parse_v6(const char *text, struct cmio_address *out) {
    char host[V6_HOST_SIZE];
    uint32_t port;
    const char *bracket = strchr(text, ']');
    if (bracket == NULL || bracket[1] != ':' || !copy_part(host, sizeof host, text + 1, bracket) ||
        !parse_number(bracket + 2, UINT16_MAX, &port))
        return -EINVAL;
    return parse_v6_host(host, (uint16_t)port, out);
}

int cmio_address_parse_ip(const char *text, uint16_t port, struct cmio_address *out) {
    char host[V6_HOST_SIZE];
    if (text == NULL || out == NULL || !copy_part(host, sizeof host, text, text + strlen(text)))
        return -EINVAL;
    return strchr(host, ':') == NULL ? parse_v4_host(host, port, out)
                                     : parse_v6_host(host, port, out);
}

/*
 * Text that begins with '@' is an abstract name. So a path that begins with '@' gets "./" before it
 * in text, and a path that has this prefix already gets one more. is_like_abstract() finds both:
 * any number of "./", then '@'.
 */
static const char here[] = "./";

static bool is_like_abstract(const char *path) {
    while (strncmp(path, here, sizeof here - 1) == 0)
        path += sizeof here - 1;
    return *path == '@';
}

static int parse_unix(const char *name, struct cmio_address *out) {
    if (*name == '@')
        return cmio_address_from_abstract(name + 1, strlen(name + 1), out);
    if (is_like_abstract(name))
        name += sizeof here - 1;
    if (*name != '\0')
        return cmio_address_from_path(name, out);
    *out = (struct cmio_address){.length = PATH_OFFSET, .u.local.sun_family = AF_UNIX};
    return 0;
}

int cmio_address_parse(const char *text, struct cmio_address *out) {
    if (text == NULL || out == NULL)
        return -EINVAL;
    if (strncmp(text, unix_prefix, sizeof unix_prefix - 1) == 0)
        return parse_unix(text + sizeof unix_prefix - 1, out);
    return *text == '[' ? parse_v6(text, out) : parse_v4(text, out);
}

static int format_v4_host(const struct sockaddr_in *v4, char *buffer, size_t size) {
    char host[INET_ADDRSTRLEN];
    (void)inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host); /* it fits */
    return snprintf(buffer, size, "%s", host);
}

static int format_v6_host(const struct sockaddr_in6 *v6, char *buffer, size_t size) {
    char host[INET6_ADDRSTRLEN];
    (void)inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host); /* it fits */
    if (v6->sin6_scope_id == 0)
        return snprintf(buffer, size, "%s", host);
    return snprintf(buffer, size, "%s%%%lu", host, (unsigned long)v6->sin6_scope_id);
}

static int format_v4(const struct sockaddr_in *v4, char *buffer, size_t size) {
    char host[INET_ADDRSTRLEN];
    (void)format_v4_host(v4, host, sizeof host); /* it fits */
    return snprintf(buffer, size, "%s:%u", host, (unsigned)ntohs(v4->sin_port));
}

static int format_v6(const struct sockaddr_in6 *v6, char *buffer, size_t size) {
    char host[V6_HOST_SIZE];
    (void)format_v6_host(v6, host, sizeof host); /* it fits */
    return snprintf(buffer, size, "[%s]:%u", host, (unsigned)ntohs(v6->sin6_port));
}

static int format_unix(const struct cmio_address *address, char *buffer, size_t size) {
    char text[PATH_SIZE + 1] = "";
    size_t length;
    const char *name = cmio_address_unix_name(address, &length);
    for (size_t i = 0; i < length; i++)
        text[i] = name[i] == '\0' ? '@' : name[i];
    text[length] = '\0';
    const char *mark = is_like_abstract(text) ? here : "";
    return snprintf(buffer, size, "%s%s%s", unix_prefix,
                    cmio_address_is_abstract(address) ? "@" : mark, text);
}

int cmio_address_format(const struct cmio_address *address, char *buffer, size_t size) {
    if (address == NULL || (buffer == NULL && size > 0))
        return -EINVAL;
    switch (cmio_address_family(address)) {
    case AF_INET:
        return format_v4(&address->u.v4, buffer, size);
    case AF_INET6:
        return format_v6(&address->u.v6, buffer, size);
    case AF_UNIX:
        return format_unix(address, buffer, size);
    default:
        return -EINVAL; /* never initialised */
    }
}

int cmio_address_format_ip(const struct cmio_address *address, char *buffer, size_t size) {
    if (buffer == NULL && size > 0)
        return -EINVAL;
    switch (cmio_address_family(address)) {
    case AF_INET:
        return format_v4_host(&address->u.v4, buffer, size);
    case AF_INET6:
        return format_v6_host(&address->u.v6, buffer, size);
    default:
        return -EINVAL;
    }
}

static int from_v4_bytes(const void *bytes, size_t length, struct cmio_address *out) {
    struct cmio_address address = {.length = sizeof address.u.v4};
    if (length != sizeof address.u.v4.sin_addr)
        return -EINVAL;
    address.u.v4.sin_family = AF_INET;
    memcpy(&address.u.v4.sin_addr, bytes, length);
    *out = address;
    return 0;
}

static int from_v6_bytes(const void *bytes, size_t length, struct cmio_address *out) {
    struct cmio_address address = {.length = sizeof address.u.v6};
    if (length != sizeof address.u.v6.sin6_addr)
        return -EINVAL;
    address.u.v6.sin6_family = AF_INET6;
    memcpy(&address.u.v6.sin6_addr, bytes, length);
    *out = address;
    return 0;
}

int cmio_address_from_bytes(int family, const void *bytes, size_t length,
                            struct cmio_address *out) {
    if (bytes == NULL || out == NULL)
        return -EINVAL;
    switch (family) {
    case AF_INET:
        return from_v4_bytes(bytes, length, out);
    case AF_INET6:
        return from_v6_bytes(bytes, length, out);
    default:
        return -EAFNOSUPPORT;
    }
}

/* Returns NULL if there are none. */
static const unsigned char *bytes_of(const struct cmio_address *address, size_t *length) {
    switch (cmio_address_family(address)) {
    case AF_INET:
        *length = sizeof address->u.v4.sin_addr;
        return (const unsigned char *)&address->u.v4.sin_addr;
    case AF_INET6:
        *length = sizeof address->u.v6.sin6_addr;
        return (const unsigned char *)&address->u.v6.sin6_addr;
    default:
        return NULL;
    }
}

const void *cmio_address_bytes(const struct cmio_address *address, size_t *length) {
    return length == NULL ? NULL : bytes_of(address, length);
}

/* The first bytes of an IPv4 address inside an IPv6 address. */
static const unsigned char mapped_prefix[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* The bytes that tell what kind of address it is. For IPv4 inside IPv6, only the last 4. */
static const unsigned char *essential_bytes(const struct cmio_address *address, size_t *length) {
    const unsigned char *bytes = bytes_of(address, length);
    if (bytes == NULL || *length == sizeof(struct in_addr) ||
        memcmp(bytes, mapped_prefix, sizeof mapped_prefix) != 0)
        return bytes;
    *length -= sizeof mapped_prefix;
    return bytes + sizeof mapped_prefix;
}

bool cmio_address_is_loopback(const struct cmio_address *address) {
    size_t length;
    const unsigned char *bytes = essential_bytes(address, &length);
    if (bytes == NULL)
        return false;
    if (length == sizeof(struct in_addr))
        return bytes[0] == 127;
    return memcmp(bytes, &in6addr_loopback, length) == 0;
}

bool cmio_address_is_multicast(const struct cmio_address *address) {
    size_t length;
    const unsigned char *bytes = essential_bytes(address, &length);
    if (bytes == NULL)
        return false;
    return length == sizeof(struct in_addr) ? (bytes[0] & 0xf0) == 0xe0 : bytes[0] == 0xff;
}

bool cmio_address_is_unspecified(const struct cmio_address *address) {
    size_t length;
    const unsigned char *bytes = essential_bytes(address, &length);
    return bytes != NULL && memcmp(bytes, &in6addr_any, length) == 0; /* all bytes are 0 */
}

int cmio_address_from_path(const char *path, struct cmio_address *out) {
    if (path == NULL || out == NULL || *path == '\0')
        return -EINVAL;
    const size_t size = strlen(path) + 1;
    if (size > PATH_SIZE)
        return -ENAMETOOLONG;
    struct cmio_address address = {.length = (socklen_t)(PATH_OFFSET + size)};
    address.u.local.sun_family = AF_UNIX;
    memcpy(address.u.local.sun_path, path, size);
    *out = address;
    return 0;
}

int cmio_address_from_abstract(const void *name, size_t length, struct cmio_address *out) {
    if (name == NULL || out == NULL || length == 0)
        return -EINVAL;
    if (!CMIO__HAS_ABSTRACT_NAMES)
        return -ENOTSUP;
    if (length >= PATH_SIZE)
        return -ENAMETOOLONG;
    struct cmio_address address = {.length = (socklen_t)(PATH_OFFSET + 1 + length)};
    address.u.local.sun_family = AF_UNIX;
    memcpy(address.u.local.sun_path + 1, name, length);
    *out = address;
    return 0;
}

/*
 * Systems disagree on the length of a Unix address: it may include the NUL or not, exceed the
 * struct for a path without a NUL, or cover zeros for an unnamed end.
 */
static int from_unix(const struct sockaddr_un *local, socklen_t length, struct cmio_address *out) {
    size_t available = length > PATH_OFFSET ? length - PATH_OFFSET : 0;
    if (available > PATH_SIZE)
        available = PATH_SIZE;
    struct cmio_address address = {.length = PATH_OFFSET, .u.local.sun_family = AF_UNIX};
    if (available > 0 && local->sun_path[0] == '\0')
        available = CMIO__HAS_ABSTRACT_NAMES && available > 1 ? available : 0;
    else
        available = strnlen(local->sun_path, available);
    memcpy(address.u.local.sun_path, local->sun_path, available);
    const bool terminated = available > 0 && available < PATH_SIZE && local->sun_path[0] != '\0';
    address.length = (socklen_t)(PATH_OFFSET + available + terminated);
    *out = address;
    return 0;
}

int cmio_address_from_sockaddr(const struct sockaddr *sockaddr, socklen_t length,
                               struct cmio_address *out) {
    if (sockaddr == NULL || out == NULL || length < PATH_OFFSET)
        return -EINVAL;
    struct cmio_address address = {.length = length};
    switch (sockaddr->sa_family) {
    case AF_INET:
        if (length != sizeof address.u.v4)
            return -EINVAL;
        break;
    case AF_INET6:
        if (length != sizeof address.u.v6)
            return -EINVAL;
        break;
    case AF_UNIX:
        return from_unix((const void *)sockaddr, length, out);
    default:
        return -EAFNOSUPPORT;
    }
    memcpy(&address.u, sockaddr, length);
    *out = address;
    return 0;
}

const struct sockaddr *cmio_address_sockaddr(const struct cmio_address *address,
                                             socklen_t *length) {
    if (address == NULL || length == NULL)
        return NULL;
    *length = address->length;
    return &address->u.any;
}

int cmio_address_family(const struct cmio_address *address) {
    return address == NULL ? AF_UNSPEC : address->u.any.sa_family;
}

uint16_t cmio_address_port(const struct cmio_address *address) {
    switch (cmio_address_family(address)) {
    case AF_INET:
        return ntohs(address->u.v4.sin_port);
    case AF_INET6:
        return ntohs(address->u.v6.sin6_port);
    default:
        return 0;
    }
}

int cmio_address_set_port(struct cmio_address *address, uint16_t port) {
    switch (cmio_address_family(address)) {
    case AF_INET:
        address->u.v4.sin_port = htons(port);
        return 0;
    case AF_INET6:
        address->u.v6.sin6_port = htons(port);
        return 0;
    default:
        return -EINVAL;
    }
}

int cmio_address_with_port(const struct cmio_address *address, uint16_t port,
                           struct cmio_address *out) {
    if (address == NULL || out == NULL)
        return -EINVAL;
    struct cmio_address copy = *address;
    int error = cmio_address_set_port(&copy, port);
    if (error == 0)
        *out = copy;
    return error;
}

bool cmio_address_is_unnamed(const struct cmio_address *address) {
    size_t length;
    return cmio_address_unix_name(address, &length) != NULL && length == 0;
}

bool cmio_address_is_abstract(const struct cmio_address *address) {
    return cmio_address_family(address) == AF_UNIX && address->length > PATH_OFFSET + 1 &&
           address->u.local.sun_path[0] == '\0';
}

const char *cmio_address_unix_name(const struct cmio_address *address, size_t *length) {
    if (cmio_address_family(address) != AF_UNIX || length == NULL)
        return NULL;
    const char *path = address->u.local.sun_path;
    const size_t size = address->length - PATH_OFFSET;
    if (cmio_address_is_abstract(address)) {
        *length = size - 1;
        return path + 1;
    }
    *length = strnlen(path, size);
    return path;
}

static bool equal_unix(const struct cmio_address *a, const struct cmio_address *b) {
    size_t a_length;
    size_t b_length;
    const char *a_name = cmio_address_unix_name(a, &a_length);
    const char *b_name = cmio_address_unix_name(b, &b_length);
    return cmio_address_is_abstract(a) == cmio_address_is_abstract(b) && a_length == b_length &&
           memcmp(a_name, b_name, a_length) == 0;
}

bool cmio_address_equal(const struct cmio_address *a, const struct cmio_address *b) {
    const int family = cmio_address_family(a);
    if (family != cmio_address_family(b))
        return false;
    switch (family) {
    case AF_INET:
        return a->u.v4.sin_port == b->u.v4.sin_port &&
               a->u.v4.sin_addr.s_addr == b->u.v4.sin_addr.s_addr;
    case AF_INET6:
        return a->u.v6.sin6_port == b->u.v6.sin6_port &&
               a->u.v6.sin6_scope_id == b->u.v6.sin6_scope_id &&
               memcmp(&a->u.v6.sin6_addr, &b->u.v6.sin6_addr, sizeof a->u.v6.sin6_addr) == 0;
    case AF_UNIX:
        return equal_unix(a, b);
    default:
        return false;
    }
}
