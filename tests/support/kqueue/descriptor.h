/* SPDX-License-Identifier: MIT */
#ifndef KQUEUE_STANDIN_DESCRIPTOR_H
#define KQUEUE_STANDIN_DESCRIPTOR_H

/*
 * What a descriptor is, and what a kqueue would say of it now.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

enum standin_kind {
    STANDIN_PIPE,
    STANDIN_TCP,
    STANDIN_UNIX_STREAM,
    STANDIN_DATAGRAM, /* every other socket */
    STANDIN_FILE,     /* regular files and directories */
    STANDIN_OTHER,    /* devices, kqueues, what else poll(2) knows */
};

struct standin_descriptor {
    int fd;
    enum standin_kind kind;
    int access;       /* O_RDONLY, O_WRONLY or O_RDWR */
    int address_size; /* of what a datagram comes with, as OpenBSD counts it */
    dev_t device;
    ino_t inode;
};

struct standin_readiness {
    bool ready;
    bool at_end; /* EV_EOF */
    int error;   /* the errno that comes with it */
    int64_t data;
};

/* 0 or EBADF. */
int standin_descriptor_open(int fd, struct standin_descriptor *out);

bool standin_descriptor_is(const struct standin_descriptor *descriptor, const struct stat *file);
bool standin_descriptor_is_stream_socket(const struct standin_descriptor *descriptor);

struct standin_readiness standin_descriptor_to_read(const struct standin_descriptor *descriptor);
struct standin_readiness standin_descriptor_to_write(const struct standin_descriptor *descriptor);

/* The program shut the socket for writing. */
void standin_descriptor_note_shutdown(const struct stat *file);

#endif
