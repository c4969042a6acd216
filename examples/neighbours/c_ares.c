/* SPDX-License-Identifier: MIT */

/*
 * c-ares in a loop on cmio: names are looked up without blocking and without threads.
 *
 *     c_ares 127.0.0.1:5353
 *
 * asks this name server (several are separated by commas) for h0.test to h99.test, which are
 * 10.0.0.0 to 10.0.0.99, for missing.test, and for a text that is too long for a datagram.
 */

#include <netdb.h>
#include <string.h>
#include <sys/time.h>

#include <ares.h>
#include <arpa/nameser.h>

#include "check.h"
#include "watch.h"

/* ---- The adapter ---- */

struct ares_socket {
    struct watch watch;
    struct ares_socket *next;
    ares_socket_t fd;
};

struct ares_loop {
    struct watches *watches;
    ares_channel channel;
    struct ares_socket *sockets; /* c-ares only reports numbers, so they must be found again */
};

static void on_ready(struct watch *watch, uint32_t ready) {
    struct ares_loop *loop = watch->owner;
    ares_socket_t fd = cmio_fd_source_fd(&watch->source); /* c-ares may make us free the watch */
    ares_process_fd(loop->channel, ready & CMIO_READABLE ? fd : ARES_SOCKET_BAD,
                    ready & CMIO_WRITABLE ? fd : ARES_SOCKET_BAD);
}

static struct ares_socket **find_socket(struct ares_loop *loop, ares_socket_t fd) {
    struct ares_socket **link = &loop->sockets;
    while (*link != NULL && (*link)->fd != fd)
        link = &(*link)->next;
    return link;
}

static struct ares_socket *new_socket(struct ares_loop *loop, ares_socket_t fd) {
    struct ares_socket *made = calloc(1, sizeof *made);
    CHECK(made != NULL); /* there is no way to tell c-ares of a failure */
    made->watch.on_ready = on_ready;
    made->watch.owner = loop;
    made->fd = fd;
    return made;
}

/* c-ares reports what it waits for. Before it closes a socket, it reports neither direction. */
static void on_state(void *data, ares_socket_t fd, int readable, int writable) {
    struct ares_loop *loop = data;
    struct ares_socket **link = find_socket(loop, fd), *found = *link;
    if (readable || writable) {
        if (found == NULL)
            found = *link = new_socket(loop, fd);
        cmio_interest interest = (readable ? CMIO_READABLE : 0) | (writable ? CMIO_WRITABLE : 0);
        CHECK(watch_set(loop->watches, &found->watch, fd, interest) == 0);
    } else if (found != NULL) {
        *link = found->next;
        watch_stop(loop->watches, &found->watch);
        free(found);
    }
}

static int ares_loop_open(struct ares_loop *loop, struct watches *watches,
                          struct ares_options *options, int mask) {
    *loop = (struct ares_loop){.watches = watches};
    options->sock_state_cb = on_state;
    options->sock_state_cb_data = loop;
    return ares_init_options(&loop->channel, options, mask | ARES_OPT_SOCK_STATE_CB);
}

/* When c-ares must be called without an event. Call it before every wait. */
static int64_t ares_loop_deadline(struct ares_loop *loop) {
    struct timeval left;
    if (ares_timeout(loop->channel, NULL, &left) == NULL)
        return CMIO_FOREVER;
    return cmio_now() + left.tv_sec * CMIO_SECOND + left.tv_usec * CMIO_MICROSECOND;
}

/* Call it after every wait. c-ares repeats questions that had no answer in time. */
static void ares_loop_run_timeouts(struct ares_loop *loop) {
    ares_process_fd(loop->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* ---- The program ---- */

enum { HOSTS = 100, SHORTEST_TEXT = 1000 };

static int answers;

static void on_address(void *user, int status, int timeouts, struct ares_addrinfo *result) {
    int number = *(const int *)user;
    (void)timeouts;
    CHECK(status == ARES_SUCCESS && result->nodes != NULL);
    const struct sockaddr_in *address = (const void *)result->nodes->ai_addr;
    CHECK(address->sin_family == AF_INET);
    CHECK(ntohl(address->sin_addr.s_addr) == (UINT32_C(10) << 24) + (uint32_t)number);
    ares_freeaddrinfo(result);
    answers++;
}

static void on_missing(void *user, int status, int timeouts, struct ares_addrinfo *result) {
    (void)user;
    (void)timeouts;
    CHECK(status == ARES_ENOTFOUND || status == ARES_ENODATA);
    CHECK(result == NULL);
    answers++;
}

static void on_text(void *user, int status, int timeouts, unsigned char *answer, int length) {
    struct ares_txt_reply *texts;
    size_t sum = 0;
    (void)user;
    (void)timeouts;
    CHECK(status == ARES_SUCCESS && length > SHORTEST_TEXT);
    CHECK(ares_parse_txt_reply(answer, length, &texts) == ARES_SUCCESS);
    for (const struct ares_txt_reply *text = texts; text != NULL; text = text->next)
        sum += text->length;
    CHECK(sum >= SHORTEST_TEXT);
    ares_free_data(texts);
    answers++;
}

static int ask(ares_channel channel) {
    static int numbers[HOSTS];
    static const struct ares_addrinfo_hints hints = {.ai_family = AF_INET};
    for (int i = 0; i < HOSTS; i++) {
        char name[20];
        numbers[i] = i;
        (void)snprintf(name, sizeof name, "h%d.test", i);
        ares_getaddrinfo(channel, name, NULL, &hints, on_address, &numbers[i]);
    }
    ares_getaddrinfo(channel, "missing.test", NULL, &hints, on_missing, NULL);
    ares_query(channel, "text.test", ns_c_in, ns_t_txt, on_text, NULL);
    return HOSTS + 2;
}

int main(int argc, char **argv) {
    struct watches watches;
    struct ares_loop loop;
    char lookups[] = "b"; /* only name servers, no /etc/hosts */
    struct ares_options options = {.timeout = 200, .tries = 10, .lookups = lookups};
    int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS;
    CHECK(argc == 2 && watches_open(&watches) == 0);
    CHECK(ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS);
    CHECK(ares_loop_open(&loop, &watches, &options, mask) == ARES_SUCCESS);
    CHECK(ares_set_servers_ports_csv(loop.channel, argv[1]) == ARES_SUCCESS);
    int questions = ask(loop.channel);
    for (int64_t give_up = cmio_now() + longest_wait; answers < questions;) {
        CHECK(cmio_now() < give_up);
        CHECK(watches_turn(&watches, earlier(ares_loop_deadline(&loop), give_up)) >= 0);
        ares_loop_run_timeouts(&loop);
    }
    printf("%d answers\n", answers);
    ares_destroy(loop.channel);
    CHECK(loop.sockets == NULL);
    ares_library_cleanup();
    watches_close(&watches);
    return EXIT_SUCCESS;
}
