/* SPDX-License-Identifier: MIT */
#ifndef CMIO_TESTS_PROGRAM_H
#define CMIO_TESTS_PROGRAM_H

/*
 * A random program, spelled by bytes, against one small model. It registers, reregisters and
 * deregisters, writes, reads, drains, fills, closes, opens again, moves sources, wakes, frees and
 * waits, over a few pipes, FIFOs, terminals, Unix and UDP sockets, on several backends side by
 * side. After each wait it judges: no readiness was missed, no event came for what is not
 * registered, none said what is not so, and no edge repeated itself. The conformance suite runs it
 * with seeds, the fuzzer with what it finds.
 */

#include <stddef.h>
#include <stdint.h>

/*
 * Runs the program on the backends of the given names. Returns NULL, or what went wrong: a text
 * that is valid until the next call. Ignores SIGPIPE while it runs. Not thread-safe.
 */
const char *program_run(const uint8_t *bytes, size_t size, const char *const *backends,
                        size_t count);

#endif
