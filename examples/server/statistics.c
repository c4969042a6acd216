/* SPDX-License-Identifier: MIT */
#include "server/statistics.h"

#include <inttypes.h>
#include <stdio.h>

void statistics_add(struct statistics *sum, const struct statistics *part) {
    sum->connections += part->connections;
    sum->answered += part->answered;
    sum->refused += part->refused;
    sum->left += part->left;
    sum->cut_off += part->cut_off;
}

void statistics_print(const struct statistics *statistics) {
    printf("answered %" PRIu64 " requests (%" PRIu64 " refused) on %" PRIu64
           " connections; %" PRIu64 " clients left early, %" PRIu64 " requests were cut off\n",
           statistics->answered, statistics->refused, statistics->connections, statistics->left,
           statistics->cut_off);
    fflush(stdout);
}
