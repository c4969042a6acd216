/* SPDX-License-Identifier: MIT */

/*
 * The answer of any server, in pieces of any size: the parser stays within its bytes, and what it
 * makes of them does not depend on how they were split. The first byte says whether the answer is
 * to HEAD, the second how long the pieces are.
 */

#include <stdint.h>
#include <stdlib.h>

#include "response.h"

struct verdict {
    enum response_result result;
    size_t used;
};

/* Feeds the bytes, at most step of them at once. */
static struct verdict feed(struct response *response, const char *bytes, size_t length,
                           size_t step) {
    struct verdict verdict = {.result = RESPONSE_MORE};
    while (verdict.result == RESPONSE_MORE && verdict.used < length) {
        size_t left = length - verdict.used;
        size_t piece = left < step ? left : step;
        size_t used = 0;
        verdict.result = response_feed(response, bytes + verdict.used, piece, &used);
        if (used > piece || (verdict.result == RESPONSE_MORE && used != piece))
            abort();
        verdict.used += used;
    }
    return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    const char *bytes = (const char *)data + 2;
    struct response whole;
    struct response split;
    response_init(&whole, data[0] % 2 == 1);
    response_init(&split, data[0] % 2 == 1);
    struct verdict first = feed(&whole, bytes, size - 2, size);
    struct verdict second = feed(&split, bytes, size - 2, (size_t)data[1] + 1);
    if (first.result != second.result || first.used != second.used)
        abort();
    if (response_end(&whole) != response_end(&split) || whole.status != split.status)
        abort();
    if (response_keeps_connection(&whole) != response_keeps_connection(&split))
        abort();
    if (first.result == RESPONSE_COMPLETE && (whole.status < 200 || whole.status > 999))
        abort();
    return 0;
}
