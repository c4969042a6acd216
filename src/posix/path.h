/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_PATH_H
#define CMIO_POSIX_PATH_H

/* Names of files: 0 or -errno. */

/* Whether the path itself, no link followed, is a socket file: 0, -ENOTSOCK or -ENOENT. */
int cmio__path_check_socket(const char *path);

/* Makes an empty file whose name nobody has: mkstemp(3). The XXXXXX of the template become it. */
int cmio__path_reserve(char *template);

/* rename(2): what is at to is replaced. */
int cmio__path_rename(const char *from, const char *to);

/* Renames, but never replaces: -EEXIST. */
int cmio__path_rename_if_free(const char *from, const char *to);

int cmio__path_unlink(const char *path);

#endif
