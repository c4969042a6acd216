/* SPDX-License-Identifier: MIT */
/* The only file of the library that reads errno: getaddrinfo(3) may leave its error there. */
#include "async/lookup.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Some systems return EAI_NODATA or EAI_ADDRFAMILY, not in POSIX, for a name without an address. */
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

/* flags are those of getaddrinfo(3). With AI_NUMERICHOST it does not block. */
static int run_lookup(struct cmio__lookup *lookup, int flags) {
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags};
    return error_of(getaddrinfo(lookup->host, NULL, &hints, &lookup->found));
}

static ssize_t run_lookup_job(void *argument) {
    return run_lookup(argument, AI_ADDRCONFIG);
}

static void free_lookup_job(void *argument) {
    cmio__lookup_free(argument);
}

int cmio__lookup_begin(const char *host, uint16_t port, struct cmio__lookup **out,
                       struct cmio_blocking_future *job) {
    if (host == NULL || *host == '\0')
        return -EINVAL;
    const size_t length = strnlen(host, CMIO_HOST_NAME_MAX + 1);
    if (length > CMIO_HOST_NAME_MAX)
        return -ENAMETOOLONG;
    struct cmio__lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL)
        return -ENOMEM;
    memcpy(lookup->host, host, length + 1);
    lookup->port = port;
    *job = (struct cmio_blocking_future){0};
    int error = run_lookup(lookup, AI_NUMERICHOST);
    if (error != 0)
        error = cmio_blocking_future_init(job, run_lookup_job, lookup, free_lookup_job);
    if (error != 0)
        cmio__lookup_free(lookup);
    else
        *out = lookup;
    return error;
}

int cmio__lookup_address(const struct cmio__lookup *lookup, const struct addrinfo *info,
                         struct cmio_address *out) {
    const int error = cmio_address_from_sockaddr(info->ai_addr, info->ai_addrlen, out);
    if (error != 0)
        return error;
    if (info->ai_family == AF_INET)
        out->u.v4.sin_port = htons(lookup->port);
    else
        out->u.v6.sin6_port = htons(lookup->port);
    return 0;
}

ssize_t cmio__lookup_addresses(const struct cmio__lookup *lookup, struct cmio_address *addresses,
                               size_t capacity) {
    size_t count = 0;
    for (const struct addrinfo *info = lookup->found; info != NULL; info = info->ai_next) {
        struct cmio_address address;
        if (cmio__lookup_address(lookup, info, &address) != 0)
            continue; /* of a family that cmio does not support */
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
