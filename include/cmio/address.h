/* SPDX-License-Identifier: MIT */
#ifndef CMIO_ADDRESS_H
#define CMIO_ADDRESS_H

/**
 * @file
 * Socket addresses as plain values: IPv4, IPv6 and Unix, to and from text, bytes and the structs of
 * the system.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmio/export.h>

CMIO_BEGIN_DECLS

/**
 * A socket address: IPv4, IPv6 or Unix.
 *
 * A Unix address is a path, unnamed or, on Linux, abstract.
 *
 * It is a plain value in the caller's memory. It owns nothing and may be copied freely. Zeroed
 * memory is an address that was never set: its family is AF_UNSPEC, and functions that need a
 * family refuse it.
 *
 * **Threads**: several threads may read an address together. A thread that changes one must be
 * alone with it.
 *
 * **Source**: ip(7), ipv6(7), unix(7).
 */
struct cmio_address {
    /**
     * Internal, as are all members: how many bytes of `u` the system needs. 0 if the address was
     * never set.
     */
    socklen_t length;
    /** The address as the system has it. */
    union {
        struct sockaddr any;      /**< Any family. */
        struct sockaddr_in v4;    /**< IPv4. */
        struct sockaddr_in6 v6;   /**< IPv6. */
        struct sockaddr_un local; /**< Unix. */
    } u;
};

/** The limit of texts of addresses. */
enum {
    /** The most bytes that cmio_address_format() writes, the final NUL included. */
    CMIO_ADDRESS_TEXT_MAX = 128,
};

/**
 * Reads an address from text.
 *
 * The text has one of these forms:
 *
 * @code{.c}
 * cmio_address_parse("127.0.0.1:6969", &out);     // IPv4
 * cmio_address_parse("[::1]:6969", &out);         // IPv6
 * cmio_address_parse("[fe80::1%2]:80", &out);     // IPv6 with a scope, which is a number
 * cmio_address_parse("unix:/run/x.sock", &out);   // a path
 * cmio_address_parse("unix:relative/path", &out); // a path
 * cmio_address_parse("unix:./@name", &out);       // a path that begins with an at sign
 * cmio_address_parse("unix:@name", &out);         // an abstract name, on Linux
 * cmio_address_parse("unix:", &out);              // unnamed
 * @endcode
 *
 * Hosts, ports and scopes are numbers. No name is looked up, and no white space is skipped. A path
 * that begins with one or more `./` and an at sign needs one more `./` before it.
 *
 * @param text  The text, ended by NUL. Borrowed.
 * @param out   Receives the address.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: an argument is NULL, or text has none of these forms.
 * - -ENAMETOOLONG: the path with its NUL, or the abstract name with the NUL before it, does not fit
 *   into sun_path of sockaddr_un.
 * - -ENOTSUP: the text has an abstract name, which only Linux has.
 *
 * **Threads**: any thread.
 *
 * **Source**: inet_pton(3), unix(7).
 */
CMIO_API int cmio_address_parse(const char *text, struct cmio_address *out);

/**
 * Writes an address as text, in the form that cmio_address_parse() reads.
 *
 * Reading the text back makes an equal address, with two exceptions. A NUL byte inside an abstract
 * name is written as an at sign. A path that fills sun_path without a NUL, which only the system
 * makes, is too long to be read. The bytes of paths and names are written as they are, line breaks
 * too.
 *
 * @param address  The address. Borrowed.
 * @param buffer   Receives the text, cut to size, with a final NUL. May be NULL if size is 0.
 * @param size     The size of buffer in bytes. CMIO_ADDRESS_TEXT_MAX is enough for every address.
 *
 * **Returns** the length of the whole text in bytes, without the NUL. If it is not below size, the
 * text was cut.
 *
 * **Errors**:
 * - -EINVAL: address is NULL or was never set, or buffer is NULL and size is not 0.
 *
 * **Threads**: any thread.
 *
 * **Source**: snprintf(3), inet_ntop(3).
 */
CMIO_API int cmio_address_format(const struct cmio_address *address, char *buffer, size_t size);

/**
 * Reads the address of an IPv4 or IPv6 host from text without a port, and adds the port.
 *
 * Examples are `127.0.0.1`, `::1` and `fe80::1%2`. The scope is a number, and there are no
 * brackets. No name is looked up, and no white space is skipped. cmio_address_parse() reads text
 * with a port.
 *
 * @param text  The text, ended by NUL. Borrowed.
 * @param port  The port in host byte order.
 * @param out   Receives the address.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: an argument is NULL, or text is not such an address.
 *
 * **Threads**: any thread.
 *
 * **Source**: inet_pton(3).
 */
CMIO_API int cmio_address_parse_ip(const char *text, uint16_t port, struct cmio_address *out);

/**
 * Writes the host of an IPv4 or IPv6 address as text without its port.
 *
 * The text is in the form that cmio_address_parse_ip() reads.
 *
 * @param address  The address. Borrowed.
 * @param buffer   Receives the text, cut to size, with a final NUL. May be NULL if size is 0.
 * @param size     The size of buffer in bytes. CMIO_ADDRESS_TEXT_MAX is enough for every address.
 *
 * **Returns** the length of the whole text in bytes, without the NUL. If it is not below size, the
 * text was cut.
 *
 * **Errors**:
 * - -EINVAL: address is NULL, a Unix address or was never set, or buffer is NULL and size is not 0.
 *
 * **Threads**: any thread.
 *
 * **Source**: snprintf(3), inet_ntop(3).
 */
CMIO_API int cmio_address_format_ip(const struct cmio_address *address, char *buffer, size_t size);

/**
 * Makes the address of a host from its bytes.
 *
 * The port and the scope are 0. cmio_address_set_port() sets the port.
 *
 * @param family  AF_INET or AF_INET6.
 * @param bytes   The bytes of the host, in network byte order. Borrowed.
 * @param length  How many bytes there are: 4 for AF_INET, 16 for AF_INET6.
 * @param out     Receives the address.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: an argument is NULL, or length does not fit the family.
 * - -EAFNOSUPPORT: the family is another one.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_address_from_bytes(int family, const void *bytes, size_t length,
                                     struct cmio_address *out);

/**
 * Returns the bytes of the host of an IPv4 or IPv6 address, without port and scope.
 *
 * cmio_address_unix_name() does this for a Unix address.
 *
 * @param address  The address. Borrowed.
 * @param length   Receives how many bytes there are: 4 or 16. Untouched if NULL is returned.
 *
 * **Returns** the bytes, in network byte order, which are part of address. NULL if an argument is
 * NULL, if the address is a Unix address, or if it was never set.
 *
 * **Threads**: any thread.
 */
CMIO_API const void *cmio_address_bytes(const struct cmio_address *address, size_t *length);

/**
 * Makes the Unix address of a path.
 *
 * The path need not exist.
 *
 * @param path  The path, ended by NUL. Copied.
 * @param out   Receives the address.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: an argument is NULL, or the path is empty.
 * - -ENAMETOOLONG: the path with its NUL does not fit into sun_path of sockaddr_un: 108 bytes on
 *   Linux, 104 on the BSDs and macOS.
 *
 * **Threads**: any thread.
 *
 * **Source**: unix(7).
 */
CMIO_API int cmio_address_from_path(const char *path, struct cmio_address *out);

/**
 * Makes the Unix address of an abstract name, on Linux.
 *
 * @param name    The bytes of the name, any of which may be NUL, without the NUL that Linux puts
 *                before them. Copied.
 * @param length  How many bytes the name has, at least 1.
 * @param out     Receives the address.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: an argument is NULL, or length is 0.
 * - -ENOTSUP: the system has no abstract names.
 * - -ENAMETOOLONG: the name with the NUL before it does not fit into sun_path of sockaddr_un, which
 *   has 108 bytes.
 *
 * **Threads**: any thread.
 *
 * **Source**: unix(7).
 */
CMIO_API int cmio_address_from_abstract(const void *name, size_t length, struct cmio_address *out);

/**
 * Makes an address from a sockaddr of the system.
 *
 * IPv4 and IPv6 addresses are copied as they are. A Unix address is brought to one form, because
 * systems disagree on its length: a path ends at its first NUL, and a length beyond the struct
 * counts as its end. Without abstract names, a name that begins with NUL counts as unnamed.
 *
 * @param sockaddr  The address, as from getsockname(2) or accept(2). Copied.
 * @param length    Its length in bytes.
 * @param out       Receives the address.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: an argument is NULL, or length does not fit the family.
 * - -EAFNOSUPPORT: the family is none of AF_INET, AF_INET6 and AF_UNIX.
 *
 * **Threads**: any thread.
 *
 * **Source**: ip(7), ipv6(7), unix(7).
 */
CMIO_API int cmio_address_from_sockaddr(const struct sockaddr *sockaddr, socklen_t length,
                                        struct cmio_address *out);

/**
 * Returns the address in the form that bind(2) and connect(2) take.
 *
 * @param address  The address. Borrowed.
 * @param length   Receives its length in bytes. Untouched if NULL is returned.
 *
 * **Returns** the address, which is part of the argument. NULL if an argument is NULL.
 *
 * **Threads**: any thread.
 */
CMIO_API const struct sockaddr *cmio_address_sockaddr(const struct cmio_address *address,
                                                      socklen_t *length);

/**
 * Returns the family of an address.
 *
 * @param address  The address. Borrowed. NULL is allowed.
 *
 * **Returns** AF_INET, AF_INET6 or AF_UNIX. AF_UNSPEC if address is NULL or was never set.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_address_family(const struct cmio_address *address);

/**
 * Returns the port of an IPv4 or IPv6 address.
 *
 * @param address  The address. Borrowed. NULL is allowed.
 *
 * **Returns** the port in host byte order. 0 if address is NULL, a Unix address or was never set.
 *
 * **Threads**: any thread.
 */
CMIO_API uint16_t cmio_address_port(const struct cmio_address *address);

/**
 * Replaces the port of an IPv4 or IPv6 address.
 *
 * @param address  The address to change.
 * @param port     The port in host byte order.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave address untouched:
 * - -EINVAL: address is NULL, a Unix address or was never set.
 *
 * **Threads**: one thread at a time for an address.
 */
CMIO_API int cmio_address_set_port(struct cmio_address *address, uint16_t port);

/**
 * Copies an IPv4 or IPv6 address with another port.
 *
 * @param address  The address. Borrowed.
 * @param port     The port of the copy in host byte order.
 * @param out      Receives the copy. It may be address itself.
 *
 * **Returns** 0.
 *
 * **Errors**, which leave out untouched:
 * - -EINVAL: a pointer is NULL, or address is a Unix address or was never set.
 *
 * **Threads**: any thread.
 */
CMIO_API int cmio_address_with_port(const struct cmio_address *address, uint16_t port,
                                    struct cmio_address *out);

/**
 * Checks whether an address is of the loopback interface, which only this host reaches.
 *
 * These are 127.0.0.0/8 and `::1`. An IPv4 address inside an IPv6 one, such as "::ffff:127.0.0.1",
 * counts as the IPv4 address. A socket of both families has such addresses for its IPv4 peers.
 *
 * @param address  The address. Borrowed. NULL is allowed.
 *
 * **Returns** true if it is. False for NULL, a Unix address and an address that was never set.
 *
 * **Threads**: any thread.
 *
 * **Source**: RFC 1122, RFC 4291.
 */
CMIO_API bool cmio_address_is_loopback(const struct cmio_address *address);

/**
 * Checks whether an address is of a multicast group.
 *
 * These are 224.0.0.0/4 and `ff00::/8`. An IPv4 address inside an IPv6 one, such as
 * "::ffff:224.0.0.1", counts as the IPv4 address.
 *
 * @param address  The address. Borrowed. NULL is allowed.
 *
 * **Returns** true if it is. False for NULL, a Unix address and an address that was never set.
 *
 * **Threads**: any thread.
 *
 * **Source**: RFC 5771, RFC 4291.
 */
CMIO_API bool cmio_address_is_multicast(const struct cmio_address *address);

/**
 * Checks whether an address is the wildcard, which binds to every interface.
 *
 * These are 0.0.0.0 and `::`, with any port. An IPv4 address inside an IPv6 one, which is
 * "::ffff:0.0.0.0", counts as the IPv4 address.
 *
 * @param address  The address. Borrowed. NULL is allowed.
 *
 * **Returns** true if it is. False for NULL, a Unix address and an address that was never set.
 *
 * **Threads**: any thread.
 *
 * **Source**: ip(7), ipv6(7).
 */
CMIO_API bool cmio_address_is_unspecified(const struct cmio_address *address);

/**
 * Checks whether an address is a Unix address without a path or name.
 *
 * A Unix client that did not bind has such an address.
 *
 * @param address  The address. Borrowed. NULL is allowed.
 *
 * **Returns** true if it is. False for NULL and for other families.
 *
 * **Threads**: any thread.
 *
 * **Source**: unix(7).
 */
CMIO_API bool cmio_address_is_unnamed(const struct cmio_address *address);

/**
 * Returns the path or the abstract name of a Unix address.
 *
 * See cmio_address_is_abstract() for which it is.
 *
 * @param address  The address. Borrowed.
 * @param length   Receives how many bytes there are. It is 0 for an unnamed address. Untouched if
 *                 NULL is returned.
 *
 * **Returns** the bytes, which are part of address and not always ended by NUL. An abstract name
 * begins after the NUL that Linux puts before it. NULL if an argument is NULL or the address is no
 * Unix address.
 *
 * **Threads**: any thread.
 *
 * **Source**: unix(7).
 */
CMIO_API const char *cmio_address_unix_name(const struct cmio_address *address, size_t *length);

/**
 * Checks whether an address is a Unix address with an abstract name.
 *
 * @param address  The address. Borrowed. NULL is allowed.
 *
 * **Returns** true if it is. False for NULL and for other addresses.
 *
 * **Threads**: any thread.
 *
 * **Source**: unix(7).
 */
CMIO_API bool cmio_address_is_abstract(const struct cmio_address *address);

/**
 * Checks whether two addresses are equal.
 *
 * IPv4 and IPv6 addresses are equal if host, port and scope are. Unix addresses are equal if both
 * are a path or both are abstract, and the bytes are equal. An IPv4 address and that address inside
 * an IPv6 one are not equal. The flow label of IPv6 does not count.
 *
 * @param a  An address. Borrowed. NULL is allowed.
 * @param b  An address. Borrowed. NULL is allowed.
 *
 * **Returns** true if they are equal. False if either is NULL or was never set.
 *
 * **Threads**: any thread.
 */
CMIO_API bool cmio_address_equal(const struct cmio_address *a, const struct cmio_address *b);

CMIO_END_DECLS

#endif
