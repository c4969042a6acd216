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

static void show(const struct cmio_address *address) {
    char text[CMIO_ADDRESS_TEXT_MAX];
    if (cmio_address_format(address, text, sizeof text) < 0)
        return;
    printf("%s", text);
    if (cmio_address_family(address) == AF_UNIX) {
        size_t length;
        const char *name = cmio_address_unix_name(address, &length);
        if (!cmio_address_is_unnamed(address))
            printf(", %s %.*s",
                   cmio_address_is_abstract(address) ? "name" : "path",
                   (int)length, name);
    } else {
        (void)cmio_address_format_ip(address, text, sizeof text);
        printf(", host %s, port %u", text, cmio_address_port(address));
    }
    puts("");
}

int main(void) {
    struct cmio_address v4, v6, other, local;
    check(cmio_address_parse("127.0.0.1:6969", &v4));
    check(cmio_address_parse_ip("::1", 6969, &v6));
    check(cmio_address_with_port(&v4, 7000, &other));
    check(cmio_address_set_port(&v6, 7000));
    check(cmio_address_from_path("/run/example.sock", &local));
    show(&v4);
    show(&v6);
    show(&other);
    show(&local);
    printf("equal: %s\n",
           cmio_address_equal(&v4, &other) ? "yes" : "no");
    return 0;
}
