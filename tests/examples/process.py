# SPDX-License-Identifier: MIT
"""What the tests of the examples as processes share: a program that runs, and a connection to it.

A test file says what it is about and ends with

    if __name__ == "__main__":
        process.main(__doc__)

which takes PROGRAM [--backend NAME] [--sanitized BY] [unittest's own arguments]. Without --backend
the programs wait with what CMIO_BACKEND says. BY is meson's b_sanitize. Every wait is bounded by
WAIT seconds and fails loudly; what a sanitizer prints is a failure; no program outlives its test.
"""

import contextlib
import os
import re
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import tty
import types
import unittest
import unittest.mock

WAIT = 100  # far more than any wait takes, also under a sanitizer on a busy machine
ANY_PORT = "127.0.0.1:0"
ON_LINUX = sys.platform.startswith("linux")
SANITIZER_OUTPUT = re.compile(r"runtime error: |(ERROR|WARNING|FATAL|SUMMARY): [A-Za-z]+Sanitizer")

# What is tested: set by main(). scratch is a folder that is removed at the end.
tested = types.SimpleNamespace(program=None, name=None, backend=None, sanitized="", scratch=None)

needs_proc = unittest.skipUnless(ON_LINUX, "needs /proc")


def needs_tool(name):
    return unittest.skipIf(shutil.which(name) is None, name + " is not installed")


def eventually(condition, what):
    """Repeats the condition until it is true."""
    give_up = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > give_up:
            raise AssertionError("not within %d s: %s" % (WAIT, what))
        time.sleep(0.002)


def scratch_file(name, content):
    path = os.path.join(tested.scratch, name)
    with open(path, "wb") as file:
        file.write(content)
    return path


def environment():
    if tested.backend is None:
        return None
    return dict(os.environ, CMIO_BACKEND=tested.backend)


def closing(streams):
    """What goes before a command so that it runs with these standard streams closed."""
    if not streams:
        return []
    return ["sh", "-c", 'exec "$0" "$@" ' + " ".join("%d>&-" % fd for fd in streams)]


class Process:
    """A running program, which is killed at the end of the with unless it has ended by itself."""

    def __init__(self, *arguments, output=subprocess.PIPE, errors=None, closed=()):
        """output and errors are where it writes to instead; closed are standard streams."""
        self.errors = tempfile.TemporaryFile()
        self.last_errors = None
        self.output = b""  # what it printed and nobody has asked for
        self.process = subprocess.Popen(
            [*closing(closed), tested.program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=self.errors if errors is None else errors,
            bufsize=0,
            env=environment(),
        )

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.kill()
        if kind is not None and self.last_errors:
            sys.stderr.write("%s says:\n%s" % (tested.name, self.last_errors))

    def kill(self):
        """Ends it where it still runs. What it wrote to standard error stays in last_errors."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        if not self.errors.closed:
            self.last_errors = self.error_text()
            self.errors.close()
        if SANITIZER_OUTPUT.search(self.last_errors):
            raise AssertionError(self.last_errors)

    def error_text(self):
        if self.errors.closed:
            return self.last_errors
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def fail(self, what):
        self.kill()
        raise AssertionError("%s: it printed %r and %r" % (what, self.output, self.last_errors))

    def read_output(self, give_up):
        """Waits for more of its output; False at the end."""
        left = max(0, give_up - time.monotonic())
        readable, _, _ = select.select([self.process.stdout], [], [], left)
        if not readable:
            self.fail("nothing within %d s" % WAIT)
        data = self.process.stdout.read(65536)
        self.output += data
        return bool(data)

    def read_line(self):
        """The next line that it prints."""
        give_up = time.monotonic() + WAIT
        while b"\n" not in self.output:
            if not self.read_output(give_up):
                self.fail("no line")
        line, self.output = self.output.split(b"\n", 1)
        return line.decode()

    def wait(self):
        """Waits for the end: the exit status and what it printed last."""
        give_up = time.monotonic() + WAIT
        while self.process.stdout is not None and self.read_output(give_up):
            pass
        return self.process.wait(WAIT), self.output.decode()

    def signal(self, number):
        if ON_LINUX and "thread" in tested.sanitized:
            # ThreadSanitizer holds a signal back that comes just before a call blocks.
            eventually(lambda: self.state() in "SZ", "it waits")
        self.process.send_signal(number)

    def is_waiting(self):
        if self.process.poll() is not None:
            self.fail("it ended with %d" % self.process.returncode)
        return self.state() == "S"

    @contextlib.contextmanager
    def stopped(self):
        """Stops it in its wait: what happens until it goes on, it will see at once."""
        eventually(self.is_waiting, "it waits")
        self.process.send_signal(signal.SIGSTOP)
        eventually(lambda: self.state() in "Tt", "it is stopped")
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def stop_and_continue(self):
        """What Ctrl-Z and fg do. On Linux it interrupts some waits, without a signal handler."""
        with self.stopped():
            pass
        eventually(self.is_waiting, "it waits again")

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.wait()

    def proc(self, name):
        with open("/proc/%d/%s" % (self.process.pid, name)) as file:
            return file.read()

    def state(self):
        return self.proc("stat").rsplit(")", 1)[1].split()[0]

    def status(self, name):
        return int(re.search(r"^%s:\s+(\d+)" % name, self.proc("status"), re.M).group(1))

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def allow_descriptors(self, count):
        """Lets it open so many more, and none beyond."""
        used = set(map(int, os.listdir("/proc/%d/fd" % self.process.pid)))
        limit = [fd for fd in range(len(used) + count + 1) if fd not in used][count]
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (limit, limit))

    def cpu_seconds(self):
        fields = self.proc("stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def is_idle(self):
        """Whether it takes next to no processor time for a while."""
        cpu, begin = self.cpu_seconds(), time.monotonic()
        time.sleep(0.6)  # a span to measure over, nothing depends on its length
        return self.cpu_seconds() - cpu < (time.monotonic() - begin) / 4

    def wait_until_idle(self):
        """What it still has to do may take a while; one that never rests fails."""
        eventually(self.is_idle, "it has nothing to do")

    def local_port(self):
        """The port on which it listens for TCP or receives over UDP; 0 while there is none."""
        if self.process.poll() is not None:
            self.fail("it ended with %d" % self.process.returncode)
        inodes = set()
        for fd in os.listdir("/proc/%d/fd" % self.process.pid):
            with contextlib.suppress(FileNotFoundError):
                inodes.add(os.readlink("/proc/%d/fd/%s" % (self.process.pid, fd)))
        for table, state in (("net/tcp", "0A"), ("net/udp", "07")):
            for row in map(str.split, self.proc(table).splitlines()[1:]):
                if row[3] == state and "socket:[%s]" % row[9] in inodes:
                    return int(row[1].rsplit(":", 1)[1], 16)
        return 0


class RefusingPort:
    """A port that refuses connections, and that nobody else is given meanwhile.

    On Linux, a server that is told the port may listen there until it ends.
    """

    def __init__(self, port=0):
        self.port = port

    def __enter__(self):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", self.port))  # and does not listen
        return self.socket.getsockname()[1]

    def __exit__(self, *_):
        self.socket.close()


class Server(Process):
    """A program whose first line says where it listens: "listening on ADDRESS".

    Where nobody can read that line, pass is_heard=False. The port then comes from /proc.
    """

    def __init__(self, *arguments, is_heard=True, **streams):
        super().__init__(*arguments, **streams)
        if not is_heard:
            self.host, self.port = "127.0.0.1", 0
            eventually(self.find_port, "it listens")
            return
        line = self.read_line()
        match = re.fullmatch(r"listening on ((?:http://)?\[?([^\]/]+?)\]?:(\d+))", line)
        if match is None:
            self.fail(line)
        self.address = match.group(1)
        self.host = match.group(2)
        self.port = int(match.group(3))

    def find_port(self):
        self.port = self.local_port()
        return self.port > 0


class Stalled:
    """Something to write to that takes no more, because nobody reads it."""

    KINDS = ("pipe", "nonblocking pipe", "socket", "terminal")

    def __init__(self, kind):
        if kind == "socket":
            ours, theirs = socket.socketpair()
            self.ours, self.theirs = ours.detach(), theirs.detach()
        elif kind == "terminal":
            self.ours, self.theirs = os.openpty()
            tty.setraw(self.theirs)
        else:
            self.ours, self.theirs = os.pipe()
        os.set_blocking(self.theirs, False)
        for size in (4096, 64, 1):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(self.theirs, b"." * size)
        os.set_blocking(self.theirs, kind != "nonblocking pipe")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.ours)
        os.close(self.theirs)

    def drain(self):
        """Reads what is there; without what stalled it."""
        text = b""
        os.set_blocking(self.ours, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                text += os.read(self.ours, 65536)
        return text.lstrip(b".").decode()


class Connection:
    """A TCP connection to a server, spoken to by hand."""

    def __init__(self, server, receive_buffer=None, segment=None):
        self.socket = socket.socket(socket.AF_INET6 if ":" in server.host else socket.AF_INET)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if segment is not None:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
        self.socket.settimeout(WAIT)
        try:
            self.socket.connect((server.host, server.port))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:  # it may be reset at once
            self.socket.close()
            raise
        self.buffer = b""  # what was received and nobody has asked for

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def finish(self):
        """Says that it will send no more."""
        self.socket.shutdown(socket.SHUT_WR)

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def send_around_urgent(self, before, after):
        """Both, and between them an urgent byte, which is no part of what the server reads."""
        self.send(before)
        self.socket.send(b"!", socket.MSG_OOB)
        self.send(after)

    def more(self):
        """Receives more into the buffer: how many bytes, 0 at the end."""
        try:
            data = self.socket.recv(262144)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return len(data)

    def receive(self, length):
        """The next bytes, so many."""
        pieces, count = [], 0
        while count + len(self.buffer) < length:  # in pieces: joining megabytes each time takes seconds
            pieces.append(self.buffer)
            count += len(self.buffer)
            self.buffer = b""
            assert self.more() > 0, "the end after %d of %d bytes" % (count, length)
        pieces.append(self.buffer[: length - count])
        self.buffer = self.buffer[length - count :]
        return b"".join(pieces)

    def receive_line(self):
        """The next line, without its end."""
        while b"\n" not in self.buffer:
            assert self.more() > 0, "the end instead of a line: %r" % self.buffer
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line

    def expect(self, data):
        """These bytes come next."""
        received = self.receive(len(data))
        assert received == data, "%r in place of %r" % (received[:200], data[:200])

    def is_silent(self):
        """Whether nothing has arrived, not even an end."""
        self.socket.setblocking(False)
        try:
            self.socket.recv(1, socket.MSG_PEEK)
            return False
        except BlockingIOError:
            return True
        finally:
            self.socket.settimeout(WAIT)

    def ended(self):
        """Waits for the end of the connection, before which nothing may come."""
        return self.buffer == b"" and self.more() == 0


def run(*arguments, output=subprocess.PIPE, closed=()):
    """Runs the program to its end."""
    return subprocess.run(
        [*closing(closed), tested.program, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=WAIT,
        env=environment(),
    )


def assert_complaint(test, result, status, *parts):
    """The program ended with this exit status and said why in one line, which has these parts."""
    test.assertEqual(result.returncode, status, result)
    test.assertIn(result.stdout, ("", None))
    test.assertRegex(result.stderr, r"^%s: [^\n]+\n$" % tested.name)
    for part in parts:
        test.assertIn(part, result.stderr)


class TestCase(unittest.TestCase):
    def enterContext(self, context):  # pylint: disable=invalid-name
        """As unittest has it since Python 3.11: leaves the context when the test is over."""
        result = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return result


needs_full = unittest.skipUnless(os.path.exists("/dev/full"), "needs /dev/full")


class AnyCommandLine:
    """What the command lines of all programs have in common.

    USAGE is a pattern of what --help says first, and RUNS are arguments with which it runs.
    """

    USAGE = ""
    RUNS = (ANY_PORT,)

    def test_help_says_how_it_is_used(self):
        texts = []
        for option in ("--help", "-h"):
            result = run(option)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            texts.append(result.stdout)
        self.assertEqual(texts[0], texts[1])
        self.assertRegex(texts[0], r"^usage: %s .*%s" % (tested.name, self.USAGE))
        self.assertIn("-h", texts[0])

    @needs_full
    def test_help_that_cannot_be_printed_is_a_failure(self):
        with open("/dev/full", "wb") as full:
            result = run("--help", output=full)
        assert_complaint(self, result, 1, "standard output", "No space")

    def test_a_wrong_option_is_one_line_that_names_the_program_and_not_its_path(self):
        for arguments, part in (
            (["--bogus"], "'--bogus'"),
            (["-x"], "'-x'"),
            (["-\x01"], "'-?'"),
            (["--help=1"], "'--help=1'"),
        ):
            with self.subTest(arguments):
                assert_complaint(self, run(*arguments, *self.RUNS), 2, part)

    def test_an_unknown_backend_is_one_line_that_says_which_there_are(self):
        with unittest.mock.patch.object(tested, "backend", "carrier-pigeon"):
            result = run(*self.RUNS)
        assert_complaint(
            self, result, 1, "CMIO_BACKEND", "'carrier-pigeon'", "not supported", "poll"
        )
        if ON_LINUX:
            self.assertIn("epoll, poll", result.stderr)


class ServerCommandLine(AnyCommandLine):
    """What the command lines of the small TCP servers have in common."""

    USAGE = r"ADDRESS"

    def test_wrong_arguments_are_one_line_and_exit_status_2(self):
        for arguments, part in (
            (["--bogus"], "bogus"),
            (["-x"], "x"),
            (["--help=1"], "help"),
            (["nowhere"], "'nowhere'"),
            (["127.0.0.1"], "'127.0.0.1'"),
            (["127.0.0.1:65536"], "'127.0.0.1:65536'"),
            (["unix:/tmp/socket"], "'unix:/tmp/socket'"),
            ([""], "''"),
            ([ANY_PORT, "more"], "'more'"),
        ):
            with self.subTest(arguments):
                assert_complaint(self, run(*arguments), 2, part)

    def test_a_port_in_use_is_one_line_and_exit_status_1(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            address = "127.0.0.1:%d" % other.getsockname()[1]
            assert_complaint(self, run(address), 1, address, "in use")

    def test_the_address_may_be_ipv6(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("there is no IPv6 here")
        with Server("[::1]:0") as server, Connection(server):
            self.assertRegex(server.address, r"^\[::1\]:\d+$")
            self.assertEqual(server.stop()[0], 0)


class ServerStreams:
    """Standard streams that are closed, full or stalled, and signals, for every server.

    A test case says with these two how its server is started and whether it works.
    """

    def start(self, **streams):
        return Server(ANY_PORT, **streams)

    def assert_serves(self, server):
        Connection(server).close()

    @needs_proc
    def test_standard_streams_that_are_closed_are_opened_on_dev_null(self):
        for closed in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)):
            with self.subTest(closed), self.start(is_heard=False, closed=closed) as server:
                self.assert_serves(server)
                for fd in closed:
                    path = "/proc/%d/fd/%d" % (server.process.pid, fd)
                    self.assertEqual(os.readlink(path), os.devnull)
                self.assertEqual(server.stop()[0], 0)

    @needs_proc
    def test_a_standard_output_that_nobody_reads_holds_up_nothing(self):
        for kind in Stalled.KINDS:
            with self.subTest(kind), Stalled(kind) as stalled:
                with self.start(is_heard=False, output=stalled.theirs) as server:
                    self.assert_serves(server)
                    self.assertEqual(server.stop()[0], 0)
                    if kind != "terminal":  # which may take some more after a while
                        self.assertEqual(stalled.drain(), "")

    @needs_proc
    def test_what_it_could_not_print_is_counted(self):
        with Stalled("pipe") as stalled:
            with self.start(is_heard=False, output=stalled.theirs) as server:
                self.assert_serves(server)
                stalled.drain()
                self.assertEqual(server.stop()[0], 0)
                told = "%s: 1 line was dropped\n" % tested.name
                self.assertTrue(stalled.drain().startswith(told))

    @needs_full
    def test_that_it_cannot_say_where_it_listens_is_a_failure(self):
        with open("/dev/full", "wb") as full:
            with Process(*self.any_port(), output=full) as server:
                self.assertEqual(server.wait()[0], 1)
                self.assertRegex(
                    server.error_text(), r"^%s: standard output: No space[^\n]*\n$" % tested.name
                )

    def any_port(self):
        return [ANY_PORT]

    @needs_proc
    def test_the_second_signal_ends_it_whatever_it_does(self):
        with self.start() as server:
            self.assert_serves(server)
            with server.stopped():  # it does nothing, and then finds both
                server.process.send_signal(signal.SIGINT)
                server.process.send_signal(signal.SIGTERM)
            self.assertIn(server.wait()[0], (128 + signal.SIGINT, 128 + signal.SIGTERM))


def take_option(arguments, name):
    """The value of an option that is first among the arguments, else None."""
    if arguments[:1] != [name] or len(arguments) < 2:
        return None
    del arguments[0]
    return arguments.pop(0)


def main(description):
    arguments = sys.argv[1:]
    if not arguments or arguments[0].startswith("-"):
        sys.exit(description)
    tested.program = os.path.abspath(arguments.pop(0))
    tested.name = os.path.basename(tested.program)
    tested.backend = take_option(arguments, "--backend") or os.environ.get("CMIO_BACKEND")
    tested.sanitized = take_option(arguments, "--sanitized") or ""
    # Whoever started the tests may ignore it, such as nohup(1), and the programs would inherit that.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # Some tests need more descriptors than a shell allows by default.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20000), hard))
    with tempfile.TemporaryDirectory(prefix="cmio-") as tested.scratch:
        unittest.main(argv=[sys.argv[0], *arguments], verbosity=2)
