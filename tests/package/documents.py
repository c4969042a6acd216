# SPDX-License-Identifier: MIT
"""Compiles the programs of the documents with all warnings as errors, runs them, and looks at what they say.

usage: documents.py [--self-test | --others] SOURCE_ROOT ASYNC_LIBRARY LIBRARY SANITIZERS COMPILER...

A document is README.md or a file of docs/. Its programs are the blocks of C that have a name:

    ```c hello.c               the whole file hello.c; "main" is in it
    ```cpp hello.cpp           the same in C++20, compiled by the C++ compiler that belongs to COMPILER, if it is there
    ```text output of hello.c  what it prints, to the letter
    ```text talk with hello.c  or it is a server: what a client sends (> line) and gets back (< line)

    ...                        in a talk: the client sends nothing until the server has closed

Programs that use another library, to show what they are like before they use cmio, say which:

    ```c hello_uv.c with libuv
    ```rust hello_mio.rs with mio
    ```text output of hello_uv.c and hello.c

peers.py knows the libraries. The option --others checks these programs instead of the others, as far as their libraries
are there. A server among them names its port once, as 7777. An output or a talk may belong to several programs.

A program with neither block has to end with exit status 0, whatever it prints. A block of C with a main must
have a name (but for the echo server of README.md, which readme.py tests), and no name is used twice. The test
replaces the address and port that a server names with a free port. Two clients hold the talk at the same time,
so a server that serves them one after the other fails.

Relative links must lead to a file, and to a heading of it if they name one. SANITIZERS is what the library was
built with, or "none". --self-test shows documents with mistakes to these checks, which must find them.
"""

import concurrent.futures
import glob
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

import peers
from readme import ADDRESS, PATIENCE, connect, kept_port
from scratch import WARNINGS, Failure, expect, main, run

BLOCK = re.compile(r"^```(\w*)[ \t]*([^\n]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
PROMISE = re.compile(r"(output of|talk with) (\S+\.(?:c|cpp|rs)(?: and \S+\.(?:c|cpp|rs))*)")
# The languages in which programs use cmio.
OWN = ("c", "cpp")
PORT = re.compile(r"\b7777\b")
TIME_LIMIT = 120


class Program:
    """A program of a document: its source, and the output or the talk that the document promises."""

    def __init__(self, document, name, source, library):
        self.document, self.name, self.source, self.library = document, name, source, library
        self.output, self.talk = None, None

    def where(self):
        return f"{self.document}, {self.name}"

    def ports(self):
        """Where it names its port."""
        return (PORT if self.library else ADDRESS).findall(self.source)

    def with_port(self, port):
        """The source, with its port exchanged for another one if it names any."""
        if not port:
            return self.source
        return PORT.sub(str(port), self.source) if self.library else ADDRESS.sub(f'"127.0.0.1:{port}"', self.source)


def note_program(programs, document, language, words, text):
    name, _, library = words.partition(" with ")
    expect(name not in programs, f"{document}: {name} is there twice")
    is_own = language in OWN and not library
    expect(is_own or library in peers.NAMES[language], f"{document}: {name} is with {library or 'nothing'}")
    programs[name] = Program(document, name, text, library)


def note_promise(programs, document, words, text):
    match = PROMISE.fullmatch(words)
    expect(match, f"{document}: ```text {words}: neither output of nor talk with a program")
    kind, names = match.groups()
    for name in names.split(" and "):
        program = programs.get(name)
        expect(program, f"{document}: {kind} {name} stands before the program, or there is none")
        setattr(program, "output" if kind == "output of" else "talk", text)


def note_block(programs, document, language, words, text):
    """Adds a block to the programs, by name, if it is a program or belongs to one."""
    if language in peers.NAMES and words:
        note_program(programs, document, language, words, text)
    elif language in OWN and document != "README.md":
        expect(not re.search(r"\bint main\(", text), f"{document}: a program without a name:\n{text}")
    elif language == "text" and words:
        note_promise(programs, document, words, text)


def programs_of(document, text):
    """The programs of a document, each with what is promised of it."""
    programs = {}
    for language, words, block in BLOCK.findall(text):
        note_block(programs, document, language, words, block)
    for program in programs.values():
        expect(re.search(r"\b(int|fn) main\(", program.source), f"{program.where()}: no main")
    return list(programs.values())


def anchors(text):
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ +(.*?) *$", BLOCK.sub("", text), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


def check_links(root, document, text):
    for link in LINK.findall(BLOCK.sub("", text)):
        if re.match(r"\w+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = os.path.join(root, os.path.dirname(document), path)
        expect(os.path.exists(target), f"{document}: {link} leads nowhere")
        if anchor and (not path or path.endswith(".md")):
            headings = anchors(read(target) if path else text)
            expect(anchor in headings, f"{document}: {link}: no such heading")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def sanitizer_flags(sanitizers):
    names = [name for name in re.findall(r"[a-z-]+", sanitizers) if name != "none"]
    return ["-fsanitize=" + ",".join(names)] if names else []


def cpp_compiler(compiler):
    """The command for C++ that belongs to a command for C."""
    name = os.path.basename(compiler[-1])
    for c, cpp in [("clang", "clang++"), ("gcc", "g++"), ("cc", "c++")]:
        if c in name:
            return [*compiler[:-1], compiler[-1][: -len(name)] + name.replace(c, cpp)]
    return compiler


def can_compile(program, compiler):
    return not program.name.endswith(".cpp") or bool(shutil.which(cpp_compiler(compiler)[-1]))


def compile_with_cmio(path, output, arguments):
    root, async_library, library, sanitizers, *compiler = arguments
    standard = "-std=c11"
    if path.endswith(".cpp"):
        compiler, standard = cpp_compiler(compiler), "-std=c++20"
    flags = [standard, *WARNINGS, "-I", os.path.join(root, "include"), *sanitizer_flags(sanitizers)]
    for each in [async_library, library]:
        flags.append("-Wl,-rpath," + os.path.dirname(os.path.abspath(each)))
    run([*compiler, *flags, path, async_library, library, "-pthread", "-o", output])


def compile_program(program, port, scratch, arguments):
    """Compiles it, with its port exchanged if there is one; returns the path."""
    path = os.path.join(scratch, program.name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(program.with_port(port))
    output = os.path.splitext(path)[0]
    if program.library:
        sanitizers, *compiler = arguments[3:]
        peers.compile_program(program.library, path, output, [*compiler, *sanitizer_flags(sanitizers)])
    else:
        compile_with_cmio(path, output, arguments)
    return output


def check_output(program, path):
    result = subprocess.run(
        [path], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIME_LIMIT
    )
    said = result.stdout + result.stderr
    expect(result.returncode == 0, f"{program.where()}: ended with {result.returncode}:\n{said}")
    if program.output is not None:
        expect(said == program.output, f"{program.where()}: it should print\n{program.output}not\n{said}")


def say(program, client, line):
    if line == "...":
        expect(client.recv(1) == b"", f"{program.where()}: it has something to say to a silent client")
        return
    kind, words = line[:2], line[2:].encode() + b"\n"
    expect(kind in ("> ", "< "), f"{program.where()}: a talk has lines with >, < and ..., not {line!r}")
    if kind == "> ":
        client.sendall(words)
        return
    data = b""
    while len(data) < len(words):
        part = client.recv(len(words) - len(data))
        expect(part, f"{program.where()}: it closed, and {words!r} was to come")
        data += part
    expect(data == words, f"{program.where()}: it said {data!r}, not {words!r}")


def hold_talk(program, first, port):
    with first, socket.create_connection(("127.0.0.1", port), PATIENCE) as second:
        for line in program.talk.splitlines():
            for client in [second, first]:
                say(program, client, line)
        for client in [first, second]:
            client.shutdown(socket.SHUT_WR)
            expect(client.recv(1) == b"", f"{program.where()}: it does not close after its client")


def check_talk(program, port, path):
    """Whether the server could take its port; talks with it if so."""
    with subprocess.Popen([path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            first = connect(process, port)
            if first is not None:
                hold_talk(program, first, port)
                expect(process.poll() is None, f"{program.where()}: ended with {process.returncode}")
            return first is not None
        except OSError as error:
            raise Failure(f"{program.where()}: {error}") from error
        finally:
            process.kill()


def check_server(program, scratch, arguments):
    expect(len(program.ports()) == 1, f"{program.where()}: no address, or several")
    for _ in range(10):
        with kept_port() as port:  # while the server is compiled
            path = compile_program(program, port, scratch, arguments)
        if check_talk(program, port, path):
            return
    raise Failure(f"{program.where()}: ten times the server ended by itself")


def check_program(program, scratch, arguments):
    """What is wrong with the program, in words, or None."""
    try:
        if program.talk is not None:
            check_server(program, scratch, arguments)
        else:
            check_output(program, compile_program(program, None, scratch, arguments))
    except subprocess.TimeoutExpired:
        return f"{program.where()}: it did not end within {TIME_LIMIT} s"
    except Failure as failure:
        return str(failure)
    return None


def check_programs(programs, arguments):
    """Checks them beside one another. Returns what is wrong."""
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(check_program, program, scratch, arguments) for program in programs]
        return [job.result() for job in jobs if job.result() is not None]


def documents(root):
    """README.md and what is in docs/, by path relative to the root."""
    found = glob.glob(os.path.join(root, "docs", "**", "*.md"), recursive=True)
    # What is in docs/site/ is a page of the site, whose links lead to where pages are there.
    found = [path for path in found if os.path.basename(os.path.dirname(path)) != "site"]
    return ["README.md", *sorted(os.path.relpath(path, root) for path in found)]


HELLO = '#include <stdio.h>\nint main(void) {\n    puts("hello");\n    return 0;\n}\n'
BYE = HELLO.replace("hello", "bye")
DEAF = """#include <cmio/async.h>
int main(void) {
    struct cmio_tcp_listener listener;
    struct cmio_address address;
    struct cmio_sleep_future sleep;
    if (cmio_address_parse("127.0.0.1:7777", &address) < 0)
        return 1;
    if (cmio_tcp_listener_bind(&listener, &address, NULL) < 0)
        return 1;
    (void)cmio_sleep_future_init(&sleep, CMIO_SECOND / 10);
    return (int)cmio_block_on(NULL, &sleep.future);
}
"""
CPP = "#include <coroutine>\n" + HELLO.replace("stdio.h", "cstdio").replace("puts", "std::puts")


def fenced(words, text):
    return f"```{words}\n{text}```\n"


# A document, and what is to be said of it.
MISTAKES = [
    (fenced("c", HELLO), "without a name"),
    (fenced("c a.c", HELLO) + fenced("c a.c", HELLO), "twice"),
    (fenced("c a.c", "int x;\n"), "no main"),
    (fenced("text output of a.c", "hello\n") + fenced("c a.c", HELLO), "stands before"),
    (fenced("text says a.c", "hello\n"), "neither output of nor talk with"),
    (fenced("c a.c", HELLO) + fenced("text output of a.c", "hell\n"), "it should print"),
    (fenced("c a.c", HELLO.replace("0", "3")), "ended with 3"),
    (fenced("c a.c", HELLO.replace("puts", "int n; puts")), "unused"),
    (fenced("c a.c", HELLO) + fenced("text talk with a.c", "> x\n"), "no address"),
    (fenced("c a.c", DEAF) + fenced("text talk with a.c", "> x\n< x\n"), "a.c"),
    (fenced("c a.c with nothing", HELLO), "a.c is with nothing"),
    (fenced("cpp a.cpp with libuv", HELLO), "a.cpp is with libuv"),
    (fenced("cpp", HELLO), "without a name"),
    (fenced("cpp a.cpp", CPP) + fenced("text output of a.cpp", "hell\n"), "it should print"),
    (fenced("cpp a.cpp", CPP.replace("std::puts", "int n; std::puts")), "unused"),
    (fenced("rust a.rs", "fn main() {}\n"), "a.rs is with nothing"),
    (fenced("rust a.rs with mio", "fn mine() {}\n"), "no main"),
    (fenced("c a.c with poll", HELLO) + fenced("text output of a.c", "hell\n"), "it should print"),
    (fenced("c a.c with poll", HELLO.replace("puts", "int n; puts")), "unused"),
    (fenced("c a.c", HELLO) + fenced("c b.c with poll", BYE) + fenced("text output of a.c and b.c", "hello\n"), "b.c"),
    (fenced("c a.c with poll", HELLO) + fenced("text talk with a.c", "> x\n"), "no address"),
    ("[a](nowhere.md)\n", "leads nowhere"),
    ("# One two\n\n[a](#one-three)\n", "no such heading"),
]


def complaint(root, text, arguments):
    """What the checks say of a document, or nothing."""
    try:
        check_links(root, "docs/mistake.md", text)
        return "".join(check_programs(programs_of("docs/mistake.md", text), arguments))
    except Failure as failure:
        return str(failure)


def self_test(root, *rest):
    right = "# One two\n\n[a](#one-two) [b](../README.md)\n" + fenced("c a.c", HELLO)
    right += fenced("text output of a.c", "hello\n")
    said = complaint(root, right, [root, *rest])
    expect(said == "", f"a document without mistakes: {said}")
    compiler = rest[3:]
    for text, words in MISTAKES:
        if CPP.splitlines()[0] in text and not shutil.which(cpp_compiler(list(compiler))[-1]):
            continue
        said = complaint(root, text, [root, *rest])
        expect(words in said, f"not noticed ({words}) but {said!r}:\n{text}")
    print(f"{len(MISTAKES)} mistakes are noticed")


def all_programs(root):
    """Those of all documents, whose links are checked on the way."""
    programs = []
    for document in documents(root):
        text = read(os.path.join(root, document))
        check_links(root, document, text)
        programs += programs_of(document, text)
    names = [program.name for program in programs]
    twice = sorted({name for name in names if names.count(name) > 1})
    expect(not twice, f"programs of the same name: {twice}")
    return programs


def only_present(programs, arguments):
    """The programs whose libraries are there."""
    sanitizers, *compiler = arguments[3:]
    compiler += sanitizer_flags(sanitizers)
    with tempfile.TemporaryDirectory() as scratch:
        libraries = sorted({program.library for program in programs})
        absent = {library for library in libraries if not peers.is_there(library, compiler, scratch)}
    for program in programs:
        if program.library in absent:
            print(f"{program.where()}: left out, since there is no {program.library} here")
    return [program for program in programs if program.library not in absent]


def only_compilable(programs, compiler):
    """The programs in languages that the compiler knows."""
    for program in programs:
        if not can_compile(program, compiler):
            print(f"{program.where()}: left out, since there is no compiler of C++ beside {compiler[-1]}")
    return [program for program in programs if can_compile(program, compiler)]


def test(*arguments):
    if arguments[0] == "--self-test":
        self_test(*arguments[1:])
        return
    others = arguments[0] == "--others"
    arguments = arguments[1:] if others else arguments
    programs = [program for program in all_programs(arguments[0]) if bool(program.library) == others]
    if others:
        programs = only_present(programs, arguments)
    else:
        programs = only_compilable(programs, list(arguments[4:]))
    wrong = check_programs(programs, list(arguments))
    expect(not wrong, "\n\n".join(wrong))
    names = ", ".join(program.name for program in programs)
    print(f"{len(programs)} programs compile and do what the documents say: {names}")


if __name__ == "__main__":
    sys.exit(main(test, *sys.argv[1:]))
