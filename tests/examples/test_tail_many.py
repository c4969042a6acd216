#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tail_many as a process: whose lines it prints, how commands end, what signals do.

    test_tail_many.py PROGRAM [--backend NAME] [--sanitized BY] [unittest's own arguments]
"""

import os
import signal
import subprocess
import unittest

import process
from process import (
    Process, TestCase, assert_complaint, environment, eventually, needs_proc, run, tested
)

# Says when it listens to signals, and then waits for one.
TRAPS = "trap 'echo heard %s; exit 0' %s; echo ready; while :; do sleep 0.02; done"


def lines_of(number, output, mark=":"):
    prefix = "%d%s " % (number, mark)
    return [line[len(prefix):] for line in output.splitlines() if line.startswith(prefix)]


class Lines(TestCase):
    def test_each_line_is_behind_the_number_of_its_command(self):
        result = run("echo a; echo b", "echo c", "true")
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual(lines_of(1, result.stdout), ["a", "b"])
        self.assertEqual(lines_of(2, result.stdout), ["c"])
        self.assertEqual(result.stdout.count("\n"), 3)

    def test_standard_error_has_a_mark_of_its_own(self):
        result = run("echo out; echo err >&2")
        self.assertEqual(lines_of(1, result.stdout), ["out"])
        self.assertEqual(lines_of(1, result.stdout, "!"), ["err"])

    def test_a_last_line_without_its_end_gets_one(self):
        self.assertEqual(run("printf 'a\\nb'").stdout, "1: a\n1: b\n")

    def test_empty_lines_and_lines_in_pieces_stay_as_they_are(self):
        result = run("echo; printf 'a\\0b'; sleep 0.1; echo c; echo")
        self.assertEqual(result.stdout, "1: \n1: a\0bc\n1: \n")

    def test_a_line_that_is_too_long_comes_in_pieces(self):
        result = run("head -c 10000 /dev/zero | tr '\\0' x; echo; echo after")
        pieces = lines_of(1, result.stdout)
        self.assertEqual([len(piece) for piece in pieces], [4096, 4096, 10000 - 2 * 4096, 5])

    def test_a_line_is_printed_when_it_comes(self):
        with Process("echo now; exec sleep 1000") as program:
            self.assertEqual(program.read_line(), "1: now")
            program.stop()

    @needs_proc
    def test_it_goes_on_after_it_was_stopped_and_continued(self):
        path = os.path.join(tested.scratch, "lines")
        os.mkfifo(path)
        with Process("exec cat " + path) as program, open(path, "w") as lines:
            for number in range(3):
                program.stop_and_continue()
                print(number, file=lines, flush=True)
                self.assertEqual(program.read_line(), "1: %d" % number)
            lines.close()
            self.assertEqual(program.wait(), (0, ""))

    def test_mebibytes_of_several_commands_come_whole_and_in_order(self):
        count = 100000
        commands = ["seq 1 %d" % count] * 4
        result = run(*commands)
        expected = [str(number) for number in range(1, count + 1)]
        for number in range(1, 5):
            self.assertTrue(lines_of(number, result.stdout) == expected, number)
        self.assertEqual(result.returncode, 0)

    def test_a_command_that_never_stops_writing_stops_no_other(self):
        with Process("yes", "echo mine") as program:
            self.assertIn("2: mine", iter(program.read_line, None))
            program.process.send_signal(signal.SIGTERM)
            status, _ = program.wait()
            self.assertEqual(status, 1)

    def test_commands_read_nothing(self):
        self.assertEqual(run("cat; echo end").stdout, "1: end\n")

    @needs_proc
    def test_who_reads_slowly_holds_up_the_commands_and_costs_no_memory(self):
        with Process("yes 0123456789012345678901234567890123456789") as program:
            program.read_line()
            eventually(lambda: program.state() == "S" and program.is_idle(), "it waits to write")
            if not tested.sanitized:
                self.assertLess(program.status("VmRSS"), 16384)


class Ends(TestCase):
    def test_how_each_ended_is_said(self):
        result = run("exit 3", "kill -9 $$", "true", "no-such-command")
        self.assertEqual(result.returncode, 1)
        ends = sorted(result.stderr.splitlines())
        self.assertEqual(len(ends), 4, result)
        self.assertEqual(ends[0], "tail_many: 1 ended with 3")
        self.assertRegex(ends[1], r"^tail_many: 2 ended by signal 9 \(.+\)$")
        self.assertEqual(ends[2], "tail_many: 3 ended with 0")
        self.assertEqual(ends[3], "tail_many: 4 ended with 127")

    def test_the_exit_status_is_0_only_when_all_ended_with_0(self):
        self.assertEqual(run("true", "true").returncode, 0)
        self.assertEqual(run("true", "false").returncode, 1)
        self.assertEqual(run("kill $$", "true").returncode, 1)

    def test_what_a_command_left_running_is_waited_for_and_printed(self):
        result = run("(sleep 0.3; echo late) & exit 5")
        self.assertEqual(result.stdout, "1: late\n")
        self.assertEqual(result.stderr, "tail_many: 1 ended with 5\n")

    def test_a_command_that_closed_its_outputs_is_waited_for(self):
        result = run("exec >&- 2>&-; sleep 0.3; exit 6")
        self.assertEqual(result.stderr, "tail_many: 1 ended with 6\n")

    def test_many_commands_at_once(self):
        result = run(*["echo %d; exit %d" % (number, number % 2) for number in range(60)])
        self.assertEqual(result.stderr.count("ended with 0"), 30)
        self.assertEqual(result.stderr.count("ended with 1"), 30)
        for number in range(60):
            self.assertEqual(lines_of(number + 1, result.stdout), [str(number)])

    def test_who_ran_it_may_have_ignored_sigchld(self):
        result = subprocess.run(
            [tested.program, "exit 4"],
            capture_output=True,
            text=True,
            timeout=process.WAIT,
            env=environment(),
            preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
        )
        self.assertEqual(result.stderr, "tail_many: 1 ended with 4\n")


class Signals(TestCase):
    def test_signals_are_passed_on_and_the_commands_waited_for(self):
        for number, name in ((signal.SIGTERM, "TERM"), (signal.SIGINT, "INT")):
            with self.subTest(name), Process(*[TRAPS % (name, name)] * 3) as program:
                self.assertEqual(
                    sorted(program.read_line() for _ in range(3)), ["%d: ready" % i for i in (1, 2, 3)]
                )
                program.signal(number)
                status, output = program.wait()
                for i in (1, 2, 3):  # its standard error is the shell's own affair
                    self.assertEqual(lines_of(i, output), ["heard " + name])
                self.assertEqual(status, 0, program.error_text())
                self.assertEqual(program.error_text().count("ended with 0"), 3)

    def test_a_command_that_is_killed_by_one_counts_as_failed(self):
        with Process("echo ready; exec sleep 1000", "true") as program:
            program.read_line()
            program.signal(signal.SIGTERM)
            self.assertEqual(program.wait()[0], 1)
            self.assertRegex(program.error_text(), r"1 ended by signal %d " % signal.SIGTERM)

    def test_what_a_shell_started_hears_it_too(self):
        with Process("sleep 1000 & echo ready; wait") as program:
            program.read_line()
            program.signal(signal.SIGTERM)
            self.assertEqual(program.wait()[0], 1)  # the sleep would have kept the output open

    def test_a_command_that_ignores_it_is_waited_for_all_the_same(self):
        with Process("trap '' TERM; echo ready; sleep 0.5; echo still here") as program:
            program.read_line()
            program.signal(signal.SIGTERM)
            status, output = program.wait()
            self.assertEqual((status, output), (0, "1: still here\n"))

    def test_commands_have_sigpipe_as_usual(self):
        result = run("yes | head -n 1; (yes; echo $? >&2) | head -n 1")
        self.assertEqual(lines_of(1, result.stdout), ["y", "y"])
        self.assertEqual(lines_of(1, result.stdout, "!"), [str(128 + signal.SIGPIPE)])


class Output(TestCase):
    def test_when_nobody_reads_it_any_more_the_commands_are_told_to_end(self):
        program = subprocess.Popen(
            [tested.program, "yes", "sleep 1000"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        program.stdout.read(10)
        program.stdout.close()
        _, errors = program.communicate(timeout=process.WAIT)
        self.assertEqual(program.returncode, 1)
        self.assertIn(b"tail_many: standard output: Broken pipe\n", errors)
        self.assertIn(b"2 ended by signal %d" % signal.SIGTERM, errors)

    @unittest.skipUnless(os.path.exists("/dev/full"), "needs /dev/full")
    def test_a_full_disk_is_a_failure(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run(
                [tested.program, "echo lost"],
                stdout=full,
                stderr=subprocess.PIPE,
                timeout=process.WAIT,
                env=environment(),
            )
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"tail_many: standard output: No space left", result.stderr)

    def reads(self, stalled, text):
        """All that was read until now, of which text keeps what was read before."""
        text[0] += stalled.drain()
        return text[0]

    def for_each_stalled(self, commands, use, sign=None):
        """Uses the program for each kind of output that takes nothing, when it is stalled itself.

        The sign is a file by which the command says that it heeds signals.
        """
        for kind in process.Stalled.KINDS:
            with self.subTest(kind), process.Stalled(kind) as stalled:
                with Process(*commands, output=stalled.theirs) as program:
                    if sign is not None:
                        eventually(lambda: os.path.exists(sign), "the command heeds signals")
                    eventually(lambda: program.state() == "S" and program.is_idle(), "it waits")
                    use(program, stalled)
                if sign is not None:
                    os.unlink(sign)

    @needs_proc
    def test_an_output_that_nobody_reads_keeps_no_signal_from_the_commands(self):
        path = os.path.join(tested.scratch, "heard")
        # A shell says on standard error that its sleep was killed.
        command = "exec 2>/dev/null; trap '>%s; exit 0' TERM; >%s.ready; " % (path, path)
        command += "echo ready; while :; do sleep 0.02; done"

        def use(program, stalled):
            program.signal(signal.SIGTERM)
            eventually(lambda: os.path.exists(path), "the command heard it")
            os.unlink(path)
            text = [""]
            eventually(lambda: self.reads(stalled, text) == "1: ready\n", "it goes on")
            self.assertEqual(program.wait()[0], 0)

        self.for_each_stalled([command], use, path + ".ready")

    @needs_proc
    def test_a_second_signal_ends_it_and_is_passed_on(self):
        path = os.path.join(tested.scratch, "heard")
        command = "exec 2>/dev/null; trap 'n=x$n; test $n != xx || { >%s.$n; exit; }' TERM; " % path
        command += ">%s.ready; yes & while :; do >%s.$n; sleep 0.02; done" % (path, path)

        def use(program, _):
            program.signal(signal.SIGTERM)
            eventually(lambda: os.path.exists(path + ".x"), "the command heard the first")
            program.signal(signal.SIGTERM)
            self.assertEqual(program.wait()[0], 128 + signal.SIGTERM)
            eventually(lambda: os.path.exists(path + ".xx"), "the command heard the second")
            for name in (".x", ".xx"):
                os.unlink(path + name)

        self.for_each_stalled([command], use, path + ".ready")

    @needs_proc
    def test_nothing_is_lost_when_the_reader_comes_late(self):
        count = 50000
        expected = [str(number) for number in range(1, count + 1)]

        def use(program, stalled):
            text = [""]
            eventually(lambda: self.reads(stalled, text) and program.process.poll() is not None,
                       "it ends")
            self.reads(stalled, text)
            for number in (1, 2):
                self.assertTrue(lines_of(number, text[0]) == expected, number)
            self.assertEqual(program.process.returncode, 0)

        self.for_each_stalled(["seq 1 %d" % count] * 2, use)

    @needs_proc
    def test_a_standard_error_that_nobody_reads_holds_up_nothing(self):
        for kind in process.Stalled.KINDS:
            with self.subTest(kind), process.Stalled(kind) as stalled:
                with Process("exit 3", "sleep 0.1", errors=stalled.theirs) as program:
                    self.assertEqual(program.wait()[0], 1)

    @needs_proc
    def test_standard_streams_that_are_closed_are_opened_on_dev_null(self):
        command = "readlink /proc/$PPID/fd/0 /proc/$PPID/fd/1 /proc/$PPID/fd/2 >%s"
        for closed in ((0,), (1,), (2,), (0, 1, 2)):
            path = os.path.join(tested.scratch, "links")
            self.assertEqual(run(command % path, closed=closed).returncode, 0)
            with open(path) as file:
                links = file.read().splitlines()
            self.assertTrue(all(links[fd] == os.devnull for fd in closed), links)

    @needs_proc
    def test_a_command_that_does_nothing_costs_nothing(self):
        with Process("echo ready; exec sleep 1000", "exec sleep 1000") as program:
            program.read_line()
            program.wait_until_idle()
            program.stop()


class CommandLine(process.AnyCommandLine, TestCase):
    USAGE = r"COMMAND"
    RUNS = ("true",)

    def test_without_a_command_it_says_so(self):
        assert_complaint(self, run(), 2, "command")

    def test_without_descriptors_it_says_so_and_ends(self):
        result = subprocess.run(
            ["sh", "-c", 'ulimit -n 12; exec "$0" true true true true true', tested.program],
            capture_output=True,
            text=True,
            timeout=process.WAIT,
            env=environment(),
        )
        self.assertEqual(result.returncode, 1)
        self.assertIn("tail_many: true: ", result.stderr)


if __name__ == "__main__":
    process.main(__doc__)
