/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/cmio.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

static const char *kind(const struct cmio_address *address) {
    if (cmio_address_is_loopback(address))
        return "loopback";
    if (cmio_address_is_multicast(address))
        return "multicast";
    return cmio_address_is_unspecified(address) ? "wildcard" : "host";
}

/* Addresses as protocols and system calls have them. */
int main(void) {
    static const unsigned char group[4] = {224, 0, 0, 251};
    struct cmio_address address, copy, name;
    int error;
    check(
        cmio_address_from_bytes(AF_INET, group, sizeof group, &address));
    socklen_t size;
    const struct sockaddr *sockaddr =
        cmio_address_sockaddr(&address, &size);
    check(cmio_address_from_sockaddr(sockaddr, size, &copy));
    size_t length;
    const unsigned char *bytes = cmio_address_bytes(&copy, &length);
    printf("%zu bytes, %u.%u.%u.%u: %s\n", length, bytes[0], bytes[1],
           bytes[2], bytes[3], kind(&copy));

    error = cmio_address_from_abstract("example", 7, &name); /* Linux */
    printf("a name without a file: %s\n", cmio_strerror(error));
    return 0;
}
