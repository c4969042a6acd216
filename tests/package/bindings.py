# SPDX-License-Identifier: MIT
"""Uses the shared library from other languages, with what the headers give them.

usage: bindings.py ctypes|cffi|luajit SOURCE_ROOT LIBRARY SANITIZERS COMPILER...

The compiler preprocesses cmio.h with CMIO_NO_INLINE, and what comes from cmio's own headers is kept: that is
what a generator of bindings has. It must hold no body of a function, and each constant as a number.

- ctypes: an echo server in Python, with the constants read from there.
- cffi, luajit: their parsers accept all declarations, constants and functions are there under their names.

SANITIZERS is what the library was built with, or "none": others cannot load a sanitized library.
"""

import ctypes
import glob
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading

from scratch import SKIPPED, expect, main, needs, run

PATIENCE = 100.0
ROUNDS = 50
OPAQUE = 512  # bytes: more than any public struct has

# What the system's headers would say of the types that cmio's have in them, as on Linux.
PRELUDE = """
typedef int pid_t;
typedef unsigned int socklen_t;
struct sockaddr { unsigned short words[8]; };
struct sockaddr_in { unsigned int words[4]; };
struct sockaddr_in6 { unsigned int words[7]; };
struct sockaddr_un { unsigned short family; char path[108]; };
"""


def declarations(root, compiler):
    """The public declarations as a C compiler sees them, without those of the system's headers."""
    include = os.path.realpath(os.path.join(root, "include"))
    command = [*compiler, "-E", "-DCMIO_NO_INLINE", "-I", include, "-x", "c", "-"]
    text = subprocess.run(
        command, input="#include <cmio/cmio.h>\n", capture_output=True, text=True, check=True
    ).stdout
    kept, ours = [], False
    for line in text.splitlines():
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            ours = os.path.realpath(marker[1]).startswith(include + os.sep)
        elif ours and line.strip():
            kept.append(re.sub(r"__attribute__\s*\(\(.*?\)\)\)?(?=\s)", "", line))
    return "\n".join(kept)


def constants(text):
    """The constants of all enumerations, each of which is a number or follows the one before."""
    found = {}
    for body in re.findall(r"\benum\b\s*\w*\s*\{([^}]*)\}", text):
        value = -1
        for entry in filter(None, (part.strip() for part in body.split(","))):
            name, _, number = (part.strip() for part in entry.partition("="))
            value = int(number, 0) if number else value + 1
            found[name] = value
    return found


def check_forms(root, text):
    """No bodies, and each macro that is a number is a constant too, with that number."""
    expect(not re.search(r"\)\s*\{", text), "a function with a body in spite of CMIO_NO_INLINE")
    found = constants(text)
    for path in glob.glob(os.path.join(root, "include", "cmio", "*.h")):
        with open(path, encoding="utf-8") as file:
            macros = re.findall(
                r"^#define (CMIO_\w+) U?INT(?:32|64)_C\((\S+)\)$", file.read(), re.MULTILINE
            )
        for name, number in macros:
            expect(found.get(name) == int(number, 0), f"{name} is {found.get(name)}, not {number}")
    expect(found["CMIO_READABLE"] == 1 and found["CMIO_SECOND"] == 10**9, "constants are missing")
    return found


class Event(ctypes.Structure):
    _fields_ = [("token", ctypes.c_size_t), ("ready", ctypes.c_uint32)]


def load(path):
    """The library, with every result as wide as it is; arguments are converted where they are passed."""
    library = ctypes.CDLL(os.path.abspath(path))
    for name in ["cmio_events_begin", "cmio_events_end", "cmio_events_next_set"]:
        getattr(library, name).restype = ctypes.POINTER(Event)
    for name in ["cmio_tcp_stream_read", "cmio_tcp_stream_write"]:
        getattr(library, name).restype = ctypes.c_ssize_t
    for name in ["readable", "writable", "priority", "error", "read_closed", "write_closed"]:
        getattr(library, "cmio_event_is_" + name).restype = ctypes.c_bool
    library.cmio_address_port.restype = ctypes.c_uint16
    library.cmio_version.restype = ctypes.c_char_p
    library.cmio_strerror.restype = ctypes.c_char_p
    return library


class Server:
    """One connection after the other, each until its end: what came is written back."""

    LISTENER, STREAM = 1, 2

    def __init__(self, library, numbers):
        self.library, self.numbers = library, numbers
        self.poll, self.events = ctypes.c_void_p(), ctypes.c_void_p()
        self.listener, self.stream = (ctypes.create_string_buffer(OPAQUE) for _ in range(2))
        self.is_open, self.echoed, self.failure = False, 0, None
        self.ok("cmio_poll_new", ctypes.byref(self.poll))
        self.ok("cmio_events_new", ctypes.byref(self.events), ctypes.c_size_t(64))
        address = ctypes.create_string_buffer(OPAQUE)
        self.ok("cmio_address_parse", b"127.0.0.1:0", address)
        self.ok("cmio_tcp_listener_bind", self.listener, address, None)
        self.ok("cmio_tcp_listener_local_address", self.listener, address)
        self.port = self.library.cmio_address_port(address)
        self.register(self.listener, self.LISTENER)

    def ok(self, name, *arguments):
        result = getattr(self.library, name)(*arguments)
        expect(result >= 0, f"{name}: {self.library.cmio_strerror(result)}")
        return result

    def register(self, source, token):
        interest = ctypes.c_uint32(self.numbers["CMIO_READABLE"])
        self.ok("cmio_poll_register", self.poll, source, ctypes.c_size_t(token), interest)

    def visit(self):
        """The events of the batch, as CMIO_EVENTS_FOREACH visits them, through the library alone."""
        address = ctypes.addressof
        event = self.library.cmio_events_begin(self.events)
        end = self.library.cmio_events_end(self.events)
        while True:
            event = self.library.cmio_events_next_set(event, end)
            if address(event.contents) == address(end.contents):
                return
            yield event
            event = ctypes.cast(
                address(event.contents) + ctypes.sizeof(Event), ctypes.POINTER(Event)
            )

    def accept(self):
        result = self.library.cmio_tcp_listener_accept(self.listener, self.stream, None)
        if result == 0:
            self.is_open = True
            self.register(self.stream, self.STREAM)

    def echo(self):
        """Whether there may be more connections: not after the end of one that said "end"."""
        buffer = ctypes.create_string_buffer(4096)
        size = ctypes.c_size_t(len(buffer))
        while (count := self.library.cmio_tcp_stream_read(self.stream, buffer, size)) > 0:
            self.ok("cmio_tcp_stream_write", self.stream, buffer, ctypes.c_size_t(count))
            self.echoed += count
        if count == 0:
            self.ok("cmio_tcp_stream_close", self.stream)
            self.is_open = False
        return count != 0

    def run(self):
        timeout = ctypes.c_int64(int(PATIENCE) * self.numbers["CMIO_SECOND"])
        going = True
        while going:
            count = self.library.cmio_poll_wait(self.poll, self.events, timeout)
            expect(count != 0, f"no event within {PATIENCE} s")
            for event in self.visit():
                expect(self.library.cmio_event_is_readable(event), "an event that is not readable")
                if event.contents.token == self.LISTENER:
                    self.accept()
                else:
                    going = self.echo()
        self.ok("cmio_tcp_listener_close", self.listener)
        self.library.cmio_events_free(self.events)
        self.library.cmio_poll_free(self.poll)

    def run_in_thread(self):
        try:
            self.run()
        except Exception as failure:  # for the thread that asks
            self.failure = failure


def check_questions(library, numbers):
    """Each question that an event is asked, as a function of the library."""
    for name in ["READABLE", "WRITABLE", "PRIORITY", "ERROR", "READ_CLOSED", "WRITE_CLOSED"]:
        ask = getattr(library, "cmio_event_is_" + name.lower())
        bit = numbers["CMIO_" + name]
        expect(ask(ctypes.byref(Event(7, bit))), f"{name} is not what it is")
        expect(not ask(ctypes.byref(Event(7, 0x3F ^ bit))), f"{name} is what others are")


def with_ctypes(root, path, text, numbers):
    library = load(path)
    expect(library.cmio_version().decode() in open(os.path.join(root, "meson.build")).read(), "version")
    check_questions(library, numbers)
    server = Server(library, numbers)
    thread = threading.Thread(target=server.run_in_thread, daemon=True)
    thread.start()
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client:
        for number in range(ROUNDS):
            sent = f"line {number}\n".encode()
            client.sendall(sent)
            got = b""
            while len(got) < len(sent):
                part = client.recv(len(sent) - len(got))
                expect(part, f"the server has closed the connection: {server.failure}")
                got += part
            expect(got == sent, f"{got} came back for {sent}")
    thread.join(PATIENCE)
    expect(not thread.is_alive(), "the server does not end")
    expect(server.failure is None, f"the server: {server.failure}")
    print(f"{server.echoed} bytes echoed, {len(numbers)} constants")


def with_cffi(root, path, text, numbers):
    try:
        import cffi  # pylint: disable=import-outside-toplevel
    except ImportError:
        print("skipped: no cffi here")
        sys.exit(SKIPPED)
    ffi = cffi.FFI()
    ffi.cdef(PRELUDE + text)
    library = ffi.dlopen(os.path.abspath(path))
    for name, value in numbers.items():
        expect(getattr(library, name) == value, f"{name} is {getattr(library, name)}, not {value}")
    event = ffi.new("struct cmio_event *", {"token": 7, "ready": library.CMIO_READABLE})
    expect(library.cmio_event_is_readable(event) and not library.cmio_event_is_error(event), "event")
    poll = ffi.new("struct cmio_poll **")
    expect(library.cmio_poll_new(poll) == 0, "no poll")
    expect(library.cmio_poll_supports(poll[0], library.CMIO_READABLE | library.CMIO_LEVEL), "no level")
    library.cmio_poll_free(poll[0])
    print(f"{len(numbers)} constants")


LUA = """
local ffi = require("ffi")
ffi.cdef(io.open(arg[1]):read("*a"))
local library = ffi.load(arg[2])
local event = ffi.new("struct cmio_event", {7, library.CMIO_READABLE})
assert(library.cmio_event_is_readable(event) and not library.cmio_event_is_error(event))
local poll = ffi.new("struct cmio_poll *[1]")
assert(library.cmio_poll_new(poll) == 0)
assert(library.cmio_poll_supports(poll[0], bit.bor(library.CMIO_READABLE, library.CMIO_LEVEL)))
library.cmio_poll_free(poll[0])
assert(library.CMIO_SECOND == 1000000000 and library.CMIO_FOREVER == -1)
"""


def with_luajit(root, path, text, numbers):
    needs("luajit")
    with tempfile.TemporaryDirectory() as scratch:
        declared, script = os.path.join(scratch, "cmio.h"), os.path.join(scratch, "user.lua")
        checks = "".join(f"assert(library.{name} == {value})\n" for name, value in numbers.items())
        for file, content in [(declared, PRELUDE + text), (script, LUA + checks)]:
            with open(file, "w", encoding="utf-8") as opened:
                opened.write(content)
        run(["luajit", script, declared, os.path.abspath(path)])
    print(f"{len(numbers)} constants")


USERS = {"ctypes": with_ctypes, "cffi": with_cffi, "luajit": with_luajit}


def test(user, root, path, sanitizers, *compiler):
    with open(path, "rb") as file:
        is_elf = file.read(4) == b"\x7fELF"
    if sanitizers != "none" or not is_elf:
        print("skipped: no shared library that others can load")
        sys.exit(SKIPPED)
    text = declarations(root, compiler)
    USERS[user](root, path, text, check_forms(root, text))


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
