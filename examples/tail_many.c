/* SPDX-License-Identifier: MIT */

/*
 * Runs several commands at once and prints the lines of all, each behind the number of its command:
 * pipes, child processes and signals in one loop.
 *
 *     tail_many 'make -C docs' 'ping -c 3 127.0.0.1' 'tail -f /var/log/syslog'
 *
 * A command is over when its process has ended and both its outputs are at their end, for what it
 * left running in the background may still write. Its status is taken last: until then its number
 * is nobody else's, so a signal for its process group reaches no other.
 */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmio/cmio.h>

#include "tail_many/stream.h"

static const char program[] = "tail_many";

enum {
    EXIT_USAGE = 2,
    EVENTS_A_WAIT = 64,
};

/* Of each command, its standard output and error, and the process itself. */
enum { OUTPUT, ERRORS, PROCESS, SOURCES_A_COMMAND };

/* The tokens: one for the signals, and SOURCES_A_COMMAND for each command. */
enum { TOKEN_SIGNALS, TOKEN_FIRST_COMMAND };

static cmio_token token_of(int command, int which) {
    const int number = TOKEN_FIRST_COMMAND + command * SOURCES_A_COMMAND + which;
    return (cmio_token)number;
}

struct command {
    struct cmio_child child;
    struct stream streams[PROCESS];
};

struct program {
    struct cmio_poll *poll;
    struct cmio_registry *registry; /* the poll's: what sources register with */
    struct cmio_events *events;
    struct cmio_signals signals;
    struct command *commands;
    int count;   /* of commands that were started */
    int running; /* of those that are not over */
    bool failed;
    bool cannot_print;
};

/* To each command's process group, so that what a shell started hears it as well. */
static void pass_on(struct program *self, int number) {
    for (int i = 0; i < self->count; i++) {
        const pid_t group = cmio_child_pid(&self->commands[i].child);
        if (group > 0)
            (void)kill(-group, number); /* it may have ended: its status will tell */
    }
}

/* Whatever goes wrong from here on, the commands are told to end, and waited for. */
static void fail(struct program *self, const char *what, int code) {
    fprintf(stderr, "%s: %s: %s\n", program, what, cmio_strerror(code));
    self->failed = true;
    pass_on(self, SIGTERM);
}

/* Standard output may block: then no command is read from, and those that write much wait, too. */
static void flush(struct program *self) {
    if ((fflush(stdout) == 0 && !ferror(stdout)) || self->cannot_print)
        return;
    self->cannot_print = true;
    fail(self, "standard output", -EIO);
}

static void report(struct program *self, int command, int status) {
    if (WIFSIGNALED(status))
        fprintf(stderr, "%s: %d ended by signal %d (%s)\n", program, command + 1, WTERMSIG(status),
                strsignal(WTERMSIG(status)));
    else
        fprintf(stderr, "%s: %d ended with %d\n", program, command + 1, WEXITSTATUS(status));
    self->failed |= status != 0;
}

/*
 * Called for the process's event and at the end of each output: the last of the three finds the
 * command over. Where that was an output, the process's event may be in this batch still.
 */
static void command_end(struct program *self, int number) {
    struct command *command = &self->commands[number];
    int status;
    for (int i = OUTPUT; i < PROCESS; i++)
        if (cmio_pipe_receiver_fd(&command->streams[i].pipe) >= 0)
            return;
    int result = cmio_child_status(&command->child, &status);
    if (result == -EAGAIN)
        return; /* the event is still to come */
    flush(self);
    if (result == 0)
        report(self, number, status);
    else
        fail(self, "cannot tell how a command ended", result);
    (void)cmio_child_close(&command->child); /* closed, whatever it says */
    cmio_events_purge(self->events, token_of(number, PROCESS));
    self->running--;
}

static void program_on_event(struct program *self, const struct cmio_event *event) {
    if (event->token == TOKEN_SIGNALS) {
        for (int number; (number = cmio_signals_next(&self->signals)) > 0;)
            pass_on(self, number);
        return;
    }
    const int number = ((int)event->token - TOKEN_FIRST_COMMAND) / SOURCES_A_COMMAND;
    const int which = ((int)event->token - TOKEN_FIRST_COMMAND) % SOURCES_A_COMMAND;
    struct stream *streams = self->commands[number].streams;
    if (which == PROCESS ||
        !stream_pass_on(&streams[which], number + 1, which == ERRORS ? '!' : ':'))
        command_end(self, number);
}

static void program_run(struct program *self) {
    while (self->running > 0) {
        int count = cmio_poll_wait(self->poll, self->events, CMIO_FOREVER);
        if (count < 0 && count != -EINTR) { /* which says that the wait was interrupted: go on */
            fail(self, "cannot wait for events", count);
            return;
        }
        CMIO_EVENTS_FOREACH (event, self->events)
            program_on_event(self, event);
        flush(self);
    }
}

static int watch(struct program *self, struct cmio_source *source, cmio_token token,
                 cmio_interest mode) {
    return cmio_registry_register(self->registry, source, token, CMIO_READABLE | mode);
}

/* Runs the line with the shell in a process group of its own, which signals can be sent to. */
static int command_spawn(struct command *command, const char *line) {
    const char *const arguments[] = {"sh", "-c", line, NULL};
    const struct cmio_process_options options = {
        .program = "/bin/sh",
        .arguments = arguments,
        .input.kind = CMIO_PROCESS_NULL,
        .output.kind = CMIO_PROCESS_PIPE,
        .errors.kind = CMIO_PROCESS_PIPE,
        .new_group = true,
    };
    struct cmio_process process;
    int result = cmio_process_spawn(&process, &options);
    if (result < 0)
        return result;
    command->child = process.child;
    command->streams[OUTPUT].pipe = process.output;
    command->streams[ERRORS].pipe = process.errors;
    return 0;
}

static int command_start(struct program *self, const char *line) {
    const int number = self->count;
    struct command *command = &self->commands[number];
    int result = command_spawn(command, line);
    if (result < 0)
        return result;
    self->count++;
    result = watch(self, &command->child.source, token_of(number, PROCESS), 0);
    /* Level-triggered, so one read an event will do, and who never stops writing stops no other. */
    if (result == 0)
        result = watch(self, &command->streams[OUTPUT].pipe.source, token_of(number, OUTPUT),
                       CMIO_LEVEL);
    if (result == 0)
        result = watch(self, &command->streams[ERRORS].pipe.source, token_of(number, ERRORS),
                       CMIO_LEVEL);
    self->running += result == 0;
    return result;
}

/* Whatever this returns, program_close() cleans up. */
static int program_open(struct program *self, int commands) {
    static const int numbers[] = {SIGINT, SIGTERM};
    self->commands = calloc((size_t)commands, sizeof *self->commands);
    int result = self->commands == NULL ? -ENOMEM : cmio_poll_new(&self->poll);
    self->registry = cmio_poll_registry(self->poll);
    if (result == 0)
        result = cmio_events_new(&self->events, EVENTS_A_WAIT);
    if (result == 0)
        result = cmio_signals_init(&self->signals, numbers, 2);
    if (result == 0)
        result = cmio_registry_register(self->registry, &self->signals.source, TOKEN_SIGNALS,
                                        CMIO_READABLE);
    return result;
}

static void program_close(struct program *self) {
    for (int i = 0; i < self->count; i++) { /* of a command that could not be watched */
        (void)cmio_pipe_receiver_close(&self->commands[i].streams[OUTPUT].pipe);
        (void)cmio_pipe_receiver_close(&self->commands[i].streams[ERRORS].pipe);
        (void)cmio_child_close(&self->commands[i].child);
    }
    (void)cmio_signals_close(&self->signals);
    cmio_events_free(self->events);
    cmio_poll_free(self->poll);
    free(self->commands);
}

/* Returns -1 when the program may start, otherwise its exit status. */
static int parse_arguments(int argc, char **argv) {
    static const struct option options[] = {{"help", no_argument, NULL, 'h'}, {0}};
    switch (getopt_long(argc, argv, "", options, NULL)) {
    case -1:
        break;
    case 'h':
        printf("usage: %s [--help] COMMAND...\n"
               "Runs each COMMAND with /bin/sh -c, all at once, and prints their lines: behind\n"
               "'N: ' what the Nth prints, behind 'N! ' what it says on standard error. Lines of\n"
               "more than %d bytes are printed in pieces.\n\n"
               "SIGINT and SIGTERM are passed on to the commands, which are then waited for. How\n"
               "each ended is said on standard error.\n"
               "Exit status: 0 when all ended with 0, 1 otherwise, 2 for wrong arguments.\n",
               program, LONGEST_LINE);
        return EXIT_SUCCESS;
    default: /* getopt_long(3) has said what is wrong */
        return EXIT_USAGE;
    }
    if (optind < argc)
        return -1;
    fprintf(stderr, "%s: there is no command to run (see --help)\n", program);
    return EXIT_USAGE;
}

int main(int argc, char **argv) {
    int status = parse_arguments(argc, argv);
    if (status >= 0)
        return status;
    struct program self = {0};
    (void)signal(SIGPIPE, SIG_IGN); /* that nobody reads our output is found by writing it */
    (void)signal(SIGCHLD, SIG_DFL); /* whoever ran us may have ignored it: no status would come */
    int result = program_open(&self, argc - optind);
    if (result < 0)
        fail(&self, "cannot start", result);
    for (int i = optind; i < argc && !self.failed; i++)
        if ((result = command_start(&self, argv[i])) < 0)
            fail(&self, argv[i], result);
    program_run(&self);
    program_close(&self);
    return self.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
