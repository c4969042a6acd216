# SPDX-License-Identifier: MIT
"""Compiles each block of C in README.md with all warnings as errors, runs it, and checks what it does.

usage: readme.py SOURCE_ROOT LIBRARY SANITIZERS COMPILER...

Each block compiles as it stands, as C11 and as C++17. The echo server is the block that has a main. Only
its port is changed, to a free one. The server must echo, go on after it was stopped and continued, and
say in one line why it cannot start, in either language. The client and the timer are functions, which the
programs readme_client.c and readme_timer.c beside this file include; the client talks to the server.
Blocks with a name (```c name.c) are programs of libcmio-async, and not of this test.

SANITIZERS is what the library was built with, or "none". The programs wait with the backend that
CMIO_BACKEND names.

Without a README.md the test is skipped. A README.md without the server, the client or the timer is a
failure, and so is a relative link, or a path in a command, that leads nowhere.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from scratch import SKIPPED, WARNINGS, Failure, expect, main, run

PATIENCE = 100.0
STOPS = 10  # one that meets the server outside of its wait would show nothing
ADDRESS = re.compile(r'"(127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):\d+"')


HERE = os.path.dirname(os.path.abspath(__file__))
TICKS = 2  # which is how many the program of the timer waits for
# How a language is compiled, and the beginnings of its compilers' names: of those of C first.
LANGUAGES = {
    "C11": (["-x", "c", "-std=c11"], {}),
    "C++17": (["-x", "c++", "-std=c++17"], {"gcc": "g++", "clang": "clang++", "cc": "c++"}),
}


class Blocks:
    """The blocks of C: the server, and the functions that make a client and a timer."""

    def __init__(self, text):
        blocks = re.findall(r"^```c\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        self.all = blocks
        self.server = self.only(r"\bint main\(", "a main")
        self.client = self.only(r"\bclient_on_event\(", "the function client_on_event")
        self.timer = self.only(r"\bwait_with_timers\(", "the function wait_with_timers")
        expect(len(ADDRESS.findall(self.server)) == 1, "the server should name one address and port")

    def only(self, pattern, words):
        found = [block for block in self.all if re.search(pattern, block)]
        expect(len(found) == 1, f"README.md has {len(found)} blocks of C with {words}, not 1")
        return found[0]


def check_paths(root, text):
    """The links, and in commands what begins with a folder of this tree, lead to files in it."""
    blocks = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
    paths = re.compile(r"(?:(?<=\s)|^)(?:docs|examples|scripts|tests)/[\w./-]+", re.MULTILINE)
    targets = re.findall(r"\]\(([^)#\s]+)", blocks.sub("", text))
    targets = [target for target in targets if not re.match(r"\w+:", target)]
    for language, block in blocks.findall(text):
        if language == "sh":
            targets += paths.findall(block)
    for target in targets:
        expect(os.path.exists(os.path.join(root, target)), f"README.md: no {target} in the tree")


@contextlib.contextmanager
def kept_port():
    """A port that refuses connections, and that nobody else is given meanwhile."""
    with socket.socket() as keeper:
        keeper.bind(("127.0.0.1", 0))  # and does not listen
        yield keeper.getsockname()[1]


class Workshop:
    """Where programs are compiled in one language, and with what."""

    def __init__(self, language, scratch, arguments):
        root, self.library, sanitizers, *compiler = arguments
        self.language, self.scratch = language, scratch
        flags, names = LANGUAGES[language]
        self.compiler = [*compiler[:-1], compiler_for(compiler[-1], names)]
        self.flags = [*WARNINGS, "-I", os.path.join(root, "include"), *flags]
        wanted = [name for name in re.findall(r"[a-z-]+", sanitizers) if name != "none"]
        self.sanitizers = ["-fsanitize=" + ",".join(wanted)] if wanted else []

    def is_there(self):
        return shutil.which(self.compiler[-1]) is not None

    def write(self, name, text):
        path = os.path.join(self.scratch, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def compile(self, *arguments):
        run([*self.compiler, *self.sanitizers, *self.flags, *arguments])

    def build(self, source):
        """The program of the source."""
        folder = os.path.dirname(os.path.abspath(self.library))
        output = os.path.join(self.scratch, os.path.basename(source) + ".program")
        libraries = ["-x", "none", self.library, "-pthread", "-Wl,-rpath," + folder]
        self.compile("-I", self.scratch, source, *libraries, "-o", output)
        return output


def compiler_for(compiler, names):
    """gcc-12 is g++-12 in the other language; what is called something else is both."""
    folder, base = os.path.split(compiler)
    for ours, theirs in names.items():
        if base.startswith(ours):
            return os.path.join(folder, theirs + base[len(ours) :])
    return compiler


def connect(process, port):
    """A connection to the server, or None where it ended: someone else was quicker at the port."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return None
        try:
            return socket.create_connection(("127.0.0.1", port), PATIENCE)
        except ConnectionRefusedError:
            time.sleep(0.01)
    raise Failure(f"nobody listens after {PATIENCE} s")


def receive(connection, length):
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        expect(part, f"the server closed after {len(data)} of {length} bytes")
        data += part
    return data


def talk(connection, port):
    """Two clients at once, a little and a lot, and the server is still there after they left."""
    with connection, socket.create_connection(("127.0.0.1", port), PATIENCE) as other:
        for message in [b"x", b"hello, cmio\n", bytes(range(256)) * 16]:
            for client in [connection, other]:
                client.sendall(message)
            for client in [other, connection]:
                expect(receive(client, len(message)) == message, "other bytes came back")
        connection.shutdown(socket.SHUT_WR)
        expect(connection.recv(1) == b"", "the server does not close what its client has closed")
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as late:
        late.sendall(b"still there?")
        expect(receive(late, 12) == b"still there?", "other bytes came back")


def stop_and_continue(process, port):
    """What Ctrl-Z and fg do: a client that was there before is still served after it."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
        for _ in range(STOPS):
            client.sendall(b"ping")
            expect(receive(client, 4) == b"ping", "other bytes came back")
            process.send_signal(signal.SIGSTOP)
            _, status = os.waitpid(process.pid, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                process.returncode = os.waitstatus_to_exitcode(status)
                raise Failure(f"the server ended with {process.returncode} after a stop")
            process.send_signal(signal.SIGCONT)


def check_complaint(output, port):
    """Where its port is taken, the server ends with one line that says what is wrong."""
    second = subprocess.run(
        [output], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE
    )
    expect(second.returncode == 1, f"the port is taken: the server ended with {second.returncode}")
    expect(second.stdout == "", f"the server printed {second.stdout!r}")
    said = second.stderr
    expect(said.count("\n") == 1 and said.endswith("\n"), f"not one line: {said!r}")
    expect(f"127.0.0.1:{port}" in said and "in use" in said, f"it does not say what failed: {said!r}")


def say_hello(client, port):
    """What the client of README.md does beside the server."""
    said = run([client, f"127.0.0.1:{port}"], timeout=PATIENCE)
    expect(said == "hello\n", f"the client got {said!r} from the server")


def serve(output, client, port):
    """Whether the server could take its port; talks to it if so."""
    with subprocess.Popen([output], stdin=subprocess.DEVNULL) as process:
        try:
            connection = connect(process, port)
            if connection is None:
                print(f"the server ended with {process.returncode} on port {port}")
                return False
            talk(connection, port)
            say_hello(client, port)
            stop_and_continue(process, port)
            check_complaint(output, port)
            expect(process.poll() is None, f"the server ended with {process.returncode}")
            return True
        except OSError as error:
            raise Failure(f"talking to the server: {error}") from error
        finally:
            process.kill()


def serve_somewhere(blocks, workshop, client):
    """Tries ports until one is still free when the server binds it."""
    for _ in range(10):
        with kept_port() as port:  # while the server is compiled
            source = workshop.write("echo.c", ADDRESS.sub(f'"127.0.0.1:{port}"', blocks.server))
            output = workshop.build(source)
        if serve(output, client, port):
            return
    raise Failure("ten times the server ended by itself")


def check_refusal(client):
    """Where nobody listens, the client says so."""
    with kept_port() as port:
        command = [client, f"127.0.0.1:{port}"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    expect(result.returncode == 1, f"nobody listens: the client ended with {result.returncode}")
    expect("refused" in result.stderr, f"nobody listens: the client said {result.stderr!r}")


def check_timer(program):
    said = run([program], timeout=PATIENCE)
    expect(said == "tick 7\n" * TICKS, f"the timer said {said!r}")


def check_blocks(blocks, workshop):
    for number, block in enumerate(blocks.all):
        source = workshop.write(f"block{number}.c", block)
        workshop.compile("-c", source, "-o", source + ".o")
    workshop.write("client.h", blocks.client)
    workshop.write("timer.h", blocks.timer)
    client = workshop.build(os.path.join(HERE, "readme_client.c"))
    serve_somewhere(blocks, workshop, client)
    check_refusal(client)
    check_timer(workshop.build(os.path.join(HERE, "readme_timer.c")))
    print(f"{len(blocks.all)} blocks compile as {workshop.language}, and do what they should")


def test(*arguments):
    path = os.path.join(arguments[0], "README.md")
    if not os.path.exists(path):
        print("skipped: there is no README.md")
        sys.exit(SKIPPED)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    check_paths(arguments[0], text)
    blocks = Blocks(text)
    for language in LANGUAGES:
        with tempfile.TemporaryDirectory() as scratch:
            workshop = Workshop(language, scratch, arguments)
            if workshop.is_there():
                check_blocks(blocks, workshop)
            else:
                print(f"not tried as {language}: no {workshop.compiler[-1]} here")


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
