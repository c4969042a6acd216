/* SPDX-License-Identifier: MIT */
#ifndef COMMON_STANDARD_STREAMS_H
#define COMMON_STANDARD_STREAMS_H

/*
 * Opens the standard streams that are closed on /dev/null. Otherwise the program's first descriptors
 * would take their places, and messages would end up in a socket. Call it before anything is opened.
 *
 * The access is O_RDWR if output to a closed stream may be lost, or O_RDONLY if it must fail.
 */
void standard_streams_open(int access);

#endif
