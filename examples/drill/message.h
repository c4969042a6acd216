/* SPDX-License-Identifier: MIT */
#ifndef DRILL_MESSAGE_H
#define DRILL_MESSAGE_H

/* The text of a request (RFC 9112 section 3), written into a struct request. */

#include "request.h"
#include "template.h"
#include "url.h"

/* The methods of RFC 9110 section 9 and RFC 5789 that apply to a url. */
struct method {
    const char *name;
    bool idempotent;
    bool takes_content; /* so without content, send Content-Length: 0 */
};

/* The method of that name, in any case. GET if name is NULL. NULL if there is none. */
const struct method *method_find(const char *name);

/* The parts of a message, with their variables replaced. */
struct message {
    const struct method *method;
    const struct url *url;
    const struct expanded *target; /* the text that url points into, with its holes */
    const struct pairs *headers;
    const struct expanded *values; /* one for each of the headers */
    const struct expanded *body;   /* NULL: none */
};

/* Writes the message into the request. False if there is no memory. */
bool message_write(const struct message *message, struct request *request);

#endif
