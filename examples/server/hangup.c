/* SPDX-License-Identifier: MIT */
#include "server/hangup.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

#include "common/program.h"

static struct access_log *reopened;
static atomic_int failure; /* a negative errno that was not reported yet, or 0 */

static void on_hangup(int number) {
    const int kept = errno;
    (void)number;
    int result = access_log_reopen(reopened);
    if (result < 0)
        atomic_store(&failure, result);
    errno = kept;
}

int hangup_init(struct access_log *log) {
    struct sigaction action = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};
    reopened = log;
    if (!access_log_is_file(log) || sigaction(SIGHUP, &action, NULL) == 0)
        return 0;
    return -errno;
}

void hangup_report(void) {
    int code = atomic_exchange(&failure, 0);
    if (code < 0)
        complain(reopened->path, code);
}
