/* SPDX-License-Identifier: MIT */

/*
 * The sleep server as everyone first writes it: one thread, blocking calls, one connection after
 * the other. While one request sleeps, all others wait in the kernel's queue, so ten requests of
 * one second each take ten seconds.
 */

#include "server/blocking.h"

static void serve(struct blocking_server *server, int fd) {
    blocking_server_serve(server, fd);
}

int main(int argc, char **argv) {
    static struct blocking_server server;
    int status = blocking_server_start(
        &server, "sleep_server_single",
        "Serves sleep over HTTP with one thread, one request at a time.", argc, argv);
    if (status >= 0)
        return status;
    for (int fd; (fd = blocking_server_accept(&server)) >= 0;)
        serve(&server, fd);
    blocking_server_end(&server);
    return 0;
}
