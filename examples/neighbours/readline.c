/* SPDX-License-Identifier: MIT */

/*
 * readline and inotify in a loop on cmio: a prompt that stays usable while other things happen.
 *
 *     readline /tmp
 *
 * repeats each line that is entered, and meanwhile reports each file that is made in the folder. It
 * ends with the line "quit" or at the end of the input.
 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>
#include <sys/inotify.h>

#include "check.h"
#include "watch.h"

/* ---- The adapter: readline ---- */

/*
 * readline keeps its state in globals, and so does this. It reads one byte per call from the
 * terminal, blocking. So it is level-triggered and called once per event.
 */
static void on_input(struct watch *watch, uint32_t ready) {
    (void)watch;
    (void)ready;
    rl_callback_read_char();
}

/* on_line() owns the line, which is NULL at the end of the input. */
static int readline_open(struct watches *watches, struct watch *watch, const char *prompt,
                         rl_vcpfunc_t *on_line) {
    *watch = (struct watch){.on_ready = on_input};
    rl_callback_handler_install(prompt, on_line);
    return watch_set(watches, watch, fileno(rl_instream), CMIO_READABLE);
}

/* Restores the terminal. */
static void readline_close(struct watches *watches, struct watch *watch) {
    watch_stop(watches, watch);
    rl_callback_handler_remove();
}

/* Prints a line above the prompt, and then the prompt and the typed text again. */
static void print_above(const char *what, const char *name) {
    printf("\r\033[K%s %s\n", what, name);
    (void)fflush(stdout);
    rl_on_new_line();
    rl_redisplay();
}

/* ---- The adapter: inotify ---- */

struct folder {
    struct watch watch;
    struct watches *watches;
    int fd; /* ours, unlike a library's descriptors */
    void (*on_created)(const char *name);
};

static void on_folder_ready(struct watch *watch, uint32_t ready) {
    struct folder *folder = watch->owner;
    char buffer[16 * 1024] __attribute__((aligned(__alignof__(struct inotify_event))));
    (void)ready;
    ssize_t length = read(folder->fd, buffer, sizeof buffer);
    for (ssize_t begin = 0; begin < length;) {
        const struct inotify_event *event = (const void *)(buffer + begin);
        if (event->len > 0)
            folder->on_created(event->name);
        begin += (ssize_t)(sizeof *event + event->len);
    }
}

/* Call folder_close() in any case. */
static int folder_open(struct folder *folder, struct watches *watches, const char *path,
                       void (*on_created)(const char *name)) {
    *folder = (struct folder){.watch = {.on_ready = on_folder_ready, .owner = folder},
                              .watches = watches,
                              .on_created = on_created};
    folder->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (folder->fd < 0 || inotify_add_watch(folder->fd, path, IN_CREATE) < 0)
        return -errno;
    return watch_set(watches, &folder->watch, folder->fd, CMIO_READABLE);
}

static void folder_close(struct folder *folder) {
    watch_stop(folder->watches, &folder->watch);
    if (folder->fd >= 0)
        (void)close(folder->fd);
}

/* ---- The program ---- */

static bool is_over;

static void on_created(const char *name) {
    print_above("created", name);
}

static void on_line(char *line) {
    is_over = line == NULL || strcmp(line, "quit") == 0;
    if (is_over)
        rl_callback_handler_remove(); /* or the next prompt is printed */
    else
        printf("line %s\n", line);
    if (line != NULL && *line != '\0')
        add_history(line);
    free(line);
}

int main(int argc, char **argv) {
    struct watches watches;
    struct watch input;
    struct folder folder;
    CHECK(argc == 2 && watches_open(&watches) == 0);
    CHECK(folder_open(&folder, &watches, argv[1], on_created) == 0);
    CHECK(readline_open(&watches, &input, "> ", on_line) == 0);
    while (!is_over)
        CHECK(watches_turn(&watches, CMIO_FOREVER) >= 0);
    readline_close(&watches, &input);
    folder_close(&folder);
    watches_close(&watches);
    puts("the end");
    return EXIT_SUCCESS;
}
