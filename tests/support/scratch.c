/* SPDX-License-Identifier: MIT */
#include "support/scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/test.h"

static const char name[] = "/cmio-XXXXXX";

void test_scratch_open(struct test_scratch *scratch) {
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || strlen(parent) + sizeof name > sizeof scratch->folder)
        parent = "/tmp";
    (void)snprintf(scratch->folder, sizeof scratch->folder, "%s%s", parent, name);
    assert_non_null(mkdtemp(scratch->folder));
}

const char *test_scratch_path(struct test_scratch *scratch, const char *file) {
    int length = snprintf(scratch->path, sizeof scratch->path, "%s/%s", scratch->folder, file);
    assert_in_range(length, 1, sizeof scratch->path - 1);
    return scratch->path;
}

struct cmio_address test_scratch_address(struct test_scratch *scratch, const char *file) {
    struct cmio_address address;
    assert_int_equal(cmio_address_from_path(test_scratch_path(scratch, file), &address), 0);
    return address;
}

bool test_scratch_has(struct test_scratch *scratch, const char *file) {
    struct stat status;
    return lstat(test_scratch_path(scratch, file), &status) == 0;
}

/* Calls visit, unless it is NULL, for each file; how many there are. */
static int visit_all(const struct test_scratch *scratch,
                     void (*visit)(struct test_scratch *, const char *)) {
    struct test_scratch copy = *scratch;
    int count = 0;
    DIR *folder = opendir(scratch->folder);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        count++;
        if (visit != NULL)
            visit(&copy, entry->d_name);
    }
    assert_int_equal(closedir(folder), 0);
    return count;
}

static void remove_file(struct test_scratch *scratch, const char *file) {
    assert_int_equal(unlink(test_scratch_path(scratch, file)), 0);
}

int test_scratch_count(const struct test_scratch *scratch) {
    return visit_all(scratch, NULL);
}

int test_scratch_close(struct test_scratch *scratch) {
    int count = visit_all(scratch, remove_file);
    assert_int_equal(rmdir(scratch->folder), 0);
    return count;
}
