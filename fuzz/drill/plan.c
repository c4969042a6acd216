/* SPDX-License-Identifier: MIT */

/* Any file as a plan: it is read or complained of, with a place, and nothing is left behind. */

#include <stdint.h>
#include <stdlib.h>

#include "plan.h"
#include "request.h"

static void check(const struct complaint *complaint) {
    if (complaint->place.line == 0 || complaint->place.column == 0 || complaint->message[0] == '\0')
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct plan plan;
    struct complaint complaint = {.message = ""};
    struct requests requests;
    if (plan_parse((const char *)data, size, &plan, &complaint) != 0) {
        check(&complaint);
        return 0;
    }
    if (requests_make(&plan, NULL, &requests, &complaint) == 0)
        requests_free(&requests);
    else
        check(&complaint);
    plan_free(&plan);
    return 0;
}
