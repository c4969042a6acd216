/* SPDX-License-Identifier: MIT */
#include "outcome.h"

#include <errno.h>
#include <stddef.h>

static const struct {
    const char *text;
    const char *key;
} names[OUTCOMES] = {
    [OUTCOME_PENDING] = {"pending", "pending"},
    [OUTCOME_SUCCESS] = {"success", "success"},
    [OUTCOME_STATUS] = {"status 400 or above", "status"},
    [OUTCOME_REFUSED] = {"connection refused", "refused"},
    [OUTCOME_UNREACHABLE] = {"host unreachable", "unreachable"},
    [OUTCOME_RESET] = {"connection reset", "reset"},
    [OUTCOME_CLOSED] = {"closed too early", "closed"},
    [OUTCOME_TIMEOUT] = {"timeout", "timeout"},
    [OUTCOME_MALFORMED] = {"malformed answer", "malformed"},
    [OUTCOME_NO_PORT] = {"no local port left", "no_port"},
    [OUTCOME_NO_DESCRIPTOR] = {"no descriptor left", "no_descriptor"},
    [OUTCOME_ERROR] = {"other error", "error"},
};

static const struct {
    int error;
    enum outcome outcome;
} errors[] = {
    {ECONNREFUSED, OUTCOME_REFUSED},     {ENETUNREACH, OUTCOME_UNREACHABLE},
    {EHOSTUNREACH, OUTCOME_UNREACHABLE}, {ENETDOWN, OUTCOME_UNREACHABLE},
    {EHOSTDOWN, OUTCOME_UNREACHABLE},    {ECONNRESET, OUTCOME_RESET},
    {ECONNABORTED, OUTCOME_RESET},       {EPIPE, OUTCOME_RESET},
    {ETIMEDOUT, OUTCOME_TIMEOUT},        {EADDRNOTAVAIL, OUTCOME_NO_PORT},
    {EMFILE, OUTCOME_NO_DESCRIPTOR},     {ENFILE, OUTCOME_NO_DESCRIPTOR},
};

enum outcome outcome_of_error(long error) {
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].error == -error)
            return errors[i].outcome;
    return OUTCOME_ERROR;
}

const char *outcome_text(enum outcome outcome) {
    return names[outcome].text;
}

const char *outcome_key(enum outcome outcome) {
    return names[outcome].key;
}
