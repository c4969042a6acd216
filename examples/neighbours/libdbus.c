/* SPDX-License-Identifier: MIT */

/*
 * libdbus in a loop on cmio: a service and its client on one thread, with a connection each.
 *
 *     libdbus unix:path=/run/user/1000/bus
 *
 * calls a method of its own through the bus 1,000 times, without waiting for a reply before the
 * next call, and then one that nobody answers, which ends with a timeout.
 */

#include <string.h>

#include <dbus/dbus.h>

#include "check.h"
#include "watch.h"

/* ---- The adapter ---- */

enum { MOST_WATCHES = 8 };

/*
 * One connection. libdbus has two watches on its descriptor, one to read and one to write. cmio
 * takes one registration per descriptor, so the watches are kept here and registered as one.
 */
struct bus {
    struct watch watch;
    struct watches *watches;
    DBusConnection *connection;
    DBusWatch *theirs[MOST_WATCHES]; /* NULL if there is none */
    DBusTimeout *timeouts;           /* a list, by their data */
};

/* Our data of a timeout. */
struct bus_timeout {
    DBusTimeout *next;
    int64_t deadline;
};

static cmio_interest interest_of(DBusWatch *theirs) {
    unsigned flags =
        theirs != NULL && dbus_watch_get_enabled(theirs) ? dbus_watch_get_flags(theirs) : 0;
    return (flags & DBUS_WATCH_READABLE ? CMIO_READABLE : 0) |
           (flags & DBUS_WATCH_WRITABLE ? CMIO_WRITABLE : 0);
}

static int update(struct bus *bus) {
    cmio_interest interest = 0;
    int fd = -1;
    for (int i = 0; i < MOST_WATCHES; i++) {
        interest |= interest_of(bus->theirs[i]);
        if (bus->theirs[i] != NULL)
            fd = dbus_watch_get_unix_fd(bus->theirs[i]);
    }
    return watch_set(bus->watches, &bus->watch, fd, interest);
}

/* Handling one watch may remove or disable the next one. */
static void on_ready(struct watch *watch, uint32_t ready) {
    struct bus *bus = watch->owner;
    for (int i = 0; i < MOST_WATCHES; i++) {
        uint32_t theirs = ready & interest_of(bus->theirs[i]);
        unsigned flags = (theirs & CMIO_READABLE ? DBUS_WATCH_READABLE : 0u) |
                         (theirs & CMIO_WRITABLE ? DBUS_WATCH_WRITABLE : 0u);
        if (flags != 0)
            (void)dbus_watch_handle(bus->theirs[i], flags); /* false without memory: again */
    }
}

static dbus_bool_t replace(struct bus *bus, DBusWatch *old, DBusWatch *new) {
    for (int i = 0; i < MOST_WATCHES; i++)
        if (bus->theirs[i] == old) {
            bus->theirs[i] = new;
            return update(bus) == 0;
        }
    return FALSE;
}

static dbus_bool_t add_watch(DBusWatch *theirs, void *data) {
    return replace(data, NULL, theirs);
}

static void remove_watch(DBusWatch *theirs, void *data) {
    (void)replace(data, theirs, NULL);
}

static void toggle_watch(DBusWatch *theirs, void *data) {
    (void)theirs;
    CHECK(update(data) == 0); /* there is no way to tell libdbus */
}

static void toggle_timeout(DBusTimeout *timeout, void *data) {
    struct bus_timeout *kept = dbus_timeout_get_data(timeout);
    (void)data;
    kept->deadline = dbus_timeout_get_enabled(timeout)
                         ? cmio_now() + dbus_timeout_get_interval(timeout) * CMIO_MILLISECOND
                         : CMIO_FOREVER;
}

static dbus_bool_t add_timeout(DBusTimeout *timeout, void *data) {
    struct bus *bus = data;
    struct bus_timeout *kept = malloc(sizeof *kept);
    if (kept == NULL)
        return FALSE;
    kept->next = bus->timeouts;
    bus->timeouts = timeout;
    dbus_timeout_set_data(timeout, kept, free);
    toggle_timeout(timeout, bus);
    return TRUE;
}

static void remove_timeout(DBusTimeout *timeout, void *data) {
    struct bus *bus = data;
    struct bus_timeout *kept = dbus_timeout_get_data(timeout);
    DBusTimeout **link = &bus->timeouts;
    while (*link != timeout)
        link = &((struct bus_timeout *)dbus_timeout_get_data(*link))->next;
    *link = kept->next;
    dbus_timeout_set_data(timeout, NULL, NULL); /* frees it */
}

/* No wait may last beyond this. While there are messages to dispatch, it is the present time. */
static int64_t bus_deadline(const struct bus *bus) {
    int64_t deadline = CMIO_FOREVER;
    if (dbus_connection_get_dispatch_status(bus->connection) == DBUS_DISPATCH_DATA_REMAINS)
        return cmio_now();
    for (DBusTimeout *timeout = bus->timeouts; timeout != NULL;) {
        const struct bus_timeout *kept = dbus_timeout_get_data(timeout);
        deadline = earlier(deadline, kept->deadline);
        timeout = kept->next;
    }
    return deadline;
}

/* Runs one timeout that is due. Returns whether there was one, as it may have changed the list. */
static bool run_timeout(struct bus *bus, int64_t now) {
    for (DBusTimeout *timeout = bus->timeouts; timeout != NULL;) {
        struct bus_timeout *kept = dbus_timeout_get_data(timeout);
        if (kept->deadline != CMIO_FOREVER && kept->deadline <= now) {
            toggle_timeout(timeout, bus); /* repeats until it is removed */
            (void)dbus_timeout_handle(timeout);
            return true;
        }
        timeout = kept->next;
    }
    return false;
}

/* Call it after every wait. */
static void bus_run(struct bus *bus) {
    for (int64_t now = cmio_now(); run_timeout(bus, now);)
        continue;
    while (dbus_connection_dispatch(bus->connection) == DBUS_DISPATCH_DATA_REMAINS)
        continue;
}

/* The connection must be private. The caller owns it. */
static void bus_attach(struct bus *bus, struct watches *watches, DBusConnection *connection) {
    *bus = (struct bus){.watch = {.on_ready = on_ready, .owner = bus},
                        .watches = watches,
                        .connection = connection};
    CHECK(dbus_connection_set_watch_functions(connection, add_watch, remove_watch, toggle_watch,
                                              bus, NULL));
    CHECK(dbus_connection_set_timeout_functions(connection, add_timeout, remove_timeout,
                                                toggle_timeout, bus, NULL));
}

/* ---- The program ---- */

enum { CALLS = 1000, SHORT_TIMEOUT = 50 }; /* in milliseconds */

static int replies, timeouts;

/* The service. It answers Double, and does not answer Ignore. */
static DBusHandlerResult on_call(DBusConnection *connection, DBusMessage *call, void *user) {
    dbus_int32_t number;
    (void)user;
    if (dbus_message_is_method_call(call, "cmio.Test", "Ignore"))
        return DBUS_HANDLER_RESULT_HANDLED;
    if (!dbus_message_is_method_call(call, "cmio.Test", "Double"))
        return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
    CHECK(dbus_message_get_args(call, NULL, DBUS_TYPE_INT32, &number, DBUS_TYPE_INVALID));
    number *= 2;
    DBusMessage *reply = dbus_message_new_method_return(call);
    CHECK(reply != NULL);
    CHECK(dbus_message_append_args(reply, DBUS_TYPE_INT32, &number, DBUS_TYPE_INVALID));
    CHECK(dbus_connection_send(connection, reply, NULL));
    dbus_message_unref(reply);
    return DBUS_HANDLER_RESULT_HANDLED;
}

static void on_double(DBusPendingCall *pending, void *user) {
    dbus_int32_t number;
    (void)user;
    DBusMessage *reply = dbus_pending_call_steal_reply(pending);
    CHECK(dbus_message_get_type(reply) == DBUS_MESSAGE_TYPE_METHOD_RETURN);
    CHECK(dbus_message_get_args(reply, NULL, DBUS_TYPE_INT32, &number, DBUS_TYPE_INVALID));
    CHECK(number == 2 * replies++);
    dbus_message_unref(reply);
}

static void on_ignore(DBusPendingCall *pending, void *user) {
    (void)user;
    DBusMessage *reply = dbus_pending_call_steal_reply(pending);
    CHECK(dbus_message_is_error(reply, DBUS_ERROR_NO_REPLY));
    timeouts++;
    dbus_message_unref(reply);
}

static void call(struct bus *client, const char *service, const char *method, dbus_int32_t number,
                 int timeout, DBusPendingCallNotifyFunction on_reply) {
    DBusPendingCall *pending;
    DBusMessage *message = dbus_message_new_method_call(service, "/", "cmio.Test", method);
    CHECK(message != NULL);
    CHECK(dbus_message_append_args(message, DBUS_TYPE_INT32, &number, DBUS_TYPE_INVALID));
    CHECK(dbus_connection_send_with_reply(client->connection, message, &pending, timeout));
    CHECK(dbus_pending_call_set_notify(pending, on_reply, NULL, NULL));
    dbus_pending_call_unref(pending);
    dbus_message_unref(message);
}

/* Connecting blocks, and so does the first message to the bus. */
static void bus_open(struct bus *bus, struct watches *watches, const char *address) {
    DBusConnection *connection = dbus_connection_open_private(address, NULL);
    CHECK(connection != NULL && dbus_bus_register(connection, NULL));
    dbus_connection_set_exit_on_disconnect(connection, FALSE);
    bus_attach(bus, watches, connection);
}

static void bus_close(struct bus *bus) {
    dbus_connection_close(bus->connection);
    bus_run(bus); /* takes the message about the closed connection */
    dbus_connection_unref(bus->connection);
}

static void turn(struct bus *service, struct bus *client, int64_t give_up) {
    int64_t deadline = earlier(bus_deadline(service), bus_deadline(client));
    CHECK(cmio_now() < give_up);
    CHECK(watches_turn(service->watches, earlier(deadline, give_up)) >= 0);
    bus_run(service);
    bus_run(client);
}

int main(int argc, char **argv) {
    static const DBusObjectPathVTable object = {.message_function = on_call};
    struct watches watches;
    struct bus service, client;
    CHECK(argc == 2 && watches_open(&watches) == 0);
    bus_open(&service, &watches, argv[1]);
    bus_open(&client, &watches, argv[1]);
    CHECK(dbus_connection_register_object_path(service.connection, "/", &object, NULL));
    const char *name = dbus_bus_get_unique_name(service.connection);
    for (int i = 0; i < CALLS; i++)
        call(&client, name, "Double", i, DBUS_TIMEOUT_INFINITE, on_double);
    call(&client, name, "Ignore", 0, SHORT_TIMEOUT, on_ignore);
    for (int64_t give_up = cmio_now() + longest_wait; replies < CALLS || timeouts < 1;)
        turn(&service, &client, give_up);
    printf("%d replies, %d timeout\n", replies, timeouts);
    bus_close(&service);
    bus_close(&client);
    CHECK(client.watch.interest == 0 && client.timeouts == NULL);
    dbus_shutdown();
    watches_close(&watches);
    return EXIT_SUCCESS;
}
