/* SPDX-License-Identifier: MIT */
#ifndef CMIO_POSIX_PATH_H
#define CMIO_POSIX_PATH_H

/* Names of files. All return 0 or -errno. */

/* 0 if the path itself is a socket file, without following links; else -ENOTSOCK or -ENOENT. */
int cmio__path_check_socket(const char *path);

/* Makes an empty file with a new name: mkstemp(3). The name replaces the template. */
int cmio__path_reserve(char *template);

/* rename(2). Replaces what is at to. */
int cmio__path_rename(const char *from, const char *to);

/* Renames, but never replaces: returns -EEXIST. */
int cmio__path_rename_if_free(const char *from, const char *to);

int cmio__path_unlink(const char *path);

#endif
