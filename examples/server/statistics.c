/* SPDX-License-Identifier: MIT */
#include "server/statistics.h"

#include <inttypes.h>

#include "common/program.h"

void statistics_add(struct statistics *sum, const struct statistics *part) {
    sum->connections += part->connections;
    sum->answered += part->answered;
    sum->refused += part->refused;
    sum->left += part->left;
    sum->cut_off += part->cut_off;
}

void statistics_print(const struct statistics *statistics, uint64_t dropped) {
    (void)announce("answered %" PRIu64 " requests (%" PRIu64 " refused) on %" PRIu64
                   " connections; %" PRIu64 " clients left early, %" PRIu64
                   " requests were cut off",
                   statistics->answered, statistics->refused, statistics->connections,
                   statistics->left, statistics->cut_off);
    if (dropped > 0)
        (void)announce("%" PRIu64 " lines of the log were dropped", dropped);
}
