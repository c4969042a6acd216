/* SPDX-License-Identifier: MIT */

/*
 * Runs several commands at once and prints all their lines, each behind the number of its command.
 * It has pipes, child processes and signals in one loop.
 *
 *     tail_many 'make -C docs' 'ping -c 3 127.0.0.1' 'tail -f /var/log/syslog'
 *
 * A command is over when its process and both its outputs have ended, because processes that it
 * left in the background may still write. Its status is collected last. Until then no other process
 * gets its number, so a signal for its process group reaches no other.
 *
 * While nobody reads our output, we read from no command, and commands that write much wait. The
 * loop goes on: it receives signals, and waits until there is room again.
 */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmio/cmio.h>

#include "common/arguments.h"
#include "common/event_loop.h"
#include "common/program.h"
#include "tail_many/output.h"
#include "tail_many/stream.h"

enum { EVENTS_A_WAIT = 64 };

/* The sources of each command: its standard output and error, and the process itself. */
enum { OUTPUT, ERRORS, PROCESS, SOURCES_A_COMMAND };

/* The tokens: two single ones, and then SOURCES_A_COMMAND for each command. */
enum { TOKEN_SIGNALS, TOKEN_OUTPUT, TOKEN_FIRST_COMMAND };

static cmio_token token_of(int command, int which) {
    const int number = TOKEN_FIRST_COMMAND + command * SOURCES_A_COMMAND + which;
    return (cmio_token)number;
}

struct command {
    struct cmio_child child;
    struct stream streams[PROCESS];
};

struct program {
    struct event_loop loop;
    struct output output;
    struct command *commands;
    int count;        /* commands that were started */
    int running;      /* commands that are not over */
    bool is_stalled;  /* standard output has no room; nothing is read from the commands */
    bool is_stopping; /* a signal came */
    bool failed;
    bool cannot_print;
};

/* Signals each command's process group, so that processes started by a shell receive it too. */
static void pass_on(struct program *self, int number) {
    for (int i = 0; i < self->count; i++) {
        const pid_t group = cmio_child_pid(&self->commands[i].child);
        if (group > 0)
            (void)kill(-group, number); /* it may have ended; its status shows that */
    }
}

/* After any failure from here on, the commands are told to end, and the program waits for them. */
static void fail(struct program *self, const char *what, int code) {
    complain(what, code);
    self->failed = true;
    pass_on(self, SIGTERM);
}

/* ---- Standard output ---- */

static int watch(struct program *self, struct cmio_source *source, cmio_token token,
                 cmio_interest interest) {
    return cmio_registry_register(self->loop.registry, source, token, interest);
}

static bool is_open(const struct stream *stream) {
    return cmio_pipe_receiver_fd(&stream->pipe) >= 0;
}

/* Level-triggered, so one read per event is enough, and endless output holds up nobody else. */
static int watch_streams(struct program *self, int number) {
    struct stream *streams = self->commands[number].streams;
    int result = 0;
    for (int i = OUTPUT; i < PROCESS && result == 0; i++)
        if (is_open(&streams[i]))
            result = watch(self, &streams[i].pipe.source, token_of(number, i),
                           CMIO_READABLE | CMIO_LEVEL);
    return result;
}

static void ignore_streams(struct program *self, int number) {
    struct stream *streams = self->commands[number].streams;
    for (int i = OUTPUT; i < PROCESS; i++) {
        if (is_open(&streams[i]))
            (void)cmio_registry_deregister(self->loop.registry, &streams[i].pipe.source);
        cmio_events_purge(self->loop.events, token_of(number, i));
    }
}

/* Standard output has no room for everything. Until it has, watch it in place of the streams. */
static void stall(struct program *self) {
    self->is_stalled = true;
    for (int i = 0; i < self->count; i++)
        ignore_streams(self, i);
    int result = watch(self, &self->output.source.source, TOKEN_OUTPUT, CMIO_WRITABLE | CMIO_LEVEL);
    if (result < 0)
        fail(self, "standard output", result);
}

static void resume(struct program *self) {
    self->is_stalled = false;
    (void)cmio_registry_deregister(self->loop.registry, &self->output.source.source);
    for (int i = 0; i < self->count; i++) {
        int result = watch_streams(self, i);
        if (result < 0)
            fail(self, "cannot read from a command", result);
    }
}

/* If standard output fails, the commands are still read until they have ended. */
static void flush(struct program *self) {
    int result = self->cannot_print ? 0 : output_flush(&self->output);
    if (result < 0 && result != -EAGAIN) {
        self->cannot_print = true;
        fail(self, "standard output", result);
    }
    if (self->cannot_print)
        output_clear(&self->output);
    if (result == -EAGAIN && !self->is_stalled)
        stall(self);
    else if (result != -EAGAIN && self->is_stalled)
        resume(self);
}

/* ---- Commands ---- */

static void report(struct program *self, int command, int status) {
    if (WIFSIGNALED(status))
        message("%d ended by signal %d (%s)", command + 1, WTERMSIG(status),
                strsignal(WTERMSIG(status)));
    else
        message("%d ended with %d", command + 1, WEXITSTATUS(status));
    self->failed |= status != 0;
}

/*
 * Called for the event of the process and at the end of each output. The command is over at the
 * last of the three calls. If that is an output's, the event of the process may still be in this
 * batch.
 */
static void command_end(struct program *self, int number) {
    struct command *command = &self->commands[number];
    int status;
    for (int i = OUTPUT; i < PROCESS; i++)
        if (is_open(&command->streams[i]))
            return;
    int result = cmio_child_status(&command->child, &status);
    if (result == -EAGAIN)
        return; /* the event is still to come */
    flush(self);
    if (result == 0)
        report(self, number, status);
    else
        fail(self, "cannot tell how a command ended", result);
    (void)cmio_child_close(&command->child); /* closes even if it fails */
    cmio_events_purge(self->loop.events, token_of(number, PROCESS));
    self->running--;
}

static void stream_on_event(struct program *self, int number, int which) {
    struct stream *stream = &self->commands[number].streams[which];
    bool goes_on = stream_pass_on(stream, &self->output, number + 1, which == ERRORS ? '!' : ':');
    if (!goes_on || !output_has_room(&self->output))
        flush(self);
    if (!goes_on)
        command_end(self, number);
}

/* Passes each signal on to the commands. The second one also ends us, whatever they do. */
static void program_on_signals(struct program *self) {
    for (int number; (number = cmio_signals_next(&self->loop.signals)) > 0;) {
        pass_on(self, number);
        if (self->is_stopping)
            _exit(128 + number);
        self->is_stopping = true;
    }
}

static void program_on_event(struct program *self, const struct cmio_event *event) {
    const int number = ((int)event->token - TOKEN_FIRST_COMMAND) / SOURCES_A_COMMAND;
    const int which = ((int)event->token - TOKEN_FIRST_COMMAND) % SOURCES_A_COMMAND;
    if (event->token == TOKEN_SIGNALS)
        program_on_signals(self);
    else if (event->token == TOKEN_OUTPUT)
        flush(self);
    else if (which == PROCESS)
        command_end(self, number);
    else
        stream_on_event(self, number, which);
}

static void program_run(struct program *self) {
    while (self->running > 0 || self->is_stalled) {
        int count = cmio_poll_wait(self->loop.poll, self->loop.events, CMIO_FOREVER);
        if (count < 0 && count != -EINTR) { /* -EINTR: the wait was interrupted, go on */
            fail(self, "cannot wait for events", count);
            return;
        }
        CMIO_EVENTS_FOREACH (event, self->loop.events)
            program_on_event(self, event);
        flush(self);
    }
}

/* Runs the line with the shell, in a process group of its own that signals can be sent to. */
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
    result = watch(self, &command->child.source, token_of(number, PROCESS), CMIO_READABLE);
    if (result == 0)
        result = watch_streams(self, number);
    self->running += result == 0;
    return result;
}

/* Whatever this returns, program_close() cleans up. */
static int program_open(struct program *self, int commands) {
    output_open(&self->output);
    self->commands = calloc((size_t)commands, sizeof *self->commands);
    if (self->commands == NULL)
        return complain("cannot start", -ENOMEM);
    return event_loop_open(&self->loop, EVENTS_A_WAIT, TOKEN_SIGNALS);
}

static void program_close(struct program *self) {
    for (int i = 0; i < self->count; i++) { /* a command that could not be watched */
        (void)cmio_pipe_receiver_close(&self->commands[i].streams[OUTPUT].pipe);
        (void)cmio_pipe_receiver_close(&self->commands[i].streams[ERRORS].pipe);
        (void)cmio_child_close(&self->commands[i].child);
    }
    output_close(&self->output);
    event_loop_close(&self->loop);
    free(self->commands);
}

static const char help[] =
    "usage: tail_many [--help] COMMAND...\n"
    "Runs all COMMANDs at once, each with /bin/sh -c, and prints their lines. A line of the\n"
    "Nth command begins with 'N: ', or with 'N! ' if it comes from standard error. A line of\n"
    "more than 4096 bytes is printed in pieces.\n\n"
    "  -h, --help  print this help\n\n"
    "On SIGINT or SIGTERM, tail_many passes the signal on to the commands and waits for them.\n"
    "A second signal also ends tail_many at once. It prints on standard error how each command\n"
    "ended. Exit status: 0 if all commands ended with 0, 1 if not, 2 if the arguments are\n"
    "invalid, 128 plus the signal's number after a second signal.\n";

/* Returns -1 if the program may start, otherwise its exit status. */
static int parse_arguments(int argc, char **argv) {
    static const struct argument no_options[] = {{0}};
    int status = arguments_parse(no_options, help, argc, argv);
    if (status >= 0 || optind < argc)
        return status;
    message("a command is required (see --help)");
    return EXIT_USAGE;
}

int main(int argc, char **argv) {
    static struct program self;
    program_start("tail_many");
    int status = parse_arguments(argc, argv);
    if (status >= 0)
        return status;
    (void)signal(SIGCHLD, SIG_DFL); /* our parent may have ignored it; no status would come */
    self.failed = program_open(&self, argc - optind) < 0;
    for (int i = optind; i < argc && !self.failed; i++) {
        int result = command_start(&self, argv[i]);
        if (result < 0)
            fail(&self, argv[i], result);
    }
    program_run(&self);
    program_close(&self);
    return self.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
