/* SPDX-License-Identifier: MIT */
#include "server.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool leads_to(const struct server *server, const char *host, size_t length, uint16_t port) {
    return server->port == port && strncasecmp(server->host, host, length) == 0 &&
           server->host[length] == '\0';
}

int servers_add(struct servers *servers, const char *host, size_t length, uint16_t port,
                struct place place, uint32_t *index) {
    for (uint32_t i = 0; i < servers->count; i++) {
        if (leads_to(&servers->list[i], host, length, port)) {
            *index = i;
            return 0;
        }
    }
    struct server *list = realloc(servers->list, (servers->count + 1) * sizeof *list);
    if (list == NULL)
        return -ENOMEM;
    servers->list = list;
    struct server server = {.host = strndup(host, length), .port = port, .place = place};
    if (server.host == NULL)
        return -ENOMEM;
    *index = servers->count;
    servers->list[servers->count++] = server;
    return 0;
}

/* Adds the address of a numeric host. False if it is a name. */
static bool add_numeric(struct server *server, const char *host) {
    if (cmio_address_parse_ip(host, server->port, &server->addresses[server->count]) != 0)
        return false;
    server->count++;
    return true;
}

static void add_found(struct server *server, const struct addrinfo *found) {
    for (; found != NULL && server->count < SERVER_ADDRESSES_MAX; found = found->ai_next) {
        struct cmio_address *address = &server->addresses[server->count];
        if (cmio_address_from_sockaddr(found->ai_addr, found->ai_addrlen, address) == 0 &&
            cmio_address_set_port(address, server->port) == 0)
            server->count++;
    }
}

static int resolve(struct server *server, struct complaint *complaint) {
    static const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    server->count = 0;
    if (add_numeric(server, server->host))
        return 0;
    if (strcasecmp(server->host, "localhost") == 0)
        return add_numeric(server, "127.0.0.1") && add_numeric(server, "::1") ? 0 : -1;
    struct addrinfo *found = NULL;
    int error = getaddrinfo(server->host, NULL, &hints, &found);
    char name[QUOTED_MAX];
    (void)quoted(server->host, strlen(server->host), name);
    if (error != 0)
        return complain(complaint, server->place, "url: the host %s cannot be looked up: %s", name,
                        gai_strerror(error));
    add_found(server, found);
    freeaddrinfo(found);
    if (server->count == 0)
        return complain(complaint, server->place, "url: the host %s has no address", name);
    return 0;
}

int servers_resolve(struct servers *servers, struct complaint *complaint) {
    for (uint32_t i = 0; i < servers->count; i++)
        if (resolve(&servers->list[i], complaint) != 0)
            return -1;
    return 0;
}

void servers_free(struct servers *servers) {
    for (uint32_t i = 0; i < servers->count; i++)
        free(servers->list[i].host);
    free(servers->list);
    *servers = (struct servers){0};
}
