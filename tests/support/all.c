/* SPDX-License-Identifier: MIT */
/*
 * The whole suite as one program, for systems that can run a program but not build one: with
 * -Dtests_in_one=true, statically linked. It needs no shell, no other file and no name service; it
 * writes to /tmp and talks to 127.0.0.1 and ::1.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmio/poll.h>

#include "groups.h"

typedef int group_run(int argc, char **argv);

#define DECLARE(name) group_run test_group_##name;
TEST_GROUPS(DECLARE)

#define ENTRY(name) {#name, test_group_##name},
static const struct group {
    const char *name;
    group_run *run;
} groups[] = {TEST_GROUPS(ENTRY)};

enum { GROUP_COUNT = sizeof groups / sizeof *groups, BACKENDS_MAX = 8 };

static const char help[] =
    "usage: cmio_tests [--list] [--backend NAME] [--only PATTERN] [GROUP]...\n"
    "Runs the groups of tests that are named, or all. Exits with 0 when no test failed.\n"
    "  --list          show the groups and the backends, and run nothing\n"
    "  --backend NAME  run the groups of the conformance suite on this backend, not on each\n"
    "  --only PATTERN  run the tests whose name fits, with * and ?\n";

struct choice {
    const char *backend;
    char *only;
    char **names;
    int name_count;
};

static bool is_chosen(const struct choice *choice, const char *name) {
    for (int i = 0; i < choice->name_count; i++)
        if (strcmp(choice->names[i], name) == 0)
            return true;
    return choice->name_count == 0;
}

static int run_group(const struct group *group, const char *backend, char *only) {
    char program[] = "cmio_tests";
    char option[] = "--backend";
    char name[32] = "";
    char *arguments[5] = {program};
    int count = 1;
    if (backend != NULL) {
        snprintf(name, sizeof name, "%s", backend);
        arguments[count++] = option;
        arguments[count++] = name;
    }
    if (only != NULL)
        arguments[count++] = only;
    printf("group: %s%s%s\n", group->name, backend != NULL ? " on " : "", name);
    fflush(stdout);
    return group->run(count, arguments);
}

/* The conformance suite on each backend, the rest once. Returns how many runs failed. */
static int run_groups(const struct choice *choice) {
    const char *backends[BACKENDS_MAX];
    size_t backend_count = cmio_backends(backends, BACKENDS_MAX);
    if (choice->backend != NULL) {
        backends[0] = choice->backend;
        backend_count = 1;
    }
    int failed = 0;
    for (size_t i = 0; i < GROUP_COUNT; i++) {
        if (!is_chosen(choice, groups[i].name))
            continue;
        if (strncmp(groups[i].name, "backend_", 8) != 0)
            failed += run_group(&groups[i], NULL, choice->only) != 0;
        else
            for (size_t j = 0; j < backend_count; j++)
                failed += run_group(&groups[i], backends[j], choice->only) != 0;
    }
    return failed;
}

static int list(void) {
    const char *backends[BACKENDS_MAX];
    const size_t backend_count = cmio_backends(backends, BACKENDS_MAX);
    for (size_t i = 0; i < backend_count; i++)
        printf("backend %s\n", backends[i]);
    for (size_t i = 0; i < GROUP_COUNT; i++)
        printf("group %s\n", groups[i].name);
    return 0;
}

static bool is_group(const char *name) {
    for (size_t i = 0; i < GROUP_COUNT; i++)
        if (strcmp(groups[i].name, name) == 0)
            return true;
    return false;
}

int main(int argc, char **argv) {
    struct choice choice = {.backend = NULL};
    int next = 1;
    for (; next < argc && argv[next][0] == '-'; next++) {
        if (strcmp(argv[next], "--list") == 0)
            return list();
        if (strcmp(argv[next], "--help") == 0)
            return fputs(help, stdout) < 0;
        const bool has_value = next + 1 < argc;
        if (has_value && strcmp(argv[next], "--backend") == 0) {
            choice.backend = argv[++next];
        } else if (has_value && strcmp(argv[next], "--only") == 0) {
            choice.only = argv[++next];
        } else {
            fprintf(stderr, "cmio_tests: %s is no option, or lacks its value\n%s", argv[next],
                    help);
            return 2;
        }
    }
    choice.names = argv + next;
    choice.name_count = argc - next;
    for (int i = 0; i < choice.name_count; i++) {
        if (!is_group(choice.names[i])) {
            fprintf(stderr, "cmio_tests: there is no group %s: see --list\n", choice.names[i]);
            return 2;
        }
    }
    const int failed = run_groups(&choice);
    printf("groups: %d failed\n", failed);
    return failed == 0 ? 0 : 1;
}
