/* SPDX-License-Identifier: MIT */
/* The one file of the library that reads errno: getaddrinfo(3) may leave its error there. */
#include "async/lookup.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

/* EAI_NODATA and EAI_ADDRFAMILY, which some systems give for a name without an address, are not POSIX. */
static int error_of(int code) {
    switch (code) {
    case 0:
        return 0;
    case EAI_AGAIN:
        return -EAGAIN;
    case EAI_MEMORY:
        return -ENOMEM;
    case EAI_SYSTEM:
        return errno != 0 ? -errno : -EIO;
    case EAI_FAIL:
        return -EIO;
    default:
        return -ENOENT;
    }
}

int cmio__lookup_run(struct cmio__lookup *lookup, int flags) {
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
    return error_of(getaddrinfo(lookup->host, NULL, &hints, &lookup->found));
}

static int address_of(const struct addrinfo *info, uint16_t port, struct cmio_address *out) {
    const int error = cmio_address_from_sockaddr(info->ai_addr, info->ai_addrlen, out);
    if (error != 0)
        return error;
    if (info->ai_family == AF_INET)
        out->u.v4.sin_port = htons(port);
    else
        out->u.v6.sin6_port = htons(port);
    return 0;
}

ssize_t cmio__lookup_addresses(const struct cmio__lookup *lookup, struct cmio_address *addresses,
                               size_t capacity) {
    size_t count = 0;
    for (const struct addrinfo *info = lookup->found; info != NULL; info = info->ai_next) {
        struct cmio_address address;
        if (address_of(info, lookup->port, &address) != 0)
            continue; /* of a family that cmio does not know */
        if (count < capacity)
            addresses[count] = address;
        count++;
    }
    return count > 0 ? (ssize_t)count : -ENOENT;
}

void cmio__lookup_free(struct cmio__lookup *lookup) {
    if (lookup == NULL)
        return;
    if (lookup->found != NULL)
        freeaddrinfo(lookup->found);
    free(lookup);
}
