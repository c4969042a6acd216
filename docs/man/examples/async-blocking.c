/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include <cmio/async/blocking.h>
#include <cmio/async/executor.h>
#include <cmio/error.h>

/* Ends the program if a call failed. */
static ssize_t check(ssize_t result) {
    if (result < 0) {
        fprintf(stderr, "%s\n", cmio_strerror(result));
        exit(EXIT_FAILURE);
    }
    return result;
}

struct job {
    unsigned limit;
    unsigned primes;
};

/* Runs on a thread of its own, so it may block or take long. */
static ssize_t count_primes(void *argument) {
    struct job *job = argument;
    for (unsigned n = 2; n < job->limit; n++) {
        unsigned divisor = 2;
        while (n % divisor != 0)
            divisor++;
        job->primes += divisor == n;
    }
    return 0;
}

int main(void) {
    struct job *job = calloc(1, sizeof *job);
    struct cmio_blocking_future blocking;
    if (job == NULL)
        return 1;
    job->limit = 1000;
    /* free() is for a future that is dropped before it is ready. */
    check(cmio_blocking_future_init(&blocking, count_primes, job, free));
    check(cmio_block_on(NULL, &blocking.future));
    printf("%u primes below %u\n", job->primes, job->limit);
    free(job); /* it is ready, so the job is ours again */
    return 0;
}
