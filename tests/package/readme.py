# SPDX-License-Identifier: MIT
"""Compiles the echo server of README.md with all warnings as errors, runs it and talks to it.

usage: readme.py SOURCE_ROOT LIBRARY SANITIZERS COMPILER...

The program is the block of C that has a main. Only its port is changed, to a free one. The server
must echo, go on after it was stopped and continued, and say in one line why it cannot start.
SANITIZERS is what the library was built with, or "none". The server waits with the backend that
CMIO_BACKEND names.

Without a README.md the test is skipped. A README.md without the program is a failure, and so is a
relative link, or a path in a command, that leads nowhere.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

from scratch import SKIPPED, WARNINGS, Failure, expect, main, run

PATIENCE = 30.0
STOPS = 10  # one that meets the server outside of its wait would show nothing
ADDRESS = re.compile(r'"(127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):\d+"')


def echo_server(text):
    """The program, which must be the only one of its kind."""
    blocks = re.findall(r"^```c\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    programs = [block for block in blocks if re.search(r"\bint main\(", block)]
    expect(len(programs) == 1, f"README.md has {len(programs)} C programs with a main, not 1")
    expect(len(ADDRESS.findall(programs[0])) == 1, "the program should name one address and port")
    return programs[0]


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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def compile_server(program, port, scratch, arguments):
    root, library, sanitizers, *compiler = arguments
    source, output = os.path.join(scratch, "echo.c"), os.path.join(scratch, "echo")
    with open(source, "w", encoding="utf-8") as file:
        file.write(ADDRESS.sub(f'"127.0.0.1:{port}"', program))
    folder = os.path.dirname(os.path.abspath(library))
    flags = ["-std=c11", *WARNINGS, "-I", os.path.join(root, "include")]
    names = [name for name in re.findall(r"[a-z-]+", sanitizers) if name != "none"]
    flags += ["-fsanitize=" + ",".join(names)] if names else []
    run([*compiler, *flags, source, library, "-pthread", "-Wl,-rpath," + folder, "-o", output])
    return output


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


def serve(output, port):
    """Whether the server could take its port; talks to it if so."""
    with subprocess.Popen([output], stdin=subprocess.DEVNULL) as process:
        try:
            connection = connect(process, port)
            if connection is None:
                print(f"the server ended with {process.returncode} on port {port}")
                return False
            talk(connection, port)
            stop_and_continue(process, port)
            check_complaint(output, port)
            expect(process.poll() is None, f"the server ended with {process.returncode}")
            return True
        except OSError as error:
            raise Failure(f"talking to the server: {error}") from error
        finally:
            process.kill()


def serve_somewhere(program, scratch, arguments):
    """Tries ports until one is still free when the server binds it."""
    for _ in range(10):
        port = free_port()
        output = compile_server(program, port, scratch, arguments)
        if serve(output, port):
            return
    raise Failure("ten times the server ended by itself")


def test(*arguments):
    path = os.path.join(arguments[0], "README.md")
    if not os.path.exists(path):
        print("skipped: there is no README.md")
        sys.exit(SKIPPED)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    check_paths(arguments[0], text)
    program = echo_server(text)
    with tempfile.TemporaryDirectory() as scratch:
        serve_somewhere(program, scratch, arguments)


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
