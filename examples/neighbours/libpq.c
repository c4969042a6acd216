/* SPDX-License-Identifier: MIT */

/*
 * libpq in a loop on cmio: connecting, queries and their results without blocking.
 *
 *     libpq 'host=10.0.0.1,10.0.0.2 user=me dbname=postgres'
 *
 * opens 20 connections, each to the first host that accepts it, sends each a query with a large
 * result, and cancels a query that would take an hour.
 */

#include <string.h>

#include <libpq-fe.h>

#include "check.h"
#include "watch.h"

/* ---- The adapter ---- */

/* One connection. The caller owns it. */
struct pg {
    struct watch watch;
    struct watches *watches;
    PGconn *connection;
    bool is_connecting;
    /* Connecting has ended. PQstatus() returns the result. */
    void (*on_connected)(struct pg *pg);
    /* Takes a result, and must clear it; NULL after the last one of a query. */
    void (*on_result)(struct pg *pg, PGresult *result);
};

static int pg_watch(struct pg *pg, cmio_interest interest) {
    return watch_set(pg->watches, &pg->watch, PQsocket(pg->connection), interest);
}

/*
 * One step of connecting. PQconnectPoll() may close the socket and open the next one, often under
 * the same number, so the watch on the old one is stopped before.
 */
static void pg_connect_step(struct pg *pg) {
    watch_stop(pg->watches, &pg->watch);
    int result = 0;
    switch (PQconnectPoll(pg->connection)) {
    case PGRES_POLLING_READING:
        result = pg_watch(pg, CMIO_READABLE);
        break;
    case PGRES_POLLING_WRITING:
        result = pg_watch(pg, CMIO_WRITABLE);
        break;
    case PGRES_POLLING_OK:
        pg->is_connecting = false;
        result = PQsetnonblocking(pg->connection, 1) == 0 ? pg_watch(pg, CMIO_READABLE) : -EIO;
        if (result == 0)
            pg->on_connected(pg);
        break;
    default:
        result = -ECONNREFUSED;
    }
    if (result < 0)
        pg->on_connected(pg); /* PQstatus() is CONNECTION_BAD, or it is not watched */
}

/* Writes what is left of queries, and watches for room if it cannot write all of it. */
static int pg_flush(struct pg *pg) {
    int left = PQflush(pg->connection);
    return left < 0 ? -EIO : pg_watch(pg, CMIO_READABLE | (left > 0 ? CMIO_WRITABLE : 0));
}

static void on_ready(struct watch *watch, uint32_t ready) {
    struct pg *pg = watch->owner;
    if (pg->is_connecting) {
        pg_connect_step(pg);
        return;
    }
    /* Flush libpq also after a read, because the server may have waited for us to read. */
    bool is_good = !(ready & CMIO_READABLE) || PQconsumeInput(pg->connection) == 1;
    if (!is_good || pg_flush(pg) < 0)
        watch_stop(pg->watches, &pg->watch); /* the results below report the error */
    while (pg->connection != NULL && !PQisBusy(pg->connection)) {
        PGresult *result = PQgetResult(pg->connection);
        pg->on_result(pg, result);
        if (result == NULL)
            break;
    }
}

/* Returns 0 and calls on_connected() later, or a negative errno. Call pg_close() in any case. */
static int pg_connect(struct pg *pg, struct watches *watches, const char *info) {
    pg->watch = (struct watch){.on_ready = on_ready, .owner = pg};
    pg->watches = watches;
    pg->connection = PQconnectStart(info);
    if (pg->connection == NULL)
        return -ENOMEM;
    pg->is_connecting = true;
    if (PQstatus(pg->connection) == CONNECTION_BAD)
        return -ECONNREFUSED;
    return pg_watch(pg, CMIO_WRITABLE);
}

static int pg_query(struct pg *pg, const char *query) {
    return PQsendQuery(pg->connection, query) == 1 ? pg_flush(pg) : -EIO;
}

static void pg_close(struct pg *pg) {
    watch_stop(pg->watches, &pg->watch);
    PQfinish(pg->connection);
    pg->connection = NULL;
}

/* ---- The program ---- */

enum { CONNECTIONS = 20, LARGE = 300000, WAIT_FOR_CANCEL = 50 }; /* the last in milliseconds */

static struct client {
    struct pg pg;
    int number, results;
    bool is_done;
} clients[CONNECTIONS];

static bool was_cancelled;

static void on_connected(struct pg *pg) {
    struct client *client = (struct client *)pg;
    char query[100];
    if (PQstatus(pg->connection) != CONNECTION_OK)
        fprintf(stderr, "libpq: %s", PQerrorMessage(pg->connection));
    CHECK(PQstatus(pg->connection) == CONNECTION_OK);
    (void)snprintf(query, sizeof query, "SELECT %d; SELECT repeat('x', %d)", client->number, LARGE);
    CHECK(pg_query(pg, query) == 0);
}

static void on_result(struct pg *pg, PGresult *result) {
    struct client *client = (struct client *)pg;
    if (result == NULL) {
        client->is_done = true;
        CHECK(client->results == 2);
        return;
    }
    CHECK(PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1);
    if (client->results++ == 0)
        CHECK(strtol(PQgetvalue(result, 0, 0), NULL, 10) == client->number);
    else
        CHECK(PQgetlength(result, 0, 0) == LARGE);
    PQclear(result);
}

static bool all_are_done(void) {
    for (int i = 0; i < CONNECTIONS; i++)
        if (!clients[i].is_done)
            return false;
    return true;
}

static void query_with_all(struct watches *watches, const char *info, int64_t give_up) {
    for (int i = 0; i < CONNECTIONS; i++) {
        clients[i] = (struct client){.number = i};
        clients[i].pg.on_connected = on_connected;
        clients[i].pg.on_result = on_result;
        CHECK(pg_connect(&clients[i].pg, watches, info) == 0);
    }
    while (!all_are_done()) {
        CHECK(cmio_now() < give_up);
        CHECK(watches_turn(watches, give_up) >= 0);
    }
    printf("%d connections to port %s\n", CONNECTIONS, PQport(clients[0].pg.connection));
}

static void on_cancelled(struct pg *pg, PGresult *result) {
    (void)pg;
    if (result == NULL)
        return;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    CHECK(state != NULL && strcmp(state, "57014") == 0); /* query_canceled */
    was_cancelled = true;
    PQclear(result);
}

/* A cancel that comes before the query has begun does nothing, so it is repeated. */
static void cancel(struct watches *watches, struct pg *pg, int64_t give_up) {
    char error[256];
    PGcancel *request = PQgetCancel(pg->connection);
    CHECK(request != NULL);
    pg->on_result = on_cancelled;
    CHECK(pg_query(pg, "SELECT pg_sleep(3600)") == 0);
    while (!was_cancelled) {
        CHECK(cmio_now() < give_up);
        CHECK(PQcancel(request, error, sizeof error) ==
              1); /* it blocks as long as connecting does */
        CHECK(watches_turn(watches, cmio_now() + WAIT_FOR_CANCEL * CMIO_MILLISECOND) >= 0);
    }
    PQfreeCancel(request);
    puts("a query was cancelled");
}

int main(int argc, char **argv) {
    struct watches watches;
    int64_t give_up = cmio_now() + longest_wait;
    CHECK(argc == 2 && watches_open(&watches) == 0);
    query_with_all(&watches, argv[1], give_up);
    cancel(&watches, &clients[0].pg, give_up);
    for (int i = 0; i < CONNECTIONS; i++)
        pg_close(&clients[i].pg);
    watches_close(&watches);
    return EXIT_SUCCESS;
}
