/* SPDX-License-Identifier: MIT */

/*
 * OpenSSL in a loop on cmio: an echo server over TLS, in two ways.
 *
 *     openssl bio certificate.pem key.pem
 *     openssl fd certificate.pem key.pem
 *
 * With "bio", OpenSSL reads and writes through a BIO on a cmio stream. cmio does the I/O, so its
 * edges arm themselves. With "fd", OpenSSL itself does the I/O on the descriptor, and the program
 * rearms the direction that OpenSSL waits for. The rest of the server is the same.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "check.h"
#include "server.h"

/* ---- The adapter: a BIO on a cmio stream ---- */

static int stream_result(BIO *bio, ssize_t result, int retry) {
    BIO_clear_retry_flags(bio);
    if (result == -EAGAIN || result == -EINTR)
        BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
    return result < 0 ? -1 : (int)result;
}

static int stream_read(BIO *bio, char *buffer, int length) {
    ssize_t n = cmio_tcp_stream_read(BIO_get_data(bio), buffer, (size_t)length);
    return stream_result(bio, n, BIO_FLAGS_READ);
}

static int stream_write(BIO *bio, const char *buffer, int length) {
    ssize_t n = cmio_tcp_stream_write(BIO_get_data(bio), buffer, (size_t)length);
    return stream_result(bio, n, BIO_FLAGS_WRITE);
}

static long stream_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH; /* nothing is held back; others are unknown */
}

static int stream_create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

/* One method serves all BIOs. Free it with BIO_meth_free() at the end. */
static BIO_METHOD *stream_method_new(void) {
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "cmio stream");
    CHECK(method != NULL);
    BIO_meth_set_read(method, stream_read);
    BIO_meth_set_write(method, stream_write);
    BIO_meth_set_ctrl(method, stream_control);
    BIO_meth_set_create(method, stream_create);
    return method;
}

/* The BIO borrows the stream. */
static int use_bio(SSL *ssl, const BIO_METHOD *method, struct cmio_tcp_stream *stream) {
    BIO *bio = BIO_new(method);
    if (bio == NULL)
        return -ENOMEM;
    BIO_set_data(bio, stream);
    SSL_set_bio(ssl, bio, bio); /* ssl owns it from now on */
    return 0;
}

/* ---- The adapter: the simple way ---- */

static int use_fd(SSL *ssl, const struct cmio_tcp_stream *stream) {
    return SSL_set_fd(ssl, cmio_tcp_stream_fd(stream)) == 1 ? 0 : -ENOMEM;
}

/* Call it after OpenSSL has failed. Returns 0 if it only has to wait, with the stream armed. */
static int rearm(SSL *ssl, int returned, struct cmio_tcp_stream *stream) {
    switch (SSL_get_error(ssl, returned)) {
    case SSL_ERROR_WANT_READ:
        return cmio_source_rearm(&stream->source, CMIO_READABLE);
    case SSL_ERROR_WANT_WRITE:
        return cmio_source_rearm(&stream->source, CMIO_WRITABLE);
    default:
        return -ECONNRESET; /* the end, or a failure */
    }
}

/* ---- The program ---- */

enum { ROUNDS_A_TURN = 16 };

static const cmio_interest both = CMIO_READABLE | CMIO_WRITABLE;

struct client {
    struct cmio_tcp_stream stream;
    struct link link;
    SSL *ssl;
    int begin, end; /* the bytes still to be written back */
    char buffer[16 * 1024];
};

static SSL_CTX *context;
static BIO_METHOD *method; /* NULL for "fd" */
static int clients_served;

/* A source is in a batch at most once, so no other event of this client is left in it. */
static void client_free(void *freed) {
    struct client *client = freed;
    link_out(&client->link);
    SSL_free(client->ssl);
    (void)cmio_tcp_stream_close(&client->stream);
    free(client);
}

static void client_new(struct server *server) {
    struct client *client = calloc(1, sizeof *client);
    CHECK(client != NULL);
    link_in(&server->clients, &client->link, client);
    int result = cmio_tcp_listener_accept(&server->listener, &client->stream, NULL);
    client->ssl = result == 0 ? SSL_new(context) : NULL;
    if (client->ssl == NULL) {
        client_free(client);
        return;
    }
    SSL_set_accept_state(client->ssl); /* the first SSL_read() does the handshake */
    result = method != NULL ? use_bio(client->ssl, method, &client->stream)
                            : use_fd(client->ssl, &client->stream);
    CHECK(result == 0);
    CHECK(cmio_poll_register(server->poll, &client->stream.source, (cmio_token)client, both) == 0);
    clients_served++;
}

/* Reads or writes once. Returns the result of OpenSSL. */
static int client_step(struct client *client) {
    int n;
    if (client->begin < client->end) {
        n = SSL_write(client->ssl, client->buffer + client->begin, client->end - client->begin);
        client->begin += n > 0 ? n : 0;
    } else {
        n = SSL_read(client->ssl, client->buffer, (int)sizeof client->buffer);
        client->begin = 0;
        client->end = n > 0 ? n : 0;
    }
    return n;
}

/* Goes on until OpenSSL has to wait, or until the turn is over; then it asks for another event. */
static void client_on_event(struct server *server, void *ready) {
    struct client *client = ready;
    int n = 1;
    ERR_clear_error(); /* or SSL_get_error() reports another client's failure for this one */
    for (int round = 0; round < ROUNDS_A_TURN && n > 0; round++)
        n = client_step(client);
    int result =
        n > 0 ? cmio_poll_reregister(server->poll, &client->stream.source, (cmio_token)client, both)
              : rearm(client->ssl, n, &client->stream);
    if (result == 0)
        return;
    if (SSL_get_error(client->ssl, n) == SSL_ERROR_ZERO_RETURN)
        (void)SSL_shutdown(client->ssl); /* in return, without waiting until it arrives */
    client_free(client);
}

static void use_files(char **names) {
    context = SSL_CTX_new(TLS_server_method());
    CHECK(context != NULL);
    CHECK(SSL_CTX_use_certificate_chain_file(context, names[0]) == 1);
    CHECK(SSL_CTX_use_PrivateKey_file(context, names[1], SSL_FILETYPE_PEM) == 1);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
}

int main(int argc, char **argv) {
    struct server server = {
        .on_listener = client_new, .on_client = client_on_event, .free_client = client_free};
    CHECK(argc == 4 && (strcmp(argv[1], "bio") == 0 || strcmp(argv[1], "fd") == 0));
    CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR); /* OpenSSL writes to a descriptor with write(2) */
    use_files(argv + 2);
    method = strcmp(argv[1], "bio") == 0 ? stream_method_new() : NULL;
    server_open(&server);
    server_run(&server);
    printf("%d clients\n", clients_served);
    server_close(&server);
    BIO_meth_free(method);
    SSL_CTX_free(context);
    return EXIT_SUCCESS;
}
