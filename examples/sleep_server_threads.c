/* SPDX-License-Identifier: MIT */

/*
 * The sleep server's second form: still blocking calls, but a thread for each connection. Requests
 * no longer wait for each other. The price is a stack and a place in the scheduler for each
 * connection, although all that it does is sleep.
 */

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmio/time.h>

#include "server/blocking.h"
#include "server/stop.h"

enum {
    STACK_SIZE = 256 * 1024, /* the system's default would be megabytes */
    PAUSE_NANOSECONDS = 100 * 1000 * 1000,
};

/* Shared by all threads. */
static struct blocking_server server;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t connection_closed = PTHREAD_COND_INITIALIZER;
static size_t connections;

/* Waits until a connection is closed, but not for long, because a signal does not end this wait. */
static void pause_for_close(void) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += PAUSE_NANOSECONDS;
    until.tv_sec += until.tv_nsec / CMIO_SECOND;
    until.tv_nsec %= CMIO_SECOND;
    pthread_cond_timedwait(&connection_closed, &lock, &until);
}

/* Waits until --max-connections leaves room for one more, or until the grace is over. */
static void wait_for_room(void) {
    pthread_mutex_lock(&lock);
    while (connections >= server.service.options.max_connections && stop_leaves_time())
        pause_for_close();
    pthread_mutex_unlock(&lock);
}

static void wait_for_all(void) {
    pthread_mutex_lock(&lock);
    while (connections > 0)
        pthread_cond_wait(&connection_closed, &lock);
    pthread_mutex_unlock(&lock);
}

static void count_connection(bool opened) {
    pthread_mutex_lock(&lock);
    connections = opened ? connections + 1 : connections - 1;
    pthread_cond_signal(&connection_closed);
    pthread_mutex_unlock(&lock);
}

static void *run_on_thread(void *argument) {
    blocking_server_serve(&server, (int)(intptr_t)argument);
    count_connection(false);
    return NULL;
}

static int start_thread(int fd) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* The new thread inherits the mask, so that signals go to the thread that accepts. */
    stop_block_signals();
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, run_on_thread, (void *)(intptr_t)fd);
    stop_unblock_signals();
    pthread_attr_destroy(&attributes);
    return -error;
}

/* Starts a thread for the connection. While the system has no more threads, it waits for one. */
static void serve(int fd) {
    count_connection(true);
    while (start_thread(fd) < 0) {
        pthread_mutex_lock(&lock);
        pause_for_close();
        pthread_mutex_unlock(&lock);
        if (stop_leaves_time())
            continue;
        close(fd);
        count_connection(false);
        return;
    }
}

int main(int argc, char **argv) {
    int status = blocking_server_start(&server, "sleep_server_threads",
                                       "Serves sleep over HTTP with a thread for each connection.",
                                       argc, argv);
    if (status >= 0)
        return status;
    wait_for_room();
    for (int fd; (fd = blocking_server_accept(&server)) >= 0; wait_for_room())
        serve(fd);
    wait_for_all();
    blocking_server_end(&server);
    return 0;
}
