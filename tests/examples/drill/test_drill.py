# SPDX-License-Identifier: MIT
"""Runs drill as a process, against servers that do as a script here says.

usage: test_drill.py DRILL PLANS SLEEP_SERVER [unittest arguments]

DRILL is the program, PLANS the folder of the plans that come with it, SLEEP_SERVER the server that
they are for, or - where it is not built. Servers take free ports. No
wait is without end, and none is for a fixed time: what has to happen is waited for, for at most
PATIENCE seconds. Any process or thread may stand still for a second at any point, and nothing may
fail because of it.
"""

import contextlib
import errno
import fcntl
import json
import os
import pty
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

PATIENCE = 60.0
DRILL = ""
PLANS = ""
SLEEP_SERVER = ""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

# Seconds, for what must happen within a time of drill's: tried in turn, until one is long enough.
SPANS = (0.05, 0.2, 0.8, 3.2, 12.8)


def eventually(condition):
    """Repeats the condition until it is true."""
    give_up = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > give_up:
            raise AssertionError("what was waited for did not happen")
        time.sleep(0.002)


def bound(*hosts):
    """A socket for each address, all with one free port: nobody else can listen there."""
    while True:
        sockets = []
        try:
            for host in hosts:
                sockets.append(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET))
                sockets[-1].bind((host, sockets[0].getsockname()[1]))
            return sockets
        except OSError as problem:
            for each in sockets:
                each.close()
            if problem.errno != errno.EADDRINUSE or len(sockets) < 2:
                raise


class Connection:
    """The server's end of one connection.

    number is that of the connection, from 0, and place that of the request that it received last,
    from 1, both among all of the server.
    """

    def __init__(self, stream, server, number):
        self.stream = stream
        self.server = server
        self.number = number
        self.place = 0
        self.buffer = b""

    def receive(self):
        """One request, head and body, or None at the end."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.fill():
                return None
        head = self.buffer.split(b"\r\n\r\n")[0]
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        whole = len(head) + 4 + (int(length[1]) if length else 0)
        while len(self.buffer) < whole:
            if not self.fill():
                return None
        request, self.buffer = self.buffer[:whole], self.buffer[whole:]
        self.place = self.server.note(request)
        return request

    def fill(self):
        data = self.stream.recv(1 << 16)
        self.buffer += data
        return data

    def send(self, data):
        self.stream.sendall(data)

    def send_byte_by_byte(self, data):
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in data:
            self.stream.sendall(bytes([byte]))

    def reset(self):
        """Closes so that the peer gets a reset."""
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.stream.close()

    def wait_for_end(self):
        """Takes and forgets what comes until the peer has closed."""
        with contextlib.suppress(OSError):
            while self.stream.recv(1 << 16):
                pass


class Server:
    """Runs the script, a function of a Connection, in a thread for each connection.

    Its port refuses connections at the addresses in silent.
    """

    def __init__(self, script, host="127.0.0.1", silent=()):
        self.script = script
        self.requests = []
        self.connections = 0
        self.over = False
        self.changed = threading.Condition()
        self.problem = None
        self.listener, *self.silent = bound(host, *silent)
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        self.base = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.threads = []
        self.acceptor = threading.Thread(target=self.accept)
        self.ended, self.end = socket.socketpair()

    def __enter__(self):
        self.acceptor.start()
        return self

    def __exit__(self, *_):
        with self.changed:
            self.over = True
            self.changed.notify_all()
        self.end.close()
        self.acceptor.join(PATIENCE)
        self.ended.close()
        for each in [self.listener, *self.silent]:
            each.close()
        for thread in self.threads:
            thread.join(PATIENCE)
        if self.problem is not None:
            raise self.problem

    def accept(self):
        """Accepts until the end, which shows at the other end of the pair."""
        while self.ended not in select.select([self.listener, self.ended], [], [])[0]:
            stream, _ = self.listener.accept()
            stream.settimeout(PATIENCE)
            thread = threading.Thread(target=self.serve, args=(stream, self.connections))
            with self.changed:
                self.connections += 1
                self.changed.notify_all()
            self.threads.append(thread)
            thread.start()

    def serve(self, stream, number):
        with stream:
            try:
                self.script(Connection(stream, self, number))
            except ConnectionError:
                pass  # drill may leave when it likes
            except Exception as problem:  # pylint: disable=broad-except
                self.problem = problem

    def note(self, request):
        """Adds the request, and says how many there are now."""
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
            return len(self.requests)

    def wait_for(self, condition):
        """Waits until the condition, asked whenever something changed, holds."""
        with self.changed:
            if not self.changed.wait_for(condition, PATIENCE):
                raise AssertionError("what was waited for did not happen")


def answering(answer):
    """A script that gives every request the same answer."""

    def script(connection):
        while connection.receive():
            connection.send(answer)

    return script


def item(name="a", **request):
    """An item of a plan: its values are written as JSON, which is YAML."""
    return {"name": name, "request": {"url": "/", **request}}


def plan_text(*items, **keys):
    return json.dumps({**keys, "plan": list(items) or [item()]})


@contextlib.contextmanager
def plan_file(text):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        yield file.name


class Outcome:
    """What a run left behind."""

    def __init__(self, process):
        self.status = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    @property
    def report(self):
        return json.loads(self.out)


def run(*arguments, **keywords):
    keywords = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **keywords}
    return Outcome(
        subprocess.run([DRILL, *arguments], timeout=PATIENCE, text=True, check=False, **keywords)
    )


def run_plan(text, *arguments, **keywords):
    with plan_file(text) as path:
        return run("--benchmark", path, *arguments, **keywords)


@contextlib.contextmanager
def running(*command, **keywords):
    """A process that goes on meanwhile, with its output in a pipe, and is killed in the end."""
    keywords = {"stdout": subprocess.PIPE, **keywords}
    with subprocess.Popen(command, text=True, **keywords) as process:
        try:
            yield process
        finally:
            process.kill()


@contextlib.contextmanager
def stopped(process):
    """Stops it: what happens until it goes on, it will see at once."""
    process.send_signal(signal.SIGSTOP)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status), "drill has ended"
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def backend_names():
    listed = run("--benchmark", "x", "--backend", "nonesuch").err
    return re.search(r"must be one of: ((\w+ ?)+)", listed)[1].split()


class Requests(unittest.TestCase):
    """How requests go over connections."""

    def check(self, script, *items, total, connections=None, **keys):
        """Runs the plan, of which all must succeed, and returns the report and the server."""
        with Server(script) as server:
            outcome = run_plan(plan_text(*items, base=server.base, **keys), "--json")
        self.assertEqual(outcome.err, "")
        self.assertEqual(outcome.report["failures"], {})
        self.assertEqual(outcome.status, 0)
        self.assertEqual(outcome.report["successful_requests"], total)
        if connections is not None:
            self.assertEqual(server.connections, connections)
        return outcome.report, server

    def test_each_iteration_runs_the_plan_in_order_on_a_kept_connection(self):
        items = [item("one", url="/1"), item("two", url="/2"), item("three", url="/3")]
        _, server = self.check(
            answering(OK), *items, iterations=5, concurrency=1, total=15, connections=1
        )
        targets = [request.split()[1] for request in server.requests]
        self.assertEqual(targets, [b"/1", b"/2", b"/3"] * 5)

    def test_as_many_iterations_run_at_once_as_the_concurrency_says(self):
        def script(connection):
            while connection.receive():
                connection.server.wait_for(lambda: len(connection.server.requests) >= 8)
                connection.send(OK)

        report, _ = self.check(script, iterations=40, concurrency=8, total=40, connections=8)
        self.assertEqual(report["concurrency"], 8)

    def test_without_a_concurrency_all_iterations_run_at_once(self):
        def script(connection):
            connection.receive()
            connection.server.wait_for(lambda: len(connection.server.requests) == 6)
            connection.send(OK)

        report, _ = self.check(script, iterations=6, total=6, connections=6)
        self.assertEqual(report["concurrency"], 6)

    def test_who_is_done_leaves_while_others_still_wait(self):
        first_left = threading.Event()

        def script(connection):
            request = connection.receive()
            connection.server.wait_for(lambda: len(connection.server.requests) == 2)
            if connection.server.requests[0] is not request:
                first_left.wait(PATIENCE)
            connection.send(OK)
            connection.wait_for_end()
            first_left.set()

        self.check(script, iterations=2, concurrency=2, total=2, connections=2)

    def test_the_request_arrives_as_the_plan_has_it(self):
        body = "é" * 1000
        request = item(url="/a?b", method="POST", headers={"X-One": "1, 2"}, body=body)
        _, server = self.check(answering(OK), request, total=1)
        head, received = server.requests[0].split(b"\r\n\r\n", 1)
        self.assertEqual(head.split(b"\r\n")[0], b"POST /a?b HTTP/1.1")
        self.assertIn(b"\r\nX-One: 1, 2", head)
        self.assertIn(b"\r\nHost: 127.0.0.1:%d\r\n" % server.port, head)
        self.assertEqual(received.decode(), body)

    def test_a_body_larger_than_any_buffer_is_sent_whole(self):
        body = "0123456789abcdef" * (1 << 18)
        _, server = self.check(
            answering(OK), item(method="PUT", body=body), iterations=2, concurrency=1, total=2
        )
        for request in server.requests:
            self.assertEqual(request.split(b"\r\n\r\n", 1)[1].decode(), body)

    def test_content_larger_than_any_buffer_is_read_to_its_end(self):
        for length in [(1 << 16), (1 << 22), (1 << 22) + 1]:
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
            # Of the whole answer the length is such that the last read may fill the buffer.
            answer = head % (length - len(head % length)) + b"x" * (length - len(head % length))
            with self.subTest(length=length):
                self.check(answering(answer), iterations=6, concurrency=2, total=6)

    def test_answers_may_come_byte_by_byte(self):
        answer = (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5;x=y\r\nhello\r\n3\r\nyou\r\n0\r\nTrailer: x\r\n\r\n"
        )

        def script(connection):
            while connection.receive():
                connection.send_byte_by_byte(answer)

        self.check(script, iterations=3, concurrency=1, total=3, connections=1)

    def test_answers_without_content_end_with_their_head(self):
        answers = {
            b"HEAD": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
            b"DELETE": b"HTTP/1.1 204 No Content\r\n\r\n",
            b"GET": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        }

        def script(connection):
            while request := connection.receive():
                connection.send(answers[request.split()[0]])

        items = [item(method="HEAD"), item(method="DELETE"), item(method="GET")]
        self.check(script, *items, iterations=2, concurrency=1, total=6, connections=1)

    def test_an_answer_may_end_with_its_connection(self):
        def script(connection):
            connection.receive()
            connection.send(b"HTTP/1.0 200 OK\r\n\r\nhello")

        self.check(script, iterations=4, concurrency=2, total=4, connections=4)

    def test_a_connection_that_the_server_gives_up_is_made_anew(self):
        def script(connection):
            connection.receive()
            connection.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")

        self.check(script, iterations=4, concurrency=2, total=4, connections=4)

    def test_a_plan_may_ask_for_a_connection_a_request(self):
        request = item(headers={"Connection": "close"})
        self.check(answering(OK), request, iterations=4, concurrency=1, total=4, connections=4)

    def test_what_follows_an_answer_unasked_costs_the_connection(self):
        self.check(answering(OK + b"?"), iterations=3, concurrency=1, total=3, connections=3)

    def test_a_request_on_a_kept_connection_that_was_closed_is_sent_again(self):
        for ends in (Connection.reset, lambda connection: None):

            def script(connection, ends=ends):
                connection.receive()
                connection.send(OK)
                connection.receive()
                ends(connection)

            # Every connection gives one answer: the request after it goes to the next one.
            self.check(script, iterations=4, concurrency=1, total=4, connections=4)

    def test_a_server_may_answer_before_it_is_asked(self):
        def script(connection):
            connection.send(OK)
            connection.wait_for_end()

        request = item(headers={"Connection": "close"})
        self.check(script, request, iterations=20, concurrency=2, total=20)

    def test_requests_may_go_to_several_servers_in_turn(self):
        with Server(answering(OK)) as first, Server(answering(OK)) as second:
            items = [item(url=first.base + "/1"), item(url=second.base + "/2")]
            outcome = run_plan(plan_text(*items, iterations=3, concurrency=1), "--json")
        self.assertEqual(outcome.report["successful_requests"], 6)
        self.assertEqual([r.split()[1] for r in first.requests], [b"/1"] * 3)
        self.assertEqual([r.split()[1] for r in second.requests], [b"/2"] * 3)

    def test_the_server_may_have_an_ipv6_address(self):
        try:
            server = Server(answering(OK), "::1")
        except OSError as problem:
            self.skipTest(f"no IPv6 here: {problem}")
        with server:
            outcome = run_plan(plan_text(base=server.base), "--json")
        self.assertEqual(outcome.status, 0)
        self.assertIn(b"\r\nHost: [::1]:%d\r\n" % server.port, server.requests[0])

    def test_localhost_is_127_0_0_1_and_ipv6_s(self):
        # Elsewhere a port that is bound and on which nobody listens does not refuse.
        refusing = ["127.0.0.1"] if sys.platform.startswith(("linux", "freebsd")) else []
        for host, silent in [("127.0.0.1", []), ("::1", refusing)]:
            try:
                server = Server(answering(OK), host, silent)
            except OSError as problem:
                self.skipTest(f"no IPv6 here: {problem}")
            with server:
                for name in backend_names():
                    with self.subTest(host=host, backend=name):
                        base = f"http://localhost:{server.port}"
                        outcome = run_plan(
                            plan_text(iterations=200, concurrency=20),
                            "--json", "--base", base, "--backend", name,
                        )  # fmt: skip
                        self.assertEqual(outcome.err, "")
                        self.assertEqual(outcome.report["failures"], {})
                        self.assertEqual(outcome.report["successful_requests"], 200)
            self.assertIn(b"\r\nHost: localhost:%d\r\n" % server.port, server.requests[0])

    def test_the_name_of_a_host_is_looked_up(self):
        name = socket.gethostname()
        try:
            found = socket.getaddrinfo(name, 0, socket.AF_INET, socket.SOCK_STREAM)
            server = Server(answering(OK), found[0][4][0])
        except OSError as problem:
            self.skipTest(f"the name of this machine leads nowhere: {problem}")
        with server:
            base = f"http://{name}:{server.port}"
            outcome = run_plan(plan_text(base=base, iterations=3), "--json")
        self.assertEqual(outcome.err, "")
        self.assertEqual(outcome.report["successful_requests"], 3)
        self.assertIn(b"\r\nHost: %s:%d\r\n" % (name.encode(), server.port), server.requests[0])

    def test_a_name_that_leads_nowhere_is_said_with_its_place(self):
        label = "a" * 64  # longer than a part of a name may be, so that no server is asked
        with plan_file(plan_text(item(url=f"http://{label}/"))) as path:
            outcome = run("--benchmark", path)
        self.assertRegex(outcome.err, rf"^{path}:1:\d+: url: the host 'a+\.*' cannot be looked up: ")
        self.assertEqual(outcome.err.count("\n"), 1)
        self.assertEqual(outcome.status, 2)

    def test_the_command_line_replaces_what_the_plan_says(self):
        with Server(answering(OK)) as server:
            outcome = run_plan(
                plan_text(base="http://127.0.0.1:1", iterations=2, concurrency=2),
                *("--json", "--base", server.base, "--iterations", "7", "--concurrency", "1"),
            )
        self.assertEqual(outcome.report["iterations"], 7)
        self.assertEqual(outcome.report["concurrency"], 1)
        self.assertEqual(len(server.requests), 7)
        self.assertEqual(server.connections, 1)

    def test_every_backend_of_the_library_does(self):
        for name in backend_names():
            with self.subTest(backend=name), Server(answering(OK)) as server:
                outcome = run_plan(
                    plan_text(base=server.base, iterations=50, concurrency=5),
                    *("--json", "--backend", name),
                )
                self.assertEqual(outcome.report["backend"], name)
                self.assertEqual(outcome.report["successful_requests"], 50)

    def test_the_plans_that_come_with_it_run(self):
        paths = [os.path.join(PLANS, name) for name in sorted(os.listdir(PLANS))]
        self.assertGreater(len(paths), 0)
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"  # to HEAD as well
        for path in paths:
            with self.subTest(plan=path), Server(answering(answer)) as server:
                outcome = run("--benchmark", path, "--iterations", "1", "--base", server.base)
                self.assertEqual(outcome.err, "")
                self.assertEqual(outcome.status, 0)
                self.assertGreater(len(server.requests), 0)


class Failures(unittest.TestCase):
    """What counts as failed, and as what."""

    def check(self, script, failures, *items, arguments=(), succeeded=0, **keys):
        with Server(script) as server:
            outcome = run_plan(plan_text(*items, base=server.base, **keys), "--json", *arguments)
        self.assertEqual(outcome.err, "")
        self.assertEqual(outcome.status, 1)
        self.assertEqual(outcome.report["failures"], failures)
        self.assertEqual(outcome.report["failed_requests"], sum(failures.values()))
        self.assertEqual(outcome.report["successful_requests"], succeeded)
        if succeeded == 0:
            self.assertIsNone(outcome.report["latency"])
        return server

    def test_refused(self):
        with bound("127.0.0.1")[0] as nobody:
            base = f"http://127.0.0.1:{nobody.getsockname()[1]}"
            outcome = run_plan(plan_text(base=base, iterations=500, concurrency=7), "--json")
        self.assertEqual(outcome.status, 1)
        self.assertEqual(outcome.report["failures"], {"refused": 500})

    def test_reset(self):
        def script(connection):
            connection.receive()
            connection.reset()

        self.check(script, {"reset": 4}, iterations=4, concurrency=2)

    def test_closed_before_any_answer_on_a_new_connection(self):
        server = self.check(Connection.receive, {"closed": 4}, iterations=4, concurrency=2)
        self.assertEqual(server.connections, 4)

    def test_closed_within_the_answer(self):
        for part in [b"HTTP/1.1 20", OK[:-1], b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n5"]:

            def script(connection, part=part):
                connection.receive()
                connection.send(part)

            self.check(script, {"closed": 2}, iterations=2, concurrency=1)

    def test_no_descriptor(self):
        """Where others took those that were to be left over."""
        taken = [os.dup(1) for _ in range(40)]
        try:
            with Server(answering(OK)) as server:
                outcome = run_plan(
                    plan_text(base=server.base, iterations=20_000, concurrency=30), "--json",
                    pass_fds=taken,
                    preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
                )  # fmt: skip
        finally:
            for fd in taken:
                os.close(fd)
        self.assertEqual(outcome.status, 1)
        self.assertEqual(list(outcome.report["failures"]), ["no_descriptor"])
        self.assertEqual(outcome.report["total_requests"], 20_000)

    def test_left_before_it_could_be_asked(self):
        with Server(lambda connection: None) as server:
            outcome = run_plan(plan_text(base=server.base, iterations=20), "--json")
        self.assertEqual(outcome.status, 1)
        self.assertEqual(outcome.report["failed_requests"], 20)
        self.assertLessEqual(set(outcome.report["failures"]), {"closed", "reset"})

    def test_what_is_not_idempotent_is_not_sent_again(self):
        def script(connection):
            connection.receive()
            connection.send(OK)
            connection.receive()

        self.check(
            script, {"closed": 2}, item(method="POST"), iterations=4, concurrency=1, succeeded=2
        )

    def test_nothing_is_sent_again_once_the_answer_has_begun(self):
        def script(connection):
            connection.receive()
            connection.send(OK)
            connection.receive()
            connection.send(b"H")

        self.check(script, {"closed": 2}, iterations=4, concurrency=1, succeeded=2)

    def test_malformed(self):
        def script(connection):
            connection.receive()
            connection.send(b"SSH-2.0-server\r\n")
            connection.wait_for_end()  # it is drill that gives up

        self.check(script, {"malformed": 3}, iterations=3, concurrency=1)

    def test_a_head_without_end_is_malformed(self):
        def script(connection):
            connection.receive()
            connection.send(b"HTTP/1.1 200 OK\r\n")
            while True:
                connection.send(b"X: y\r\n" * 1000)

        self.check(script, {"malformed": 1})

    def test_a_status_of_400_or_above_and_the_connection_is_kept(self):
        statuses = {b"/a": 399, b"/b": 400, b"/c": 404, b"/d": 503}

        def script(connection):
            while request := connection.receive():
                status = statuses[request.split()[1]]
                connection.send(b"HTTP/1.1 %d \r\nContent-Length: 1\r\n\r\nx" % status)

        items = [item(url=target.decode()) for target in statuses]
        failures = {"status_400": 2, "status_404": 2, "status_503": 2}
        server = self.check(script, failures, *items, iterations=2, concurrency=1, succeeded=2)
        self.assertEqual(server.connections, 1)

    def test_an_answer_while_the_body_is_still_being_sent(self):
        for closes in (True, False):

            def script(connection, closes=closes):
                server = connection.server
                # The body does not fit this buffer and drill's together, and nobody reads it.
                connection.stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
                connection.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
                if closes:
                    connection.stream.shutdown(socket.SHUT_WR)
                server.wait_for(lambda: server.over or server.connections > connection.number + 1)

            request = item(method="POST", body="x" * (1 << 23))
            server = self.check(script, {"status_413": 3}, request, iterations=3, concurrency=1)
            self.assertEqual(server.connections, 3)

    def test_timeout_closes_the_connection_and_goes_on(self):
        def script(connection):
            connection.receive()
            self.assertIsNone(connection.receive())

        for timeout in SPANS:
            with Server(script) as server:
                outcome = run_plan(
                    plan_text(base=server.base, iterations=3, concurrency=1),
                    *("--json", "--timeout", str(timeout)),
                )
            self.assertEqual(outcome.status, 1)
            self.assertEqual(outcome.report["failures"], {"timeout": 3})
            if len(server.requests) == 3:  # drill sent each before it was over
                break
        self.assertEqual(len(server.requests), 3)
        self.assertEqual(server.connections, 3)

    def test_users_that_are_done_leave_the_others_their_time(self):
        def script(connection):
            server = connection.server
            request = connection.receive()
            server.wait_for(lambda: server.over or len(server.requests) == 2)
            if request is not None and server.requests[0] is request:
                connection.send(OK)
            connection.wait_for_end()

        with Server(script) as server:
            outcome = run_plan(
                plan_text(base=server.base, iterations=2, concurrency=2, rampup=0.2),
                *("--json", "--timeout", "0.5"),
            )
        # Whether the first is in time is for the machine to say; that the second fails is not.
        self.assertEqual(list(outcome.report["failures"]), ["timeout"])
        self.assertEqual(outcome.report["total_requests"], 2)

    def test_timeout_within_the_answer(self):
        def script(connection):
            connection.receive()
            connection.send(OK[:-1])
            connection.wait_for_end()

        self.check(script, {"timeout": 2}, iterations=2, arguments=("--timeout", "0.05"))

    def test_a_timeout_is_never_early(self):
        with Server(Connection.wait_for_end) as server:
            outcome = run_plan(plan_text(base=server.base), "--json", "--timeout", "0.2")
        self.assertEqual(outcome.report["failures"], {"timeout": 1})
        self.assertGreaterEqual(outcome.report["time_taken_ns"], 200_000_000)


class Plans(unittest.TestCase):
    """What a plan may have besides requests one after the other."""

    def run_plan(self, text, *arguments, **keywords):
        """The requests that arrived, heads and bodies, and what came of it."""
        with Server(answering(OK)) as server:
            base = ("--base", server.base)
            outcome = run_plan(text, "--json", "-C", "1", *base, *arguments, **keywords)
        return server.requests, outcome

    def test_variables_stand_in_url_headers_and_body(self):
        first = item(
            "first",
            url="/{{ a }}/{{ DRILL_OUTSIDE }}?{{ iteration }}",
            method="POST",
            headers={"X-A": "<{{a}}>", "X-I": "{{ iteration }}"},
            body='{"a": {"i": {{ iteration }}}, "base": "{{ base }}"}',
        )
        requests, outcome = self.run_plan(
            plan_text(first, vars={"a": "val"}, iterations=11),
            env={**os.environ, "DRILL_OUTSIDE": "world", "a": "not this"},
        )
        self.assertEqual(outcome.report["failures"], {})
        self.assertEqual(len(requests), 11)
        for number, request in enumerate(requests):
            head, body = request.decode().split("\r\n\r\n")
            self.assertTrue(head.startswith(f"POST /val/world?{number} HTTP/1.1\r\n"))
            self.assertIn("\r\nX-A: <val>\r\n", head)
            self.assertIn(f"\r\nX-I: {number}\r\n", head)
            self.assertIn(f"\r\nContent-Length: {len(body)}", head)
            self.assertRegex(body, rf'^{{"a": {{"i": {number}}}, "base": "http://127.0.0.1:\d+"}}$')

    def test_an_item_is_repeated_for_each_of_its_items(self):
        items = [
            {**item("list", url="/{{ item }}/{{ index }}"), "with_items": [70, "x"]},
            {**item("fields", url="/{{ item.id }}"), "with_items": [{"id": 1}, {"id": 2}]},
            {**item("range", url="/{{ item }}"), "with_items_range": {"start": 7, "stop": 9}},
        ]
        requests, outcome = self.run_plan(plan_text(*items, iterations=2))
        expected = ["/70/0", "/x/1", "/1", "/2", "/7", "/8", "/9"]
        self.assertEqual([r.split()[1].decode() for r in requests], expected * 2)
        report = outcome.report
        self.assertEqual([i["name"] for i in report["items"]], ["list", "fields", "range"])
        self.assertEqual([i["total_requests"] for i in report["items"]], [4, 4, 6])

    def test_a_delay_keeps_the_next_request_waiting(self):
        items = [item("a"), {"name": "wait", "delay": {"seconds": 0.2}}, item("b"), {"delay": 0.1}]
        for name in backend_names():
            with self.subTest(backend=name):
                text = plan_text(*items, iterations=2)
                requests, outcome = self.run_plan(text, "--backend", name)
                self.assertEqual(len(requests), 4)
                report = outcome.report
                self.assertGreaterEqual(report["time_taken_ns"], 600_000_000)
                self.assertEqual([i["name"] for i in report["items"]], ["a", "b"])
                self.assertEqual(report["connections_opened"], 1)
        with Server(answering(OK)) as server:
            stats = run_plan(plan_text(*items, base=server.base), "--stats").out
            one = run_plan(plan_text(*items[:2], base=server.base), "--stats").out
        self.assertEqual(re.findall(r"(?m)^\n(.*)$", stats), ["a", "b"])
        self.assertNotIn("\n\n", one)  # no block for the only request

    def test_a_signal_ends_a_delay(self):
        with Server(answering(OK)) as server:
            with plan_file(plan_text(item(), {"delay": 1000}, base=server.base)) as path:
                with running(DRILL, "--benchmark", path, "--json") as process:
                    server.wait_for(lambda: len(server.requests) == 1)
                    process.send_signal(signal.SIGTERM)
                    out, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 143)
        self.assertLessEqual(json.loads(out)["interrupted_requests"], 1)

    def test_tags_choose_the_items(self):
        items = [
            {**item("a", url="/a"), "tags": ["one", "two"]},
            {**item("b", url="/b"), "tags": ["two"]},
            {**item("c", url="/c"), "tags": ["never"]},
            item("d", url="/d"),
        ]
        text = plan_text(*items)
        for arguments, expected in [
            ([], "abd"),
            (["--tags", "one"], "a"),
            (["--tags", "two,never"], "abc"),
            (["--skip-tags", "one"], "bd"),
            (["--tags", "two", "--skip-tags", "one"], "b"),
        ]:
            with self.subTest(arguments=arguments):
                requests, outcome = self.run_plan(text, *arguments)
                self.assertEqual("".join(r.split()[1].decode()[1:] for r in requests), expected)
                names = "".join(i["name"] for i in outcome.report["items"])
                self.assertEqual(names, expected)

    def test_tags_that_leave_nothing_or_contradict_each_other_are_errors(self):
        for arguments, complaint in [
            (["--tags", "x"], "--tags and --skip-tags leave no item of the plan\n"),
            (["--tags", "a, x", "--skip-tags", "x"], "'x' is in both --tags and --skip-tags\n"
             "drill: see --help for the options\n"),
        ]:  # fmt: skip
            with self.subTest(arguments=arguments):
                outcome = run_plan(plan_text(base="http://127.0.0.1:1"), *arguments)
                self.assertEqual(outcome.err, "drill: " + complaint)
                self.assertEqual(outcome.out, "")
                self.assertEqual(outcome.status, 2)

    def test_tags_are_listed(self):
        items = [{**item("a"), "tags": ["b", "a"]}, {**item("b"), "tags": ["a", "always"]}]
        outcome = run_plan(plan_text(*items), "--list-tags")  # without a base: nothing is run
        self.assertEqual(outcome.out, "a\nalways\nb\n")
        self.assertEqual(outcome.err, "")
        self.assertEqual(outcome.status, 0)

    def test_what_only_the_namesake_has_is_refused_with_its_place(self):
        for text, complaint in [
            ("threads: 4\n", "1:1: threads"),
            ("plan:\n  - name: a\n    include: b.yml\n", "3:5: include"),
            ("plan:\n  - name: a\n    exec: {command: ls}\n", "3:5: exec"),
            ("plan:\n  - name: a\n    assert: {key: a, value: b}\n", "3:5: assert"),
            ("plan:\n  - name: a\n    assign: {key: a, value: b}\n", "3:5: assign"),
            ("plan:\n  - name: a\n    request: {url: /}\n    assign: b\n", "4:5: assign"),
            ("plan:\n  - name: a\n    with_items_from_csv: a.csv\n", "3:5: with_items_from_csv"),
        ]:
            with self.subTest(text=text), plan_file(text) as path:
                outcome = run("--benchmark", path)
                expected = f"{path}:{complaint} of fcsonline/drill is not supported\n"
                self.assertEqual(outcome.err, expected)
                self.assertEqual(outcome.status, 2)
        with plan_file("base: https://127.0.0.1\nplan:\n  - name: a\n    request: {url: /}\n") as path:
            outcome = run("--benchmark", path)
        self.assertEqual(outcome.err, f"{path}:1:7: base: HTTPS is not supported, only http://\n")


class Duration(unittest.TestCase):
    """Runs that end with their time."""

    def run_plan(self, script, least, *items, as_option=False, arguments=(), **keys):
        """Runs the plan with a duration that is enough for this number of requests to begin.

        Gives the report, the server and the duration. The script is a function of the duration.
        """
        for duration in SPANS:
            if as_option:
                arguments = ["--duration", str(duration)]
            else:
                keys["duration"] = duration
            with Server(script(duration)) as server:
                text = plan_text(*items, base=server.base, **keys)
                outcome = run_plan(text, "--json", *arguments)
            self.assertEqual(outcome.status, 0)
            if len(server.requests) >= least:
                break
        self.assertGreaterEqual(len(server.requests), least)
        return outcome.report, server, duration

    def test_no_request_begins_after_the_duration_and_none_is_given_up(self):
        def answering_too_late(duration):
            def script(connection):
                connection.receive()
                time.sleep(2 * duration)  # it began before this: nothing depends on how much
                connection.send(OK)
                self.assertIsNone(connection.receive())

            return script

        for name in backend_names():
            with self.subTest(backend=name):
                report, _, duration = self.run_plan(
                    answering_too_late, 3, item("first"), item("second"),
                    arguments=["--backend", name], concurrency=3,
                )  # fmt: skip
                self.assertEqual(report["successful_requests"], 3)
                self.assertEqual(report["items"][1]["total_requests"], 0)
                self.assertEqual(report["interrupted_requests"], 0)
                self.assertEqual(report["duration_ns"], round(duration * 1e9))
                self.assertIsNone(report["iterations"])

    def test_users_go_on_until_the_time_is_over(self):
        for as_option in [False, True]:
            with self.subTest(as_option=as_option):
                report, server, duration = self.run_plan(
                    lambda _: answering(OK), 2, as_option=as_option
                )
                self.assertGreaterEqual(report["time_taken_ns"], duration * 1e9)
                self.assertEqual(report["total_requests"], len(server.requests))
                self.assertEqual(report["concurrency"], 1)

    def test_a_delay_does_not_prolong_it(self):
        for keys in [{"concurrency": 2}, {"rate": 100}]:
            with self.subTest(**keys):
                report, _, duration = self.run_plan(
                    lambda _: answering(OK), 2, item(), {"delay": 1000}, **keys
                )
                expected = round(100 * duration) if "rate" in keys else 2
                self.assertEqual(report["total_requests"], expected)

    def test_iterations_may_end_it_earlier(self):
        with Server(answering(OK)) as server:
            outcome = run_plan(
                plan_text(base=server.base, iterations=5, concurrency=2, duration=1000), "--json"
            )
        self.assertEqual(outcome.report["successful_requests"], 5)

    def test_a_ramp_up_that_is_longer_than_the_duration_does_not_prolong_it(self):
        _, server, _ = self.run_plan(lambda _: answering(OK), 1, concurrency=2, rampup=1000)
        self.assertEqual(server.connections, 1)


class Rate(unittest.TestCase):
    """The open loop."""

    def run_plan(self, base, *arguments, **keys):
        """The report and exit status for each backend in turn."""
        for name in backend_names():
            with self.subTest(backend=name):
                text = plan_text(base=base, **keys)
                outcome = run_plan(text, "--json", "--backend", name, *arguments)
                self.assertEqual(outcome.err, "")
                yield outcome.report, outcome.status

    def test_as_many_requests_are_sent_as_were_due(self):
        with Server(answering(OK)) as server:
            for report, status in self.run_plan(server.base, rate=200, duration=0.5):
                self.assertEqual(status, 0)
                self.assertEqual(report["successful_requests"], 100)
                self.assertEqual(report["rate"], 200)
                # The last one was due 5 ms before the end.
                self.assertGreaterEqual(report["time_taken_ns"], 495_000_000)

    def test_the_rate_may_come_from_the_command_line(self):
        with Server(answering(OK)) as server:
            for report, _ in self.run_plan(
                server.base, "--rate", "0.5", "-d", "0.5", rate=1000, duration=30
            ):
                self.assertEqual(report["successful_requests"], 1)
                self.assertEqual(report["rate"], 0.5)

    def test_a_server_that_stalls_cannot_hide(self):
        """With a closed loop one request would be slow, and 29 fast."""

        def script(connection):
            while connection.receive():
                if len(connection.server.requests) % 30 == 1:
                    time.sleep(0.5)  # this is what is measured
                connection.send(OK)

        with Server(script) as server:
            for report, _ in self.run_plan(server.base, rate=100, duration=0.3, concurrency=1):
                self.assertEqual(report["successful_requests"], 30)
                self.assertEqual(report["connections_opened"], 1)
                # The n-th was due n times 10 ms after the first, and could not be sent before.
                self.assertGreaterEqual(report["latency"]["median_ns"], 350_000_000)
                self.assertGreaterEqual(report["latency"]["minimum_ns"], 200_000_000)

    def test_users_are_added_when_all_others_wait(self):
        def script(connection):
            server = connection.server
            connection.receive()
            server.wait_for(lambda: server.over or len(server.requests) % 20 == 0)
            connection.send(OK)
            connection.wait_for_end()

        with Server(script) as server:
            for report, _ in self.run_plan(server.base, rate=200, duration=0.1):
                self.assertEqual(report["successful_requests"], 20)
                self.assertEqual(report["connections_opened"], 20)

    def test_what_could_only_be_late_times_out_unsent(self):
        """One after the other, 300 timeouts of 0.3 s would take longer than is waited here."""
        with Server(Connection.wait_for_end) as server:
            for report, status in self.run_plan(
                server.base, "--timeout", "0.3", rate=300, duration=1, concurrency=1
            ):
                self.assertEqual(status, 1)
                self.assertEqual(report["failures"], {"timeout": 300})

    def test_what_is_overdue_is_not_sent(self):
        """When the first times out, all others are overdue but for a moment of some."""
        with Server(Connection.wait_for_end) as server:
            for report, _ in self.run_plan(
                server.base, "--timeout", "0.3", rate=100_000, iterations=2000, concurrency=1
            ):
                self.assertEqual(report["failures"], {"timeout": 2000})
        self.assertLess(server.connections, 200 * len(backend_names()))

    def test_users_that_were_idle_are_all_used_again(self):
        def script(connection):
            server = connection.server
            while connection.receive():
                whole = -(-connection.place // 3) * 3  # of the group that it belongs to
                server.wait_for(lambda most=whole: server.over or len(server.requests) >= most)
                connection.send(OK)

        with Server(script) as server:
            for report, _ in self.run_plan(server.base, rate=100, iterations=9, concurrency=3):
                self.assertEqual(report["successful_requests"], 9)
                self.assertEqual(report["connections_opened"], 3)

    def test_more_iterations_may_be_due_at_once_than_are_begun_at_once(self):
        def script(connection):
            server = connection.server
            connection.receive()
            server.wait_for(lambda: server.over or len(server.requests) % 100 == 0)
            connection.send(OK)
            connection.wait_for_end()

        with Server(script) as server:
            for report, _ in self.run_plan(
                server.base, rate=1_000_000, iterations=100, concurrency=100
            ):
                self.assertEqual(report["successful_requests"], 100)

    def test_the_items_of_an_iteration_follow_one_another(self):
        items = [item("one", url="/1"), item("two", url="/2")]
        with Server(answering(OK)) as server:
            text = plan_text(*items, base=server.base, rate=1000, iterations=30, concurrency=1)
            report = run_plan(text, "--json").report
        self.assertEqual(report["total_requests"], 60)
        self.assertEqual([request.split()[1] for request in server.requests], [b"/1", b"/2"] * 30)

    def test_what_was_due_when_a_signal_came_counts_as_interrupted(self):
        with Server(Connection.wait_for_end) as server:
            text = plan_text(base=server.base, rate=100, concurrency=1, duration=1000)
            with plan_file(text) as path:
                began = time.monotonic()
                with running(DRILL, "--benchmark", path, "--json") as process:
                    server.wait_for(lambda: server.connections == 1)
                    time.sleep(0.2)  # a span in which requests become due
                    process.send_signal(signal.SIGINT)
                    out, _ = process.communicate(timeout=PATIENCE)
                most = (time.monotonic() - began) * 100 + 1
        report = json.loads(out)
        self.assertEqual(report["total_requests"], 0)
        self.assertGreaterEqual(report["interrupted_requests"], 20)
        self.assertLessEqual(report["interrupted_requests"], most)


class Report(unittest.TestCase):
    """What is printed, and where."""

    def test_latencies_are_not_shorter_than_the_server_took(self):
        def script(connection):
            while connection.receive():
                time.sleep(0.05)  # this is what is measured
                connection.send(OK)

        with Server(script) as server:
            outcome = run_plan(plan_text(base=server.base, iterations=6, concurrency=2), "--json")
        latency = outcome.report["latency"]
        order = ["minimum", "percentile_50_0", "percentile_75_0", "percentile_90_0",
                 "percentile_95_0", "percentile_99_0", "percentile_99_5", "percentile_99_9"]  # fmt: skip
        values = [latency[f"{name}_ns"] for name in order] + [latency["maximum_ns"]]
        self.assertGreaterEqual(values[0], 50_000_000)
        self.assertEqual(values, sorted(values))
        self.assertGreaterEqual(outcome.report["time_taken_ns"], 3 * 50_000_000)

    def test_rampup_spreads_the_beginning(self):
        def script(connection):
            connection.receive()
            connection.server.wait_for(lambda: len(connection.server.requests) == 4)
            connection.send(OK)

        with Server(script) as server:
            outcome = run_plan(
                plan_text(base=server.base, iterations=4, concurrency=4, rampup=0.4), "--json"
            )
        self.assertEqual(outcome.status, 0)
        self.assertGreaterEqual(outcome.report["time_taken_ns"], 300_000_000)

    def test_iterations_may_run_out_before_everybody_began(self):
        with Server(answering(OK)) as server:
            outcome = run_plan(
                plan_text(base=server.base, iterations=3, concurrency=5, rampup=0.3), "--json"
            )
        self.assertEqual(outcome.report["successful_requests"], 3)
        self.assertEqual(outcome.report["concurrency"], 3)

    def test_stats_are_for_people(self):
        items = [item("First"), item("Second")]
        with Server(answering(OK)) as server:
            text = plan_text(*items, base=server.base, iterations=3)
            plain, stats = run_plan(text), run_plan(text, "--stats")
            one = run_plan(plan_text(items[0], base=server.base), "--stats")
        requests = ["Total requests", "Successful requests", "Failed requests"]
        traffic = ["Requests per second", "Received", "Received per second",
                   "Connections opened", "Connections reused"]  # fmt: skip
        latencies = ["Median", "Average", "Standard deviation", "50.0 percentile",
                     "75.0 percentile", "90.0 percentile", "95.0 percentile", "99.0 percentile",
                     "99.5 percentile", "99.9 percentile", "Minimum", "Maximum"]  # fmt: skip
        bar = r"  +\d+\.\d+ (us|ms|s) to +\d+\.\d+ (us|ms|s)  #* * \d+"

        def names(out):
            lines = [line for line in out.splitlines() if not re.fullmatch(bar, line)]
            return [line[:23].strip() for line in lines]

        each = [*requests, *traffic, "Answers", "status 200", *latencies, "Latencies"]
        self.assertEqual(names(plain.out), ["Time taken", *requests, *traffic])
        self.assertEqual(names(one.out), ["Time taken", *each])
        self.assertEqual(
            names(stats.out), ["Time taken", *each, "", "First", *each, "", "Second", *each]
        )
        self.assertEqual(len(re.findall(rf"(?m)^{bar}$", stats.out)), 30)
        for line in stats.out.splitlines():
            if line[:23].strip() in latencies:
                self.assertRegex(line[23:], r"^\d+\.\d+ (us|ms|s)$")
        self.assertEqual(plain.err + stats.err, "")

    def test_bytes_connections_and_statuses_are_counted_for_each_item(self):
        answers = {
            b"/kept": OK,
            b"/left": b"HTTP/1.1 201 C\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            b"/gone": b"HTTP/1.1 410 G\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100000,
        }

        def script(connection):
            while request := connection.receive():
                connection.send(answers[request.split()[1]])

        items = [item(target.decode(), url=target.decode()) for target in answers]
        for name in backend_names():
            with self.subTest(backend=name), Server(script) as server:
                report = run_plan(
                    plan_text(*items, base=server.base, iterations=5, concurrency=1),
                    "--json", "--backend", name,
                ).report  # fmt: skip
                self.assertEqual(server.connections, 6)
            sizes = [5 * len(answer) for answer in answers.values()]
            self.assertEqual(report["bytes_received"], sum(sizes))
            self.assertEqual(report["statuses"], {"200": 5, "201": 5, "410": 5})
            self.assertEqual(report["connections_opened"], 6)
            self.assertEqual(report["connections_reused"], 9)
            seconds = report["time_taken_ns"] / 1e9
            self.assertAlmostEqual(
                report["bytes_received_per_second"] * seconds / sum(sizes), 1, places=3
            )
            for figures, size, status, opened in zip(
                report["items"], sizes, [200, 201, 410], [1, 0, 5]
            ):
                self.assertEqual(figures["bytes_received"], size)
                self.assertEqual(figures["statuses"], {str(status): 5})
                self.assertEqual(figures["connections_opened"], opened)
                self.assertEqual(figures["connections_reused"], 5 - opened)
            self.assertEqual(report["items"][2]["failures"], {"status_410": 5})

    def test_the_histogram_has_every_latency(self):
        with Server(answering(OK)) as server:
            report = run_plan(plan_text(base=server.base, iterations=99, concurrency=3), "-j").report
        latency = report["latency"]
        bars = latency["histogram"]
        self.assertTrue(latency["is_exact"])
        self.assertEqual(sum(bar["count"] for bar in bars), 99)
        self.assertEqual(bars[0]["from_ns"], latency["minimum_ns"])
        self.assertEqual(bars[-1]["to_ns"], latency["maximum_ns"])

    def test_five_billion_iterations_take_bounded_memory(self):
        with Server(answering(OK)) as server:
            text = plan_text(base=server.base, iterations=5_000_000_000, concurrency=2)
            with plan_file(text) as path:
                with running(DRILL, "--benchmark", path, "--json") as process:
                    server.wait_for(lambda: len(server.requests) > 1000)
                    process.send_signal(signal.SIGINT)
                    out, _ = process.communicate(timeout=PATIENCE)
        report = json.loads(out)
        self.assertEqual(process.returncode, 130)
        self.assertGreaterEqual(report["successful_requests"], 1000 - 2)
        self.assertEqual(report["iterations"], 5_000_000_000)

    def test_quiet_leaves_out_what_was_not_asked_for(self):
        with Server(answering(OK)) as server:
            text = plan_text(base=server.base)
            self.assertEqual(run_plan(text, "--quiet").out, "")
            self.assertIn("Median", run_plan(text, "--quiet", "--stats").out)
            self.assertEqual(run_plan(text, "-q", "--json").report["total_requests"], 1)

    def test_a_report_that_cannot_be_written_is_an_error(self):
        with Server(answering(OK)) as server, open("/dev/full", "wb") as full:
            outcome = run_plan(plan_text(base=server.base), stdout=full)
        self.assertEqual(outcome.status, 2)
        self.assertEqual(outcome.err, "drill: the report cannot be written\n")


class Terminal:
    """What appears on a terminal of so many columns, read while it does."""

    def __init__(self, columns=80):
        self.master, self.slave = pty.openpty()
        self.seen = b""
        self.resize(columns)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.master)
        os.close(self.slave)

    def resize(self, columns):
        size = struct.pack("HHHH", 24, columns, 0, 0)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    def press(self, keys):
        os.write(self.master, keys)

    def takes_output(self):
        return bool(select.select([], [self.slave], [], 0)[1])

    def lead(self):
        """Makes it the controlling terminal of a new process, to be called there."""
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def read_until(self, condition):
        """Reads on until the condition holds of all that was seen."""
        deadline = time.monotonic() + PATIENCE
        while not condition(self.seen):
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.master], [], [], max(left, 0))
            if not ready:
                raise AssertionError(f"the terminal shows only {self.seen!r}")
            self.seen += os.read(self.master, 1 << 16)

    def drawn(self):
        """All lines that were drawn so far, one over the other."""
        return [line.rstrip() for line in self.seen.split(b"\r") if b"%" in line]


def screen(seen, columns):
    """The lines that are left on a terminal of so many columns."""
    lines, column = [[]], 0
    for byte in seen:
        if byte == ord("\r"):
            column = 0
        elif byte == ord("\n"):
            lines.append([])
        else:
            if column == columns:
                lines.append([])
                column = 0
            lines[-1] += " " * (column + 1 - len(lines[-1]))
            lines[-1][column] = chr(byte)
            column += 1
    return ["".join(line).rstrip() for line in lines]


class Progress(unittest.TestCase):
    """The line on a terminal behind stderr."""

    def start(self, server, terminal, *arguments, stdout=subprocess.DEVNULL, lead=None, **keys):
        self.plan = self.enterContext(plan_file(plan_text(base=server.base, **keys)))
        process = subprocess.Popen(
            [DRILL, "--benchmark", self.plan, *arguments],
            stdout=stdout, stderr=terminal.slave, stdin=terminal.slave, preexec_fn=lead,
        )  # fmt: skip
        self.addCleanup(process.wait, PATIENCE)
        self.addCleanup(process.kill)
        return process

    def enterContext(self, context):  # part of unittest from Python 3.11 on
        result = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return result

    @staticmethod
    def answering_one(proceed):
        """A script that holds back all answers but the first."""

        def script(connection):
            while connection.receive():
                if len(connection.server.requests) > 1:
                    proceed.wait(PATIENCE)
                connection.send(OK)

        return script

    def test_it_is_drawn_over_again_and_erased_in_the_end(self):
        proceed = threading.Event()
        with Terminal() as terminal, Server(self.answering_one(proceed)) as server:
            began = time.monotonic()
            process = self.start(server, terminal, iterations=4, concurrency=1)
            terminal.read_until(lambda seen: seen.count(b" 25% [######....") >= 3)
            proceed.set()
            self.assertEqual(process.wait(PATIENCE), 0)
            elapsed = time.monotonic() - began
            terminal.read_until(lambda seen: re.search(rb"\r +\r$", seen))
        drawn = terminal.drawn()
        after_one = [line for line in drawn if b" 1/4" in line]
        self.assertRegex(
            after_one[0], rb"^ 25% \[#{6}\.{18}\] 1/4, 0 failed, \d+/s, \d+ (s|min) left$"
        )
        self.assertEqual(screen(terminal.seen, 80), [""])
        self.assertLessEqual(len(drawn), elapsed * 10)

    def test_it_fits_the_terminal_also_after_a_resize(self):
        proceed = threading.Event()
        with Terminal(columns=100) as terminal, Server(self.answering_one(proceed)) as server:
            process = self.start(server, terminal, iterations=4, concurrency=1)
            terminal.read_until(lambda seen: seen.count(b"] 1/4") >= 2)
            for columns in [40, 20, 6]:
                begin = len(terminal.seen)
                terminal.resize(columns)

                def fitting(begin=begin, columns=columns):
                    """The lines from the first one on that was made for the new size."""
                    # The first and the last may not be whole.
                    seen = terminal.seen[begin:].replace(b"\x1b[J", b"")
                    lines = seen.split(b"\r")[1:-1]
                    narrow = [len(line.rstrip()) < columns and b"%" in line for line in lines]
                    return lines[narrow.index(True) :] if True in narrow else []

                terminal.read_until(lambda seen: len(fitting()) >= 5)
                for line in fitting():
                    self.assertLess(len(line), columns)
                # Once, at the first: a terminal may have broken what was there.
                self.assertEqual(terminal.seen[begin:].count(b"\r\x1b[J"), 1)
            proceed.set()
            self.assertEqual(process.wait(PATIENCE), 0)
            terminal.read_until(lambda seen: re.search(rb"\r +\r$", seen))
        written = [len(part) for part in terminal.seen.split(b"\r")]
        self.assertLess(written[-2], 6)

    def test_ctrl_c_leaves_no_trace_and_prints_what_there_is(self):
        for early in (False, True):
            with self.subTest(early=early), Terminal(columns=60) as terminal:
                proceed = threading.Event()
                with Server(self.answering_one(proceed)) as server:
                    process = self.start(
                        server, terminal, "--json", lead=terminal.lead, stdout=subprocess.PIPE,
                        iterations=4, concurrency=1,
                    )  # fmt: skip
                    server.wait_for(lambda: len(server.requests) == 2)
                    if not early:
                        terminal.read_until(lambda seen: b"25%" in seen)
                    with stopped(process):  # a terminal may show ^C after it has sent the signal
                        terminal.press(b"\x03")
                        terminal.read_until(lambda seen: b"^C" in seen)
                    out, _ = process.communicate(timeout=PATIENCE)
                    proceed.set()
                terminal.read_until(lambda seen: re.search(rb"\^C.*\r +\r$", seen))
                self.assertEqual(process.returncode, 130)
                self.assertEqual(json.loads(out)["successful_requests"], 1)
                self.assertEqual(screen(terminal.seen, 60), [""])

    def test_a_terminal_that_was_stopped_does_not_hold_up_the_run(self):
        proceed = threading.Event()
        with Terminal() as terminal, Server(self.answering_one(proceed)) as server:
            process = self.start(server, terminal, iterations=4, concurrency=1)
            terminal.read_until(lambda seen: b"25%" in seen)
            terminal.press(b"\x13")  # Ctrl-S
            eventually(lambda: not terminal.takes_output())
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.5)  # a span in which it would be drawn
            proceed.set()
            self.assertEqual(process.wait(PATIENCE), 0)
            terminal.press(b"\x11")
            os.write(terminal.slave, b"end")
            terminal.read_until(lambda seen: seen.endswith(b"end"))

    def test_the_time_left_is_that_of_the_duration(self):
        with Terminal() as terminal, Server(answering(OK)) as server:
            process = self.start(server, terminal, duration=1000, rate=100)
            terminal.read_until(lambda seen: b" left" in seen)
            process.terminate()
            self.assertEqual(process.wait(PATIENCE), 143)
        self.assertRegex(
            terminal.drawn()[0], rb"^  0% \[\.{24}\] \d+, 0 failed, \d+/s, 1[67] min left$"
        )

    def test_quiet_draws_nothing(self):
        def script(connection):
            connection.receive()
            time.sleep(0.3)  # enough to draw in, if it were to
            connection.send(OK)

        with Terminal() as terminal, Server(script) as server:
            process = self.start(server, terminal, "--quiet")
            self.assertEqual(process.wait(PATIENCE), 0)
            os.write(terminal.slave, b"end")
            terminal.read_until(lambda seen: seen.endswith(b"end"))
        self.assertEqual(terminal.seen, b"end")


class Signals(unittest.TestCase):
    """A run that is ended early."""

    def check(self, number):
        def script(connection):
            for _ in range(2):
                connection.receive()
                connection.send(OK)
            connection.receive()
            connection.wait_for_end()

        with Server(script) as server:
            text = plan_text(base=server.base, iterations=1000, concurrency=3)
            with plan_file(text) as path:
                with running(DRILL, "--benchmark", path, "--json") as process:
                    server.wait_for(lambda: len(server.requests) == 9)
                    process.send_signal(number)
                    out, _ = process.communicate(timeout=PATIENCE)
        report = json.loads(out)
        self.assertEqual(process.returncode, 128 + number)
        self.assertEqual(report["signal"], number)
        self.assertEqual(report["successful_requests"], 6)
        self.assertEqual(report["failed_requests"], 0)
        self.assertEqual(report["interrupted_requests"], 3)
        self.assertEqual(server.connections, 3)

    def test_sigint_ends_the_run_with_a_report_so_far(self):
        self.check(signal.SIGINT)

    def test_sigterm_ends_the_run_with_a_report_so_far(self):
        self.check(signal.SIGTERM)

    @unittest.skipUnless(sys.platform.startswith("linux"), "needs the order of Linux's signals")
    def test_a_second_signal_exits_at_once_without_a_report(self):
        """Both are there before the loop goes on, so it cannot take the first one alone."""
        with Server(Connection.wait_for_end) as server, plan_file(plan_text(base=server.base)) as path:
            for name in backend_names():
                command = [DRILL, "--benchmark", path, "--json", "--backend", name]
                before = server.connections
                with self.subTest(backend=name), running(
                    *command, stderr=subprocess.PIPE
                ) as process:
                    server.wait_for(lambda: server.connections > before)
                    with stopped(process):
                        process.send_signal(signal.SIGINT)
                        process.send_signal(signal.SIGTERM)
                    out, errors = process.communicate(timeout=PATIENCE)
                    self.assertEqual((process.returncode, out, errors), (128 + signal.SIGTERM, "", ""))

    def test_a_server_that_refuses_everybody_does_not_hold_a_signal_up(self):
        with bound("127.0.0.1")[0] as nobody:
            base = f"http://127.0.0.1:{nobody.getsockname()[1]}"
            text = plan_text(base=base, iterations=50_000_000, concurrency=2)
            with plan_file(text) as path, Terminal() as terminal:
                with running(
                    DRILL, "--benchmark", path, "--json", stderr=terminal.slave
                ) as process:
                    terminal.read_until(lambda seen: b"failed" in seen)
                    process.send_signal(signal.SIGINT)
                    out, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 128 + signal.SIGINT)
        self.assertEqual(set(json.loads(out)["failures"]), {"refused"})


@unittest.skipUnless(sys.platform.startswith("linux"), "needs /proc")
class Stops(unittest.TestCase):
    """Ctrl-Z and fg: on Linux they interrupt some waits, without a signal handler."""

    @contextlib.contextmanager
    def stopped(self, process):
        """Stops it in its wait."""

        def is_waiting():
            self.assertIsNone(process.poll(), "drill has ended")
            with open(f"/proc/{process.pid}/stat") as file:
                return file.read().rsplit(")", 1)[1].split()[0] == "S"

        eventually(is_waiting)
        with stopped(process):
            yield

    def run_plan(self, server, meanwhile, *arguments, **keys):
        """Runs a plan, and calls meanwhile with the process; all requests must succeed."""
        with plan_file(plan_text(base=server.base, **keys)) as path:
            with running(DRILL, "--benchmark", path, "--json", *arguments) as process:
                meanwhile(process)
                out, _ = process.communicate(timeout=PATIENCE)
        report = json.loads(out)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(report["failures"], {})
        self.assertEqual(report["successful_requests"], keys["iterations"])

    def test_it_goes_on_after_it_was_stopped_and_continued_under_load(self):
        rounds, users = 5, 10
        released = threading.Semaphore(0)

        def script(connection):
            while connection.receive():
                released.acquire(timeout=PATIENCE)
                connection.send(OK)

        def stop_in_each_round(process):
            for number in range(rounds):
                server.wait_for(lambda: len(server.requests) == users * (number + 1))
                with self.stopped(process):
                    pass
                with self.stopped(process):
                    for _ in range(users):
                        released.release()

        for name in backend_names():
            with self.subTest(backend=name), Server(script) as server:
                self.run_plan(
                    server, stop_in_each_round, "--backend", name,
                    iterations=rounds * users, concurrency=users,
                )  # fmt: skip

    def test_what_follows_an_urgent_byte_is_read_too(self):
        sent = threading.Semaphore(0)
        wanted = threading.Semaphore(0)

        def script(connection):
            while connection.receive():
                wanted.acquire(timeout=PATIENCE)
                connection.send(OK[:20])
                connection.stream.send(b"!", socket.MSG_OOB)
                connection.send(OK[20:])
                sent.release()

        def answer_while_it_is_stopped(process):
            for number in range(3):
                server.wait_for(lambda: len(server.requests) == number + 1)
                with self.stopped(process):
                    wanted.release()
                    self.assertTrue(sent.acquire(timeout=PATIENCE))

        for name in backend_names():
            with self.subTest(backend=name), Server(script) as server:
                self.run_plan(
                    server, answer_while_it_is_stopped, "--backend", name,
                    iterations=3, concurrency=1,
                )  # fmt: skip


class Usage(unittest.TestCase):
    """The command line, and plans that are wrong."""

    def test_what_is_wrong_with_a_plan_is_said_with_file_line_and_column(self):
        for text, complaint in [
            ("concurency: 4\n", "1:1: unknown key 'concurency' in the file, which has "
             "concurrency, base, iterations, rampup, duration, rate, vars and plan"),
            ("plan:\n  - name: a\n    request: {}\n", "3:14: url is missing in request"),
            ("iterations: 1\nplan:\n  - name: a\n    request:\n      url: /\n",
             "5:12: url: a relative url needs a base"),
            ("", "1:1: the file is empty"),
        ]:  # fmt: skip
            with self.subTest(text=text), plan_file(text) as path:
                outcome = run("--benchmark", path, "--stats")
                self.assertEqual(outcome.err, f"{path}:{complaint}\n")
                self.assertEqual(outcome.out, "")
                self.assertEqual(outcome.status, 2)

    def test_a_missing_plan_is_said_with_file_line_and_column(self):
        outcome = run("--benchmark", "/nonexistent/plan.yaml")
        self.assertEqual(
            outcome.err,
            "/nonexistent/plan.yaml:1:1: cannot be read: No such file or directory\n",
        )
        self.assertEqual(outcome.status, 2)

    def test_what_is_wrong_with_the_command_line_is_said(self):
        plan = ["--benchmark", "plan.yaml"]
        for arguments, complaint in [
            ([], "drill: --benchmark: a plan is required"),
            (["--benchmark="], "drill: --benchmark: a plan is required"),
            ([*plan, "another.yaml"], "drill: unexpected argument 'another.yaml'"),
            ([*plan, "--concurrency", "0"],
             "drill: --concurrency: must be a whole number from 1 to 1000000"),
            ([*plan, "--iterations", "many"],
             "drill: --iterations: must be a whole number from 1 to 1000000000000"),
            ([*plan, "--duration", "0"],
             "drill: --duration: must be a number of seconds, such as 2 or 0.5"),
            ([*plan, "--rate", "fast"],
             "drill: --rate: must be a number above 0 and at most 1000000, such as 100"),
            ([*plan, "--timeout", "-1"], "drill: --timeout: must be a number of seconds, such as 2 or 0.5"),
            ([*plan, "--base", "example.org"],
             "drill: --base: a url must begin with http://, or with / if there is a base"),
            ([*plan, "--base", "https://127.0.0.1"], "drill: --base: HTTPS is not supported, only http://"),
        ]:  # fmt: skip
            with self.subTest(arguments=arguments):
                outcome = run(*arguments)
                lines = outcome.err.splitlines()
                self.assertEqual(lines, [complaint, "drill: see --help for the options"])
                self.assertEqual(outcome.out, "")
                self.assertEqual(outcome.status, 2)

    def test_an_option_of_the_namesake_that_there_is_not_is_refused_by_its_name(self):
        for arguments, complaint in [
            (["-c", "old.yml"], "-c: --compare of fcsonline/drill is not supported; for "
             "--concurrency use -C"),
            (["--compare", "old.yml"], "--compare of fcsonline/drill is not supported; "
             "for --concurrency use -C"),
            (["-n"], "-n: --nanosec of fcsonline/drill is not supported: --json has nanoseconds; "
             "for --iterations use -N"),
            (["-n", "5"], "-n: --nanosec of fcsonline/drill is not supported: --json has "
             "nanoseconds; for --iterations use -N"),
            (["-t", "5"], "-t: --threshold of fcsonline/drill is not supported; for --timeout "
             "use -o"),
            (["-r", "x"], "-r: --report of fcsonline/drill is not supported; --json has all "
             "figures"),
            (["-v"], "-v: --verbose of fcsonline/drill is not supported"),
            (["--no-check-certificate"], "--no-check-certificate of "
             "fcsonline/drill is not supported: no HTTPS"),
            (["--relaxed-interpolations"], "--relaxed-interpolations of "
             "fcsonline/drill is not supported"),
            (["--list-tasks"], "--list-tasks of fcsonline/drill is not supported"),
        ]:  # fmt: skip
            with self.subTest(arguments=arguments):
                outcome = run("--benchmark", "plan.yaml", *arguments)
                lines = outcome.err.splitlines()
                self.assertEqual(lines, ["drill: " + complaint, "drill: see --help for the options"])
                self.assertEqual(outcome.status, 2)

    def test_short_options_mean_what_the_long_ones_do(self):
        with Server(answering(OK)) as server:
            text = plan_text(base=server.base, iterations=3, concurrency=3)
            report = run_plan(text, "-qj", "-C", "1", "-N", "7", "-o", "30").report
        self.assertEqual((report["concurrency"], report["iterations"]), (1, 7))
        self.assertEqual(server.connections, 1)
        with Server(Connection.wait_for_end) as server:
            outcome = run_plan(plan_text(base=server.base), "--json", "-o", "0.05")
        self.assertEqual(outcome.report["failures"], {"timeout": 1})

    def test_closed_standard_streams_are_not_taken_by_connections(self):
        for fd in range(3):
            with self.subTest(fd=fd), Server(answering(OK)) as server:
                with plan_file(plan_text(base=server.base)) as path:
                    command = f'exec "$0" --benchmark "$1" --stats {fd}>&-'
                    process = subprocess.run(
                        ["sh", "-c", command, DRILL, path],
                        capture_output=True, timeout=PATIENCE, text=True, check=False,
                    )  # fmt: skip
                self.assertEqual(process.returncode, 2 if fd == 1 else 0)
                self.assertEqual("Median" in process.stdout, fd != 1)
                self.assertEqual(
                    process.stderr, "drill: the report cannot be written\n" if fd == 1 else ""
                )
                self.assertEqual(len(server.requests), 1)

    @unittest.skipUnless(sys.platform.startswith("linux"), "needs /proc")
    def test_no_descriptor_of_the_run_takes_the_place_of_a_standard_stream(self):
        def script(connection):
            connection.receive()
            connection.server.wait_for(lambda: connection.server.over)

        for name in backend_names():
            with self.subTest(backend=name), Server(script) as server:
                with plan_file(plan_text(base=server.base)) as path:
                    command = 'exec "$0" --benchmark "$1" --backend "$2" --json 0<&- 1>&- 2>&-'
                    with running("sh", "-c", command, DRILL, path, name) as process:
                        server.wait_for(lambda: len(server.requests) == 1)
                        streams = [os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in range(3)]
                        process.terminate()
                        self.assertEqual(process.wait(PATIENCE), 2)  # it could not be written
                self.assertEqual(streams, ["/dev/null"] * 3)

    def test_an_option_that_there_is_not_is_an_error(self):
        for arguments in [["--nonesuch"], ["-x"], ["--base"]]:
            with self.subTest(arguments=arguments):
                outcome = run("--benchmark", "plan.yaml", *arguments)
                self.assertTrue(outcome.err.startswith("drill: "), outcome.err)
                self.assertIn(arguments[0].strip("-"), outcome.err)
                self.assertEqual(outcome.status, 2)

    def test_a_backend_of_the_environment_that_there_is_not_is_said(self):
        outcome = run_plan(
            plan_text(base="http://127.0.0.1:1"), env={**os.environ, "CMIO_BACKEND": "nonesuch"}
        )
        self.assertEqual(
            outcome.err,
            "drill: the run cannot continue: the library has no backend of the name in CMIO_BACKEND\n",
        )
        self.assertEqual(outcome.status, 2)

    def test_help_has_every_option(self):
        outcome = run("--help")
        self.assertEqual(outcome.status, 0)
        self.assertEqual(outcome.err, "")
        for option in ["benchmark", "stats", "json", "quiet", "base", "concurrency", "iterations",
                       "duration", "rate", "timeout", "tags", "skip-tags", "list-tags", "backend", "help", "version"]:  # fmt: skip
            self.assertIn(f"--{option} ", outcome.out)

    def test_version(self):
        outcome = run("--version")
        self.assertEqual(outcome.status, 0)
        self.assertRegex(outcome.out, r"^drill \d+\.\d+\.\d+\n$")

    @staticmethod
    def limit(soft, hard):
        """What sets the limit on descriptors in the process to be."""
        return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def test_a_concurrency_beyond_the_descriptors_is_refused(self):
        outcome = run_plan(
            plan_text(base="http://127.0.0.1:1", iterations=100),
            preexec_fn=self.limit(64, 64),
        )
        self.assertEqual(
            outcome.err,
            "drill: a concurrency of 100 needs more descriptors than this process may have: "
            "32 connections at most (ulimit -n)\n",
        )
        self.assertEqual(outcome.status, 2)

    def test_the_limit_on_descriptors_is_raised_as_far_as_it_goes(self):
        def script(connection):
            connection.receive()
            connection.server.wait_for(lambda: len(connection.server.requests) == 100)
            connection.send(OK)

        with Server(script) as server:
            outcome = run_plan(
                plan_text(base=server.base, iterations=100),
                preexec_fn=self.limit(40, 140),
            )
        self.assertEqual(outcome.status, 0)


class SleepServer(unittest.TestCase):
    """Both examples together."""

    @contextlib.contextmanager
    def serving(self, name="sleep_server"):
        """Runs the server of that name and gives its base."""
        path = os.path.join(os.path.dirname(SLEEP_SERVER), name)
        if not os.access(path, os.X_OK):
            self.skipTest(f"{name} is not built")
        with subprocess.Popen([path, "--port", "0"], stdout=subprocess.PIPE, text=True) as server:
            try:
                yield re.search(r"http://\S+", server.stdout.readline())[0]
            finally:
                server.terminate()
                server.wait(PATIENCE)

    def test_150_sleepers_at_once(self):
        plan = os.path.join(PLANS, "sleep-150.yaml")
        for name in backend_names():
            with self.subTest(backend=name), self.serving() as base:
                outcome = run("-b", plan, "--json", "--base", base, "--backend", name)
                self.assertEqual(outcome.report["failures"], {})
                self.assertEqual(outcome.report["successful_requests"], 150)
                self.assertGreaterEqual(outcome.report["latency"]["minimum_ns"], 1_000_000_000)

    def test_a_plan_by_name_with_stats(self):
        with self.serving() as base:
            port = base.rpartition(":")[2].rstrip("/")
            text = (
                f'concurrency: 150\nbase: "http://localhost:{port}"\niterations: 150\n\n'
                "plan:\n  - name: Sleep\n    request:\n      url: /1000\n"
            )
            outcome = run_plan(text, "--stats")
        self.assertEqual(outcome.err, "")
        self.assertEqual(outcome.status, 0)
        self.assertRegex(outcome.out, r"(?m)^Successful requests +150$")
        self.assertRegex(outcome.out, r"(?m)^  status 200 +150$")

    def test_a_plan_of_several_items(self):
        plan = os.path.join(PLANS, "mixed.yaml")
        with self.serving() as base:
            outcome = run("--benchmark", plan, "--json", "--base", base)
        self.assertEqual(outcome.report["failures"], {})
        self.assertEqual(outcome.report["successful_requests"], 1500)
        for figures, least in zip(outcome.report["items"], [10, 50, 10]):
            self.assertGreaterEqual(figures["latency"]["minimum_ns"], least * 1_000_000)

    def test_every_server_is_measured_in_closed_and_open_loop(self):
        items = [
            {**item("sleep", url="/{{ item }}"), "with_items": [0, 5]},
            item("head", url="/0", method="HEAD", headers={"Connection": "close"}),
        ]
        for server in ["sleep_server_single", "sleep_server_threads", "sleep_server"]:
            for keys in [{"concurrency": 4}, {"rate": 200}]:
                for name in backend_names():
                    with self.subTest(server=server, backend=name, **keys):
                        with self.serving(server) as base:
                            text = plan_text(*items, base=base, iterations=20, **keys)
                            report = run_plan(text, "--json", "--backend", name).report
                        self.assertEqual(report["failures"], {})
                        self.assertEqual(report["statuses"], {"200": 60})
                        self.assertEqual([i["total_requests"] for i in report["items"]], [40, 20])


if __name__ == "__main__":
    DRILL, PLANS, SLEEP_SERVER = sys.argv[1:4]
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
