/* SPDX-License-Identifier: MIT */

/*
 * A main for fuzz targets where there is no libFuzzer: runs the target over every file of the
 * folders that are named on the command line. It fails when there is none.
 */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST = 1024 * 1024 };

/*
 * Runs one file, from a copy of its very size, so that reading beyond it is seen. Says if it could.
 */
static int run_file(const char *path) {
    static uint8_t content[LARGEST];
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return 0;
    size_t size = fread(content, 1, sizeof content, file);
    int whole = ferror(file) == 0 && fgetc(file) == EOF;
    fclose(file);
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL || !whole) {
        free(copy);
        return 0;
    }
    for (size_t i = 0; i < size; i++)
        copy[i] = content[i];
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    return 1;
}

/* Returns how many files were run, or -1 after a message. */
static int run_folder(const char *path) {
    DIR *folder = opendir(path);
    if (folder == NULL) {
        fprintf(stderr, "%s: no such folder\n", path);
        return -1;
    }
    int count = 0;
    for (const struct dirent *entry; count >= 0 && (entry = readdir(folder)) != NULL;) {
        char name[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        count = run_file(name) ? count + 1 : -1;
        if (count < 0)
            fprintf(stderr, "%s: cannot be read\n", name);
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv) {
    int sum = 0;
    for (int i = 1; i < argc; i++) {
        int count = run_folder(argv[i]);
        if (count < 0)
            return 1;
        sum += count;
    }
    printf("%d inputs\n", sum);
    return sum > 0 ? 0 : 1;
}
