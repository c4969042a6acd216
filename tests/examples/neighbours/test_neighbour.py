# SPDX-License-Identifier: MIT
"""Tests a program of examples/neighbours against its real server.

    test_neighbour.py NAME PROGRAM
    test_neighbour.py --skip REASON

CMIO_BACKEND chooses the backend. With CMIO_NEIGHBOURS=all, those whose server takes seconds to start
run, too. The exit status is 0, 77 for what was skipped, and 1 for a failure. The programs check
themselves; what remains to be checked from outside is here.
"""

import concurrent.futures
import contextlib
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time

import servers
from servers import LOOPBACK, Skip, need, spawn

WAIT = 100  # longer than a program itself waits
SKIPPED = 77
SANITIZER_OUTPUT = re.compile(r"runtime error: |(ERROR|WARNING|FATAL|SUMMARY): [A-Za-z]+Sanitizer")


def judge(process, output, errors):
    """The program has ended: well, and without a word from a sanitizer."""
    sys.stdout.write(output)
    sys.stderr.write(errors)
    assert process.returncode == 0, "%s: exit status %d" % (process.args, process.returncode)
    assert not SANITIZER_OUTPUT.search(errors)


def run(*command):
    """Runs a program to its end: what it printed."""
    process = spawn(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        output, errors = process.communicate(timeout=WAIT)
    finally:
        servers.stop(process)
    judge(process, output, errors)
    return output


def letters(length):
    pattern = bytes(ord("a") + i for i in range(23))
    return (pattern * (length // 23 + 1))[:length]


def curl(program, folder):
    with servers.web(folder) as port:
        with open(os.path.join(folder, "www", "letters"), "wb") as file:
            file.write(letters(300000))
        output = run(program, "http://%s:%d/letters" % (LOOPBACK, port), "100")
        assert "100 downloads of 300000 bytes" in output


def hiredis(program, folder):
    with servers.redis(folder) as path:
        output = run(program, path)
        assert "100000 replies in order\n1000 messages in order\n" in output


def c_ares(program, folder):
    records = ["--host-record=h%d.test,10.0.0.%d" % (i, i) for i in range(100)]
    records += ["--txt-record=text.test," + ",".join([letters(200).decode()] * 10)]
    records += ["--local=/test/"]
    with servers.dnsmasq(*records) as port, servers.silent_port() as silent:
        address = "%s:%d" % (LOOPBACK, port)
        assert "102 answers" in run(program, address)
        # One that never answers: the next is asked when a timeout has passed.
        assert "102 answers" in run(program, "%s:%d,%s" % (LOOPBACK, silent, address))


def libpq(program, folder):
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(servers.postgres(folder))
        refusing = stack.enter_context(servers.refusing_port())
        starting = stack.enter_context(servers.postgres_that_starts())
        hosts = "host=%s port=%d,%d,%d" % (",".join([LOOPBACK] * 3), refusing, starting, port)
        output = run(program, hosts + " user=cmio dbname=postgres sslmode=disable")
        assert "20 connections to port %d\n" % port in output
        assert "a query was cancelled" in output


def certificate(folder):
    """The paths of one for the loopback address and of its key."""
    paths = [os.path.join(folder, name) for name in ("certificate.pem", "key.pem")]
    command = [need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=cmio", "-addext", "subjectAltName=IP:" + LOOPBACK]
    command += ["-out", paths[0], "-keyout", paths[1]]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, timeout=WAIT)
    return paths


def echo_with_s_client(port, authority, data):
    command = [need("openssl"), "s_client", "-quiet", "-verify_return_error", "-CAfile", authority]
    command += ["-connect", "%s:%d" % (LOOPBACK, port)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = spawn(command, **pipes)
    writer = threading.Thread(target=lambda: process.stdin.write(data) and process.stdin.flush())
    writer.start()
    try:
        watchdog = threading.Timer(WAIT, process.kill)
        watchdog.start()
        echo = process.stdout.read(len(data))  # s_client itself does not end
        watchdog.cancel()
        assert echo == data, "%d of %d bytes, or others" % (len(echo), len(data))
    finally:
        servers.stop(process)
        writer.join()


def echo_with_curl(port, authority, data, folder):
    """The request is made such that its echo is a response: the body comes back as it was."""
    body = os.path.join(folder, "body")
    with open(body, "wb") as file:
        file.write(data)
    command = [need("curl"), "-sS", "--http1.1", "--cacert", authority, "-X", "HTTP/1.1 200"]
    command += ["-H", "Expect:", "--data-binary", "@" + body, "--max-time", str(WAIT)]
    url = "https://%s:%d" % (LOOPBACK, port)
    result = subprocess.run([*command, url], capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout == data, "%d of %d bytes, or others" % (len(result.stdout), len(data))


@contextlib.contextmanager
def listening(*command):
    """Runs a server of ours: its port. At the end it is asked to end, and has to."""
    process = spawn(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert line.startswith("listening on "), (line, process.stderr.read())
        yield int(line.rsplit(":", 1)[1])
        process.send_signal(signal.SIGTERM)
        judge(process, *process.communicate(timeout=WAIT))
    finally:
        servers.stop(process)


def openssl(program, folder):
    authority, key = certificate(folder)
    for way in ("bio", "fd"):
        with listening(program, way, authority, key) as port:
            for data in (b"x", letters(3000000)):
                echo_with_s_client(port, authority, data)
                echo_with_curl(port, authority, data, folder)
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                jobs = [
                    pool.submit(echo_with_s_client, port, authority, letters(200000 + i))
                    for i in range(8)
                ]
                for job in jobs:
                    job.result()


def glib(program, _folder):
    assert run(program) == "cmio in GLib's loop\nGLib in cmio's loop\n"


def libuv(program, _folder):
    assert run(program) == "cmio in libuv's loop\nlibuv in cmio's loop\n"


def libdbus(program, folder):
    with servers.bus(folder) as address:
        assert "1000 replies, 1 timeout\n" in run(program, address)


class Terminal:
    """A program on a terminal of its own, and what it printed there."""

    def __init__(self, *command):
        self.master, terminal = os.openpty()
        environment = dict(os.environ, TERM="dumb", INPUTRC="/dev/null")
        pipes = {"stdin": terminal, "stdout": terminal, "stderr": subprocess.PIPE}
        self.process = spawn(command, env=environment, text=True, **pipes)
        os.close(terminal)
        self.output = ""

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, text):
        """This comes next."""
        give_up = time.monotonic() + WAIT
        while text not in self.output:
            readable, _, _ = select.select([self.master], [], [], give_up - time.monotonic())
            assert readable, "%r instead of %r" % (self.output, text)
            self.output += os.read(self.master, 4096).decode(errors="replace")
        self.output = self.output.split(text, 1)[1]

    def close(self):
        try:
            judge(self.process, "", self.process.communicate(timeout=WAIT)[1])
        finally:
            servers.stop(self.process)
            os.close(self.master)


def readline(program, folder):
    terminal = Terminal(program, folder)
    terminal.expect("> ")
    terminal.type("hellp\x7fo\n")  # with a correction
    terminal.expect("line hello")
    for number in range(20):
        terminal.type("half a ")
        open(os.path.join(folder, "file%d" % number), "wb").close()
        terminal.expect("created file%d" % number)
        terminal.type("line\n")
        terminal.expect("line half a line")
    terminal.type("\x1b[A\x1b[A\x10\n")  # out of the history
    terminal.expect("line half a line")
    terminal.type("quit\n")
    terminal.expect("the end")
    terminal.close()


def sd_event(program, _folder):
    assert run(program) == "cmio in sd-event's loop\nsd-event in cmio's loop\n"


def nghttp2(program, _folder):
    h2load = need("h2load", "nghttp2-client")
    with listening(program) as port:
        url = "http://%s:%d/" % (LOOPBACK, port)
        command = [need("curl"), "-sS", "--http2-prior-knowledge", "--max-time", str(WAIT)]
        fetched = subprocess.run([*command, url + "3000000"], capture_output=True, check=False)
        assert fetched.returncode == 0, fetched.stderr
        assert fetched.stdout == letters(3000000), len(fetched.stdout)
        with spawn([*command, url + "900000000"], stdout=subprocess.PIPE) as leaving:
            leaving.stdout.read(1000000)
            leaving.kill()  # in the middle of an answer
        result = run(h2load, "-n", "2000", "-c", "10", "-m", "10", url + "20000")
        assert "2000 succeeded, 0 failed, 0 errored" in result, result
        assert "(%d) data" % (2000 * 20000) in result, result


# Each by its name, which is that of its program.
TESTS = {
    test.__name__: test
    for test in [
        *[c_ares, curl, glib, hiredis, libdbus, libpq],
        *[libuv, nghttp2, openssl, readline, sd_event],
    ]
}

# Those whose server takes more than a second to start.
SLOW = ["libpq"]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers are stopped
    name, program = sys.argv[1:]
    try:
        if name == "--skip":
            raise Skip(program)
        if name in SLOW and os.environ.get("CMIO_NEIGHBOURS") != "all":
            raise Skip("its server takes seconds to start: scripts/neighbours runs it")
        with tempfile.TemporaryDirectory(prefix="cmio-") as folder:
            TESTS[name](os.path.abspath(program), folder)
    except Skip as reason:
        print("skipped: %s" % reason)
        return SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
