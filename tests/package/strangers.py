# SPDX-License-Identifier: MIT
"""Echo servers in other languages, by people who have nothing but an installed cmio.

stranger.cpp is in C++, stranger.rs in Rust, over what bindgen makes of the headers. Each is compiled
with what pkg-config says and nothing else, and talks to two clients at a time. A language whose
compiler is not there is left out, with a line that says so.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import threading

from scratch import WARNINGS, Failure, expect, run

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 60
A_LOT = bytes(range(256)) * 4096


def missing(*programs):
    absent = [program for program in programs if not shutil.which(program)]
    if absent:
        print(f"a stranger's echo server is left out: no {', '.join(absent)} here")
    return absent


def build_cpp(output, flags, libraries, _environment):
    source = os.path.join(HERE, "stranger.cpp")
    run(["c++", "-std=c++17", *WARNINGS, *flags, source, *libraries, "-o", output])


def build_rust(output, flags, libraries, environment):
    header, bindings = output + ".h", output + ".bindings.rs"
    with open(header, "w", encoding="utf-8") as file:
        file.write("#include <cmio/cmio.h>\n")
    chosen = ["--allowlist-function", "cmio_.*", "--allowlist-type", "cmio_.*", "--allowlist-var", "CMIO_.*"]
    chosen += ["--no-prepend-enum-name", "--no-layout-tests"]
    run(["bindgen", header, *chosen, "-o", bindings, "--", *flags])
    command = ["rustc", "--edition", "2018", "-D", "warnings", os.path.join(HERE, "stranger.rs")]
    for word in libraries:
        command += ["-C", f"link-arg={word}"]
    run([*command, "-o", output], env={**environment, "BINDINGS": bindings})


STRANGERS = {"C++": (build_cpp, ["c++"]), "Rust": (build_rust, ["bindgen", "rustc"])}


def receive(client, length):
    data = b""
    while len(data) < length:
        part = client.recv(length - len(data))
        expect(part, f"the server closed after {len(data)} of {length} bytes")
        data += part
    return data


def send(client, message):
    try:
        client.sendall(message)
    except OSError:
        pass  # who receives has more to say about it


def echoes(client, message):
    """Sends and receives at the same time: a server that reads nothing more until it wrote is right."""
    sender = threading.Thread(target=send, args=(client, message))
    sender.start()
    try:
        expect(receive(client, len(message)) == message, "other bytes came back")
    except (Failure, OSError):
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)  # so that the sender ends, too
        raise
    finally:
        sender.join()


def talk(line):
    found = re.fullmatch(r"listening on 127\.0\.0\.1:(\d+)\n", line)
    expect(found, f"the server said {line!r}, and no address")
    address = ("127.0.0.1", int(found.group(1)))
    with socket.create_connection(address, PATIENCE) as one, socket.create_connection(address, PATIENCE) as two:
        for message in [b"x", b"hello\n", A_LOT]:
            for client in [two, one]:
                echoes(client, message)
        one.shutdown(socket.SHUT_WR)
        expect(one.recv(1) == b"", "the server does not close what its client has closed")
        echoes(two, b"still there?")


def serve(program, environment):
    """The server's first line comes soon, or its end does: a watchdog sees to that."""
    pipe = subprocess.PIPE
    with subprocess.Popen([program], stdin=subprocess.DEVNULL, stdout=pipe, env=environment, text=True) as server:
        watchdog = threading.Timer(PATIENCE, server.kill)
        watchdog.start()
        try:
            talk(server.stdout.readline())
            expect(server.poll() is None, f"the server ended with {server.returncode}")
        except OSError as error:
            raise Failure(f"talking to the server: {error}") from error
        finally:
            watchdog.cancel()
            server.kill()


def check_refusal(program, environment):
    """An address that is none ends a server with one line that says why."""
    result = subprocess.run([program, "nonsense"], env=environment, capture_output=True, text=True, timeout=PATIENCE)
    expect(result.returncode == 1, f"a wrong address: it ended with {result.returncode}")
    expect(result.stderr.startswith("Invalid argument"), f"a wrong address: it said {result.stderr!r}")


def check(scratch, environment, file):
    """Every stranger with the library that the file for pkg-config tells of."""
    flags = run(["pkg-config", "--cflags", file], env=environment).split()
    libraries = run(["pkg-config", "--libs", file], env=environment).split()
    for language, (build, programs) in STRANGERS.items():
        if missing(*programs):
            continue
        program = os.path.join(scratch, "stranger")
        build(program, flags, libraries, environment)
        serve(program, environment)
        check_refusal(program, environment)
        print(f"an echo server in {language} runs with the installed library")
