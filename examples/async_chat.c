/* SPDX-License-Identifier: MIT */

/*
 * A chat server of tasks: each line of a client goes to all others. Each client is one coroutine
 * that waits for two things at once: the client's next line, and the next message of the broadcast
 * channel that all share. Nobody waits for a slow reader. It misses the messages that the channel
 * no longer keeps, and is told so. If it reads nothing at all, a timeout cancels the write.
 *
 *     async_chat 127.0.0.1:7782 &
 *     nc 127.0.0.1 7782
 */

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmio/async.h>

#include "async/host.h"
#include "chat/line.h"
#include "common/arguments.h"
#include "common/program.h"

enum { MESSAGES_KEPT = 256 };

struct message {
    uint64_t from; /* the sender, which does not hear it; 0: none */
    size_t length;
    char text[LINE_LENGTH + 64];
};

/* Shared by all clients. */
struct chat {
    struct cmio_broadcast_sender *sender;
    int64_t patience; /* how long a client may take for a message */
    atomic_uint_fast64_t clients;
};

enum { HEAR, READ }; /* the choices of a client */
enum step { STEP_WAIT, STEP_WRITE, STEP_LEAVE };

struct client {
    struct cmio_coroutine coroutine;
    struct chat *chat;
    struct cmio_tcp_stream stream;
    struct cmio_io io;
    struct cmio_broadcast_receiver *receiver;
    uint64_t number;
    const char *farewell; /* NULL: it never joined */
    enum step step;
    struct line line;
    struct message heard;           /* to be written next */
    struct cmio_read_buffer buffer; /* in memory */
    char memory[LINE_LENGTH];
    struct cmio_broadcast_receive_future hear;
    struct cmio_read_until_future read;
    struct cmio_future *choices[2];
    struct cmio_select_future select;
    struct cmio_write_all_future write;
    struct cmio_timeout_future timeout;
};

static void compose(struct message *message, const char *before, uint64_t number, const char *after,
                    const char *what) {
    message->length = (size_t)snprintf(message->text, sizeof message->text, "%s%" PRIu64 "%s%s\n",
                                       before, number, after, what);
}

/* Sends a line about the client, or in its name, to all others. */
static void tell(const struct client *client, const char *before, const char *after,
                 const char *what) {
    struct message message = {.from = client->number};
    compose(&message, before, client->number, after, what);
    (void)cmio_broadcast_send(client->chat->sender, &message); /* fails if nobody is there */
}

/* Takes a line, or a part of one that is longer than the buffer. Length 0 is the stream's end. */
static enum step take_line(struct client *client) {
    ssize_t length = client->read.future.result;
    if (length == -EMSGSIZE)
        length = (ssize_t)cmio_read_buffer_size(&client->buffer);
    if (length <= 0)
        return STEP_LEAVE;
    (void)line_feed(&client->line, cmio_read_buffer_data(&client->buffer), (size_t)length);
    cmio_read_buffer_consume(&client->buffer, (size_t)length);
    if (client->line.is_complete && strcmp(client->line.text, "/quit") == 0)
        return STEP_LEAVE;
    if (client->line.is_complete && client->line.length > 0)
        tell(client, "guest", ": ", client->line.text);
    return STEP_WAIT;
}

/* Takes a message, or the report that some were missed. */
static enum step take_message(struct client *client) {
    ssize_t result = client->hear.future.result;
    if (result == -EOVERFLOW)
        compose(&client->heard, "* you missed ", cmio_broadcast_receiver_missed(client->receiver),
                " messages", "");
    else if (result <= 0)
        return STEP_LEAVE;
    else if (client->heard.from == client->number)
        return STEP_WAIT;
    return STEP_WRITE;
}

static int open_client(struct client *client) {
    int result = cmio_io_bind_tcp_stream(&client->io, NULL, &client->stream);
    if (result == 0)
        result = cmio_broadcast_subscribe(client->chat->sender, &client->receiver);
    (void)cmio_read_buffer_init(&client->buffer, client->memory, sizeof client->memory);
    compose(&client->heard, "* welcome, guest", client->number, ": /quit leaves", "");
    client->step = STEP_WRITE;
    return result;
}

static struct cmio_future *write_message(struct client *client) {
    (void)cmio_write_all_future_init(&client->write, &client->io, client->heard.text,
                                     client->heard.length);
    (void)cmio_timeout_future_init(&client->timeout, &client->write.future, client->chat->patience);
    return &client->timeout.future;
}

/* Restarts whichever has ended. Hearing comes first, so a client that never pauses hears others. */
static struct cmio_future *wait_for_either(struct client *client) {
    if (cmio_future_has_ended(&client->hear.future))
        (void)cmio_broadcast_receive_future_init(&client->hear, client->receiver, &client->heard);
    if (cmio_future_has_ended(&client->read.future))
        (void)cmio_read_until_future_init(&client->read, &client->io, &client->buffer, "\n", 1);
    client->choices[HEAR] = &client->hear.future;
    client->choices[READ] = &client->read.future;
    (void)cmio_select_future_init(&client->select, client->choices, 2);
    return &client->select.future;
}

static enum cmio_future_state run_client(struct cmio_coroutine *coroutine,
                                         struct cmio_context *context) {
    struct client *client = (struct client *)coroutine;
    CMIO_BEGIN(coroutine, context);
    if (open_client(client) < 0)
        CMIO_RETURN(0);
    client->farewell = "left";
    tell(client, "* guest", " ", "joined");
    while (client->step != STEP_LEAVE) {
        if (client->step == STEP_WRITE) {
            CMIO_AWAIT(write_message(client));
            if (client->timeout.future.result == -ETIMEDOUT)
                client->farewell = "was too slow";
            if (client->timeout.future.result < 0)
                break;
        }
        CMIO_AWAIT(wait_for_either(client));
        client->step =
            client->select.future.result == HEAR ? take_message(client) : take_line(client);
    }
    CMIO_FINALLY;
    cmio_future_drop(&client->hear.future);
    cmio_future_drop(&client->read.future);
    cmio_broadcast_receiver_drop(client->receiver);
    if (client->farewell != NULL)
        tell(client, "* guest", " ", client->farewell);
    (void)cmio_io_close(&client->io);
    (void)cmio_tcp_stream_close(&client->stream);
    CMIO_END;
}

static int serve(void *owner, struct cmio_tcp_stream *stream) {
    struct chat *chat = owner;
    struct client client = {.chat = chat, .stream = *stream};
    client.number = atomic_fetch_add(&chat->clients, 1) + 1;
    (void)cmio_coroutine_init(&client.coroutine, run_client);
    return cmio_spawn(NULL, &client.coroutine.future, sizeof client, NULL, NULL);
}

static const char help[] =
    "usage: async_chat [OPTION]... [ADDRESS]\n"
    "Sends each line of a client to all others. ADDRESS is numeric, such as 127.0.0.1:80 or\n"
    "[::1]:80. Port 0 stands for a free port. The default is 127.0.0.1:7782.\n\n"
    "  --patience TIME  drop a client that reads nothing for this long, such as 500ms (10s)\n"
    "  -h, --help       print this help\n\n"
    "When it is ready, it prints one line: listening on ADDRESS\n"
    "Exit status: 0 after SIGINT or SIGTERM, 1 on failure, 2 if the arguments are invalid.\n";

int main(int argc, char **argv) {
    struct chat chat = {.patience = 10 * CMIO_SECOND};
    const struct argument options[] = {{.name = "patience", .time = &chat.patience}, {0}};
    struct cmio_broadcast_receiver *nobody;
    struct cmio_address address;
    program_start("async_chat");
    int status = arguments_parse_server(options, help, "127.0.0.1:7782", argc, argv, &address);
    if (status >= 0)
        return status;
    if (cmio_broadcast_new(&chat.sender, &nobody, sizeof(struct message), MESSAGES_KEPT) < 0)
        return host_complain("cannot make a channel", -ENOMEM);
    cmio_broadcast_receiver_drop(nobody);
    status = host_run(CMIO_CURRENT_THREAD, &address, serve, &chat);
    cmio_broadcast_sender_drop(chat.sender);
    return status;
}
