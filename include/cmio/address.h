/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ADDRESS_H
#define CMIO_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmio/export.h>

CMIO_BEGIN_DECLS

/*
 * A socket address: IPv4 (ip(7)), IPv6 (ipv6(7)) or Unix (unix(7)): a path, unnamed or, on Linux,
 * abstract. A plain value in the caller's memory, to be copied freely. Its members are private.
 */
struct cmio_address {
    socklen_t length;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
    } u;
};

/* The most bytes that cmio_address_format() writes, the final NUL included. */
enum { CMIO_ADDRESS_TEXT_MAX = 128 };

/*
 * Reads an address: "127.0.0.1:6969", "[::1]:6969", "[fe80::1%2]:80" with a numeric scope,
 * "unix:/run/x.sock", "unix:relative/path", "unix:@name" for the abstract name, "unix:./@name" for
 * the path @name, "unix:" for unnamed. Numbers only: no name is looked up, and no white space is
 * skipped. Errors: -EINVAL for anything else or a null argument; -ENAMETOOLONG for a path or name
 * that does not fit sockaddr_un with its NUL; -ENOTSUP for an abstract name where the system has
 * none.
 */
CMIO_API int cmio_address_parse(const char *text, struct cmio_address *out);

/*
 * Writes the address in the form that cmio_address_parse() reads, which gives an equal address,
 * with two exceptions: a NUL byte inside an abstract name shows as '@', and a path that fills
 * sockaddr_un without a NUL, which only the system gives out, is too long to be parsed. The bytes
 * of a path or name are written as they are, line breaks too. Writes at most size bytes with the
 * final NUL and returns the length of the whole text without it, as snprintf(3) does; -EINVAL for a
 * null argument, unless size is 0 and only buffer is, and for an address that was never set.
 */
CMIO_API int cmio_address_format(const struct cmio_address *address, char *buffer, size_t size);

/*
 * Reads the address of a host without a port, "127.0.0.1", "::1" or "fe80::1%2" (without brackets,
 * numeric scope), and gives it the port, in host byte order. For text with a port, use
 * cmio_address_parse(). Errors: -EINVAL for anything else or a null argument. On failure out is
 * untouched.
 */
CMIO_API int cmio_address_parse_ip(const char *text, uint16_t port, struct cmio_address *out);

/*
 * Writes the host of an IPv4 or IPv6 address without its port, in the form that
 * cmio_address_parse_ip() reads. Writes at most size bytes with the final NUL and returns the length
 * of the whole text without it, as snprintf(3) does. Errors: -EINVAL for a null argument, unless
 * size is 0 and only buffer is; for a Unix address; and for an address that was never set.
 */
CMIO_API int cmio_address_format_ip(const struct cmio_address *address, char *buffer, size_t size);

/*
 * The address of a host from its bytes, in network byte order: 4 for AF_INET, 16 for AF_INET6. The
 * port and the scope are 0: see cmio_address_set_port(). Errors: -EINVAL for a null argument or
 * another length; -EAFNOSUPPORT for another family. On failure out is untouched.
 */
CMIO_API int cmio_address_from_bytes(int family, const void *bytes, size_t length,
                                     struct cmio_address *out);

/*
 * The bytes of an IPv4 or IPv6 address without port and scope, in network byte order: borrowed from
 * address. *length is set to how many there are: 4 or 16. Returns NULL, and leaves *length alone,
 * for a null argument, for a Unix address (see cmio_address_unix_name()) and for an address that was
 * never set.
 */
CMIO_API const void *cmio_address_bytes(const struct cmio_address *address, size_t *length);

/* The address of a path. Errors: -EINVAL for a null or empty one, -ENAMETOOLONG. */
CMIO_API int cmio_address_from_path(const char *path, struct cmio_address *out);

/*
 * The abstract address of a name of any bytes, without the leading NUL. Errors: -EINVAL for a null
 * argument or no bytes; -ENAMETOOLONG; -ENOTSUP where the system has none.
 */
CMIO_API int cmio_address_from_abstract(const void *name, size_t length, struct cmio_address *out);

/*
 * Wraps what the system gave. Copies length bytes. Errors: -EINVAL for a null argument or a length
 * that does not fit the family; -EAFNOSUPPORT for another family.
 */
CMIO_API int cmio_address_from_sockaddr(const struct sockaddr *sockaddr, socklen_t length,
                                        struct cmio_address *out);

/*
 * Unwraps: what bind(2) and connect(2) take. It points into address, borrowed; *length is set. NULL
 * for NULL.
 */
CMIO_API const struct sockaddr *cmio_address_sockaddr(const struct cmio_address *address,
                                                      socklen_t *length);

/* AF_INET, AF_INET6 or AF_UNIX; AF_UNSPEC for NULL. */
CMIO_API int cmio_address_family(const struct cmio_address *address);

/* The port in host byte order; 0 for NULL and for Unix addresses. */
CMIO_API uint16_t cmio_address_port(const struct cmio_address *address);

/* Replaces the port, given in host byte order. -EINVAL for NULL and for Unix addresses. */
CMIO_API int cmio_address_set_port(struct cmio_address *address, uint16_t port);

/*
 * Copies the address to out with another port, given in host byte order. out may be address itself.
 * Errors: -EINVAL for a null argument, for a Unix address and for an address that was never set. On
 * failure out is untouched.
 */
CMIO_API int cmio_address_with_port(const struct cmio_address *address, uint16_t port,
                                    struct cmio_address *out);

/*
 * Whether the address is one of this host alone: 127.0.0.0/8 or ::1. An IPv4 address inside an IPv6
 * one (::ffff:127.0.0.1), which a socket of both families gives for IPv4 peers, counts as the IPv4
 * address. False for NULL and for a Unix address.
 */
CMIO_API bool cmio_address_is_loopback(const struct cmio_address *address);

/*
 * Whether the address is a group's: 224.0.0.0/4 or ff00::/8. An IPv4 address inside an IPv6 one
 * (::ffff:224.0.0.1) counts as the IPv4 address. False for NULL and for a Unix address.
 */
CMIO_API bool cmio_address_is_multicast(const struct cmio_address *address);

/*
 * Whether the address is the wildcard, to bind on every interface: 0.0.0.0 or ::, with any port. An
 * IPv4 address inside an IPv6 one (::ffff:0.0.0.0) counts as the IPv4 address. False for NULL and
 * for a Unix address.
 */
CMIO_API bool cmio_address_is_unspecified(const struct cmio_address *address);

/*
 * Whether the address is a Unix one without path and name, as of a client that did not bind. False
 * for NULL and for other families.
 */
CMIO_API bool cmio_address_is_unnamed(const struct cmio_address *address);

/*
 * The path, or the bytes of an abstract name without the leading NUL: borrowed, not always
 * terminated. *length is set to how many bytes there are: 0 for unnamed. NULL where the address is
 * not a Unix one.
 */
CMIO_API const char *cmio_address_unix_name(const struct cmio_address *address, size_t *length);

/* Whether the address is a Unix one with an abstract name. */
CMIO_API bool cmio_address_is_abstract(const struct cmio_address *address);

/* Whether two addresses name the same end: family, bytes, port and scope. */
CMIO_API bool cmio_address_equal(const struct cmio_address *a, const struct cmio_address *b);

CMIO_END_DECLS

#endif
