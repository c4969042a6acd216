#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The sleep servers as processes, over real sockets.

    test_sleep_server.py PROGRAM [--backend NAME] [--sanitized BY] [unittest's own arguments]

All servers must pass; what one of them cannot do by its nature is skipped by name. Every wait
is bounded by WAIT seconds and fails loudly; no test is right only because the machine is fast.
"""

import contextlib
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time
import unittest
import unittest.mock

import process
from process import (
    WAIT, assert_complaint, eventually, needs_proc, needs_tool, run, scratch_file, tested
)

HERE = os.path.dirname(os.path.abspath(__file__))
DEFAULT_PAGE = os.path.join(HERE, "..", "..", "static", "index.html")
LONG = "/3600000"  # a sleep that no test waits for


def only(*names):
    """Marks a test that makes sense for these servers alone."""

    def mark(test):
        def run(self):
            if tested.name not in names:
                self.skipTest("not for " + tested.name)
            test(self)

        run.__name__ = test.__name__
        run.__doc__ = test.__doc__
        return run

    return mark


ASYNC = ("sleep_server_async", "sleep_server_green")
CMIO = ("sleep_server", *ASYNC)
cmio_only = only(*CMIO)
concurrent_only = only("sleep_server_threads", *CMIO)


class Server(process.Server):
    def __init__(self, *flags, **streams):
        backend = [] if tested.backend is None else ["--backend", tested.backend]
        super().__init__("--port", "0", *flags, *backend, **streams)


class Response:
    def __init__(self, status, version, headers, body):
        self.status = status
        self.version = version
        self.headers = headers
        self.body = body


class Client(process.Connection):
    """One connection that speaks HTTP."""

    def request(self, target, method="GET", version="1.1", headers=()):
        lines = ["%s %s HTTP/%s" % (method, target, version), "Host: test", *headers, "", ""]
        self.send("\r\n".join(lines))

    def response(self, head_only=False):
        """The next response; None where the connection ends instead."""
        while b"\r\n\r\n" not in self.buffer:
            if self.more() == 0:
                assert self.buffer == b"", "half a head: %r" % self.buffer
                return None
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        version, status = re.fullmatch(r"HTTP/(1\.[01]) (\d{3}) [A-Z].*", lines[0]).groups()
        headers = {}
        for line in lines[1:]:
            name, value = re.fullmatch(r"([A-Za-z-]+): (.*)", line).groups()
            assert name.lower() not in headers, name
            headers[name.lower()] = value
        length = 0 if head_only or status == "100" else int(headers["content-length"])
        return Response(int(status), version, headers, self.receive(length))

    def get(self, target, **more):
        self.request(target, **more)
        return self.response(head_only=more.get("method") == "HEAD")

    def begin(self, target):
        """Sends a request and returns when the server has read its head for sure."""
        self.request(target, headers=["Content-Length: 1", "Expect: 100-continue"])
        response = self.response()
        assert response.status == 100, response.status
        self.send("x")


def tool(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=4 * WAIT)


class SharedServer(unittest.TestCase):
    """Tests that need nothing special of the server use one for the class."""

    FLAGS = ()

    @classmethod
    def setUpClass(cls):
        cls.page = b"<p>Good morning.</p>\n"
        path = scratch_file("page.html", cls.page)
        cls.server = Server("--page", path, *cls.FLAGS)

    @classmethod
    def tearDownClass(cls):
        status, text = cls.server.stop()
        cls.server.kill()
        if status != 0 or "; 0 clients left early, 0 requests were cut off\n" not in text:
            raise AssertionError("exit status %d, %r, %r" % (status, text, cls.server.last_errors))
        if cls.server.last_errors != "":
            raise AssertionError(cls.server.last_errors)

    def client(self):
        client = Client(self.server)
        self.addCleanup(client.close)
        return client

    def handle_what_was_sent(self):
        """Another connection's round trip: by its end, what was sent before has been handled."""
        if tested.name == "sleep_server_single":
            return  # it has no time for another connection
        with Client(self.server) as other:
            self.assertEqual(other.get("/0").status, 200)


class Requests(SharedServer):
    def test_get_answers_with_the_page(self):
        response = self.client().get("/1")
        self.assertEqual(response.status, 200)
        self.assertEqual(response.version, "1.1")
        self.assertEqual(response.body, self.page)
        self.assertEqual(response.headers["content-type"], "text/html; charset=utf-8")
        self.assertRegex(
            response.headers["date"], r"^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$"
        )

    def test_head_answers_with_the_same_head_alone(self):
        client = self.client()
        get = client.get("/1")
        head = client.get("/1", method="HEAD")
        del get.headers["date"], head.headers["date"]
        self.assertEqual(head.status, 200)
        self.assertEqual(head.headers, get.headers)
        self.assertEqual(client.get("/0").status, 200)

    def test_no_answer_comes_before_its_sleep_is_over(self):
        client = self.client()
        for milliseconds in (0, 1, 2, 7, 50, 120, 300):
            begin = time.monotonic()
            response = client.get("/%d" % milliseconds)
            self.assertGreaterEqual(time.monotonic() - begin, milliseconds / 1000)
            self.assertEqual(response.status, 200)

    def test_the_sleep_counts_from_the_end_of_the_head(self):
        client = self.client()
        client.send("GET /100 HTTP/1.1\r\nHost: test\r\n\r")
        self.handle_what_was_sent()
        begin = time.monotonic()
        client.send("\n")
        self.assertEqual(client.response().status, 200)
        self.assertGreaterEqual(time.monotonic() - begin, 0.1)

    def test_1_1_keeps_the_connection(self):
        client = self.client()
        for _ in range(3):
            response = client.get("/0")
            self.assertEqual(response.status, 200)
            self.assertNotIn("connection", response.headers)

    def test_1_1_closes_when_asked_to(self):
        client = self.client()
        response = client.get("/1", headers=["Connection: close"])
        self.assertEqual(response.headers["connection"], "close")
        self.assertTrue(client.ended())

    def test_1_0_closes(self):
        client = self.client()
        response = client.get("/1", version="1.0")
        self.assertEqual(response.status, 200)
        self.assertEqual(response.headers["connection"], "close")
        self.assertTrue(client.ended())

    def test_1_0_keeps_the_connection_when_asked_to(self):
        client = self.client()
        for _ in range(3):
            response = client.get("/1", version="1.0", headers=["Connection: keep-alive"])
            self.assertEqual(response.status, 200)
            self.assertEqual(response.headers["connection"], "keep-alive")

    def test_a_request_line_alone_is_a_1_0_request(self):
        client = self.client()
        client.send("GET /1 HTTP/1.0\r\n\r\n")
        self.assertEqual(client.response().status, 200)
        self.assertTrue(client.ended())

    def test_pipelined_requests_are_answered_in_order(self):
        client = self.client()
        begin = time.monotonic()
        pieces = []
        for target in ("/60", "/no", "/0", "/30", "/0", "/no", "/10"):
            pieces.append("GET %s HTTP/1.1\r\nHost: test\r\n\r\n" % target)
        client.send("".join(pieces))
        statuses = [client.response().status for _ in pieces]
        self.assertEqual(statuses, [200, 404, 200, 200, 200, 404, 200])
        self.assertGreaterEqual(time.monotonic() - begin, 0.1)

    def test_pipelined_requests_may_arrive_in_any_pieces(self):
        client = self.client()
        count = 300
        one = "GET /1 HTTP/1.1\r\nHost: test\r\n\r\nHEAD /0 HTTP/1.1\r\nHost: test\r\n\r\n"
        data = one * count
        for at in range(0, len(data), 1009):
            client.send(data[at : at + 1009])
        for _ in range(count):
            self.assertEqual(client.response().body, self.page)
            self.assertEqual(client.response(head_only=True).status, 200)
        self.assertTrue(client.is_silent())

    def test_more_may_be_pipelined_behind_a_sleep_than_is_read_at_once(self):
        client = self.client()
        count = 3000
        client.request("/100")
        client.send("HEAD /0 HTTP/1.1\r\nHost: test\r\n\r\n" * count)
        self.assertEqual(client.response().status, 200)
        for _ in range(count):
            self.assertEqual(client.response(head_only=True).status, 200)
        self.assertTrue(client.is_silent())

    def test_what_is_pipelined_behind_the_last_request_is_not_answered(self):
        client = self.client()
        client.send(
            "GET /20 HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
            "GET /0 HTTP/1.1\r\nHost: test\r\n\r\n"
        )
        self.assertEqual(client.response().headers["connection"], "close")
        self.assertTrue(client.ended())

    def test_a_head_may_arrive_byte_by_byte(self):
        client = self.client()
        for byte in "\r\nGET /5 HTTP/1.1\r\nHost: test\r\nX: y\r\n\r\n":
            client.send(byte)
        self.assertEqual(client.response().status, 200)

    def test_a_head_may_be_split_anywhere(self):
        client = self.client()
        head = "GET /0 HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nab"
        for at in range(1, len(head)):
            client.send(head[:at])
            self.handle_what_was_sent()
            client.send(head[at:])
            self.assertEqual(client.response().status, 200, "split at %d" % at)

    def test_a_query_is_ignored(self):
        self.assertEqual(self.client().get("/1?x=2").status, 200)

    def test_the_absolute_form_is_understood(self):
        self.assertEqual(self.client().get("http://test:80/1").status, 200)

    def test_a_body_is_thrown_away(self):
        client = self.client()
        body = b"GET /no HTTP/1.1\r\n\r\n" * 3000
        client.request("/1", headers=["Content-Length: %d" % len(body)])
        client.send(body)
        self.assertEqual(client.response().status, 200)
        self.assertEqual(client.get("/0").status, 200)

    def test_a_body_that_waits_for_100_is_asked_for(self):
        client = self.client()
        client.request("/1", headers=["Content-Length: 3", "Expect: 100-continue"])
        self.assertEqual(client.response().status, 100)
        client.send("abc")
        self.assertEqual(client.response().status, 200)
        self.assertEqual(client.get("/0").status, 200)

    def test_a_half_closed_client_gets_what_needs_no_sleep(self):
        client = self.client()
        client.request("/0")
        client.finish()
        self.assertEqual(client.response().status, 200)
        self.assertTrue(client.ended())

    def test_a_client_that_says_nothing_is_let_go_silently(self):
        client = self.client()
        client.finish()
        self.assertTrue(client.ended())

    def test_a_client_that_leaves_in_the_middle_of_a_head_is_let_go(self):
        client = self.client()
        client.send("GET /1 HTTP/1.1\r\nHo")
        client.finish()
        self.assertTrue(client.ended())


class Refusals(SharedServer):
    FLAGS = ("--max-sleep", "1s")

    # The connection is kept where all of the request was read.
    KEPT = (
        (404, "GET / HTTP/1.1\r\nHost: t\r\n\r\n"),
        (404, "GET /x HTTP/1.1\r\nHost: t\r\n\r\n"),
        (404, "HEAD /1/ HTTP/1.1\r\nHost: t\r\n\r\n"),
        (400, "GET /1001 HTTP/1.1\r\nHost: t\r\n\r\n"),
        (400, "GET /99999999999999999999 HTTP/1.1\r\nHost: t\r\n\r\n"),
        (405, "POST /1 HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc"),
        (405, "OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n"),
        (501, "BREW /1 HTTP/1.1\r\nHost: t\r\n\r\n"),
        (501, "get /1 HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc"),
        (417, "GET /1 HTTP/1.1\r\nHost: t\r\nExpect: miracles\r\n\r\n"),
    )
    CLOSED = (
        (400, "hello\r\n\r\n"),
        (400, "GET /1\r\n\r\n"),
        (400, "GET 1 HTTP/1.1\r\nHost: t\r\n\r\n"),
        (400, "\x16\x03\x01\x02\x00\x01\x00\x01"),
        (400, "GET /1 HTTP/1.1\r\n\r\n"),
        (400, "GET /1 HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n"),
        (400, "GET /1 HTTP/1.1\r\nHost : t\r\n\r\n"),
        (400, "GET /1 HTTP/1.1\r\nHost: a:b\r\n\r\n"),
        (400, "GET /1 HTTP/1.1\r\nHost: [::1\r\n\r\n"),
        (400, "GET /1 HTTP/1.1\r\nHost: %4\r\n\r\n"),
        (400, "GET http://a:b/1 HTTP/1.1\r\nHost: t\r\n\r\n"),
        (400, "GET /1 HTTP/1.1\r\nHost: t\r\n folded\r\n\r\n"),
        (400, "GET /1 HTTP/1.1\r\nHost: t\r\nX: \x00\r\n\r\n"),
        (400, "GET /1 HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        (400, "GET /1 HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (411, "GET /1 HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        (413, "GET /1 HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n"),
        (414, "GET /1?" + "x" * 9000 + " HTTP/1.1\r\nHost: t\r\n\r\n"),
        (431, "GET /1 HTTP/1.1\r\nHost: t\r\n" + "X: y\r\n" * 5000 + "\r\n"),
        (501, "GET /1 HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n"),
        (505, "GET /1 HTTP/2.0\r\nHost: t\r\n\r\n"),
    )

    def test_a_request_that_was_read_in_full_is_refused_and_the_connection_kept(self):
        client = self.client()
        for status, text in self.KEPT:
            with self.subTest(text[:60]):
                client.send(text)
                response = client.response(head_only=text.startswith("HEAD"))
                self.assertEqual(response.status, status)
                self.assertNotIn("connection", response.headers)
                self.assertEqual(client.get("/1").status, 200)

    def test_a_request_whose_end_is_in_doubt_is_refused_and_the_connection_closed(self):
        for status, text in self.CLOSED:
            with self.subTest(text[:60]), Client(self.server) as client:
                client.send(text)
                response = client.response()
                self.assertEqual(response.status, status)
                self.assertEqual(response.headers["connection"], "close")
                self.assertTrue(response.body.startswith((b"The ", b"A ", b"HTTP")))
                self.assertTrue(client.ended())

    def test_405_names_the_methods_that_are_allowed(self):
        client = self.client()
        for method in ("DELETE", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"):
            response = client.get("/1", method=method)
            self.assertEqual((response.status, response.headers["allow"]), (405, "GET, HEAD"))
        self.assertNotIn("allow", client.get("/1", method="BREW").headers)

    def test_a_refusal_arrives_though_the_client_goes_on_sending(self):
        """A reset would destroy it: the server reads on until the client has seen it."""
        client = self.client()
        client.request("/1", headers=["Content-Length: 1000000000"])
        for _ in range(40):
            client.send(b"x" * 65536)
        self.assertEqual(client.response().status, 413)

    def test_a_body_that_will_be_refused_is_not_asked_for(self):
        client = self.client()
        client.request(
            "/1", method="PUT", headers=["Content-Length: 3", "Expect: 100-continue"]
        )
        self.assertEqual(client.response().status, 405)
        self.assertTrue(client.ended())


class HeaderTimeouts(SharedServer):
    FLAGS = ("--header-timeout", "150ms")

    def assert_408_after(self, response, begin, timeout):
        self.assertGreaterEqual(time.monotonic() - begin, timeout)
        self.assertEqual(response.status, 408)
        self.assertEqual(response.headers["connection"], "close")

    def assert_408(self, client, begin, timeout):
        self.assert_408_after(client.response(), begin, timeout)
        self.assertTrue(client.ended())

    def test_408_when_no_request_comes(self):
        begin = time.monotonic()
        self.assert_408(self.client(), begin, 0.15)

    def test_408_when_a_head_is_not_completed(self):
        begin = time.monotonic()
        client = self.client()
        client.send("GET /1 HTTP/1.1\r\nHo")
        self.assert_408(client, begin, 0.15)

    def client_in_time(self, status, target, **more):
        """A client whose first request is answered so, and when it was sent.

        One that stands still is told that it was too late, and another one tries.
        """
        tries = []

        def is_in_time():
            begin = time.monotonic()
            client = self.client()
            tries.append((client, time.monotonic()))
            client.request(target, **more)
            response = client.response()
            if response.status != status:
                self.assert_408_after(response, begin, 0.15)
            return response.status == status

        eventually(is_in_time, "a request comes in time")
        return tries[-1]

    def test_408_when_a_body_is_not_completed(self):
        headers = ["Content-Length: 3", "Expect: 100-continue"]
        client, begin = self.client_in_time(100, "/1", headers=headers)
        client.send("ab")
        self.assert_408(client, begin, 0.15)

    def test_408_counts_from_the_first_byte_of_a_later_request(self):
        client, _ = self.client_in_time(200, "/0")
        time.sleep(0.2)  # longer than a head may take: nothing must come of it
        self.assertTrue(client.is_silent())
        begin = time.monotonic()
        client.send("GET")
        self.assert_408(client, begin, 0.15)


class IdleTimeouts(SharedServer):
    FLAGS = ("--idle-timeout", "300ms")

    def test_an_idle_connection_is_closed_silently(self):
        client = self.client()
        begin = time.monotonic()
        self.assertEqual(client.get("/0").status, 200)
        self.assertTrue(client.ended())
        self.assertGreaterEqual(time.monotonic() - begin, 0.3)

    def test_sleeping_is_not_idling(self):
        self.assertEqual(self.client().get("/700").status, 200)


class Leaving(unittest.TestCase):
    def leave(self, how, extra=""):
        """A client leaves while its request sleeps for an hour: its descriptor is soon free."""
        with Server() as server:
            before = server.descriptors()
            client = Client(server)
            client.request(LONG)
            client.send(extra)
            eventually(lambda: server.descriptors() == before + 1, "the client is accepted")
            if tested.name == "sleep_server_single":
                eventually(server.is_waiting, "the request sleeps")
            else:
                with Client(server) as other:  # by now the request sleeps
                    self.assertEqual(other.get("/0").status, 200)
                eventually(lambda: server.descriptors() == before + 1, "the other is gone")
            how(client)
            eventually(lambda: server.descriptors() == before, "the descriptor is free")
            status, text = server.stop()
            self.assertEqual(status, 0)
            self.assertIn("; 1 clients left early, 0 requests were cut off", text)
            client.close()

    @needs_proc
    def test_a_client_that_closes_is_let_go_at_once(self):
        self.leave(Client.close)

    @needs_proc
    def test_a_client_that_resets_is_let_go_at_once(self):
        self.leave(Client.reset)

    @needs_proc
    def test_a_client_that_will_send_no_more_is_let_go_at_once(self):
        self.leave(lambda client: client.finish())

    @needs_proc
    def test_a_client_that_pipelined_is_let_go_at_once(self):
        self.leave(Client.close, "GET /0 HTTP/1.1\r\nHost: test\r\n\r\n" * 100)

    @concurrent_only
    def test_others_do_not_notice(self):
        with Server() as server, Client(server) as patient:
            patient.request("/300")
            for how in (Client.close, Client.reset):
                client = Client(server)
                client.request(LONG)
                how(client)
            self.assertEqual(patient.response().status, 200)


class Exhaustion(unittest.TestCase):
    """No descriptors left: those who are connected are served on, the others later."""

    ROOM = 8
    WAITING = 5

    def open(self, server, count):
        clients = [Client(server) for _ in range(count)]
        for client in clients:
            self.addCleanup(client.close)
        return clients

    def fill_and_drain(self, server):
        """ROOM connections are open; more wait until these are closed one after the other."""
        inside = self.open(server, self.ROOM)
        for client in inside:
            self.assertEqual(client.get("/0").status, 200)
        waiting = self.open(server, self.WAITING)
        for client in waiting:
            client.request("/1")
        for _ in range(3):
            for client in inside:
                self.assertEqual(client.get("/1").status, 200)
        server.wait_until_idle()
        self.assertTrue(all(client.is_silent() for client in waiting))
        for client in inside[: self.WAITING]:
            client.close()
            eventually(lambda: not all(c.is_silent() for c in waiting), "one more is served")
            served = next(c for c in waiting if not c.is_silent())
            self.assertEqual(served.response().status, 200)
            waiting.remove(served)
            inside.append(served)
        for client in inside[self.WAITING :]:
            self.assertEqual(client.get("/0").status, 200)

    @needs_proc
    @concurrent_only
    def test_without_descriptors_accepting_pauses_and_resumes(self):
        with Server() as server:
            before = server.descriptors()
            with Client(server) as first:  # whatever is opened only once is open after this
                self.assertEqual(first.get("/0").status, 200)
            eventually(lambda: server.descriptors() == before, "the first is gone")
            server.allow_descriptors(self.ROOM)
            self.fill_and_drain(server)

    @needs_proc
    @only("sleep_server_single")
    def test_without_a_descriptor_the_next_waits_for_one(self):
        with Server() as server:
            pid, count = server.process.pid, server.descriptors()
            limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (count, limits[1]))
            with Client(server) as client:
                client.request("/1")
                server.wait_until_idle()
                self.assertTrue(client.is_silent())
                resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
                self.assertEqual(client.response().status, 200)

    @needs_proc
    @concurrent_only
    def test_max_connections_pauses_and_resumes_likewise(self):
        with Server("--max-connections", str(self.ROOM)) as server:
            self.fill_and_drain(server)

    @needs_proc
    @cmio_only
    def test_max_connections_counts_over_all_threads(self):
        with Server("--max-connections", str(self.ROOM), "--threads", "3") as server:
            self.fill_and_drain(server)


class SlowReaders(unittest.TestCase):
    PAGE = os.urandom(1 << 20) * 4

    def assert_grown_less(self, server, before, kilobytes):
        if not tested.sanitized:  # a sanitizer takes its own memory
            self.assertLess(server.status("VmRSS") - before, kilobytes)

    @needs_proc
    def test_a_slow_reader_makes_the_server_buffer_nothing(self):
        count = 16
        path = scratch_file("large.txt", self.PAGE)
        with Server("--page", path) as server, Client(server, receive_buffer=8192) as client:
            self.assertEqual(client.get("/0").body, self.PAGE)
            before = server.status("VmRSS")
            client.send("GET /0 HTTP/1.1\r\nHost: test\r\n\r\n" * count)
            if tested.name != "sleep_server_single":
                for _ in range(5):
                    with Client(server) as other:
                        self.assertEqual(other.get("/0").body, self.PAGE)
            self.assert_grown_less(server, before, len(self.PAGE) // 1024 // 2)
            for _ in range(count):
                self.assertEqual(client.response().body, self.PAGE)
            self.assert_grown_less(server, before, len(self.PAGE) // 1024 // 2)

    @needs_proc
    def test_a_reader_that_never_reads_is_given_up(self):
        path = scratch_file("large.txt", self.PAGE)
        with Server("--page", path, "--idle-timeout", "200ms") as server:
            before, begin = server.descriptors(), time.monotonic()
            with Client(server, receive_buffer=8192) as client:
                client.send("GET /0 HTTP/1.1\r\nHost: test\r\n\r\n" * 16)
                client.socket.recv(1, socket.MSG_PEEK)  # it was accepted
                eventually(lambda: server.descriptors() == before, "it is given up")
                self.assertGreaterEqual(time.monotonic() - begin, 0.2)
                received = 0
                while (count := client.more()) > 0:
                    received += count
                    client.buffer = b""
                self.assertLess(received, 16 * len(self.PAGE))
            self.assertIn("; 1 clients left early", server.stop()[1])


class Pipelining(unittest.TestCase):
    """Clients that send requests without waiting for answers."""

    ONE = "GET /%d HTTP/1.1\r\nHost: test\r\n\r\n"

    def sending_calls(self, count):
        """How many calls send answers to so many requests that arrive together."""
        with Server() as server, Client(server) as client:
            self.assertEqual(client.get("/0").status, 200)
            path = os.path.join(tested.scratch, "calls")
            with subprocess.Popen(
                ["strace", "-f", "-qq", "-e", "trace=sendmsg,sendto,write,writev", "-o", path, "-p",
                 str(server.process.pid)],
            ) as strace:
                eventually(
                    lambda: server.status("TracerPid") != 0 or strace.poll() is not None, "it is traced"
                )
                if strace.poll() is not None:
                    self.skipTest("it may not be traced")
                with server.stopped():
                    client.send((self.ONE % 0) * count)
                for _ in range(count):
                    self.assertEqual(client.response().status, 200)
                strace.terminate()
            with open(path) as file:
                return file.read().count("HTTP/1.1 200")

    @needs_proc
    @needs_tool("strace")
    @only("sleep_server")
    def test_answers_to_requests_that_arrived_together_go_out_together(self):
        if tested.sanitized:
            self.skipTest("it is not traced with a sanitizer")
        self.assertEqual(self.sending_calls(16), 1)

    @only("sleep_server")
    @needs_proc
    def test_no_one_sends_so_much_that_others_wait(self):
        """A turn is over after some answers: all is answered although events come for others."""
        count = 2000
        with Server() as server:
            busy = [Client(server) for _ in range(10)]
            for client in busy:
                self.addCleanup(client.close)
            with server.stopped():
                for client in busy:
                    client.send("HEAD /0 HTTP/1.1\r\nHost: t\r\n\r\n" * count)
                plain = Client(server)
                self.addCleanup(plain.close)
                plain.request("/0")
            self.assertEqual(plain.response().status, 200)
            for client in busy:
                for _ in range(count):
                    self.assertEqual(client.response(head_only=True).status, 200)
                client.close()
            plain.close()
            status, text = server.stop()
            self.assertEqual(status, 0)
            self.assertIn("answered %d requests (0 refused)" % (10 * count + 1), text)

    def test_a_signal_ends_those_who_never_stop(self):
        with Server("--grace", "10s") as server, Client(server) as client:
            over = threading.Event()

            def send():
                with contextlib.suppress(OSError):
                    while not over.is_set():
                        client.send("HEAD /0 HTTP/1.1\r\nHost: t\r\n\r\n" * 100)

            def receive():
                while client.more() > 0:
                    client.buffer = b""

            threads = [threading.Thread(target=send), threading.Thread(target=receive)]
            for thread in threads:
                thread.start()
            try:
                server.process.send_signal(signal.SIGTERM)
                self.assertEqual(server.wait()[0], 0)
            finally:
                over.set()
                with contextlib.suppress(OSError):
                    client.socket.shutdown(socket.SHUT_RDWR)
                for thread in threads:
                    thread.join()

    @concurrent_only
    def test_a_sleep_behind_answers_that_are_not_read_begins_when_it_arrived(self):
        path = scratch_file("large.txt", SlowReaders.PAGE)
        with Server("--page", path) as server, Client(server, receive_buffer=8192) as client:
            client.send((self.ONE % 0) * 2 + self.ONE % 300 + self.ONE % 0)
            for _ in range(4):
                self.assertEqual(client.response().body, SlowReaders.PAGE)
            client.close()
            self.assertIn("answered 4 requests", server.stop()[1])


class Stops(unittest.TestCase):
    """Ctrl-Z and fg: on Linux they interrupt some waits, without a signal handler."""

    def go_on(self, *flags):
        with Server(*flags) as server, Client(server) as client:
            for target in ("/0", "/20", "/300"):
                client.request(target)
                server.stop_and_continue()
                self.assertEqual(client.response().status, 200)
            server.stop_and_continue()
            if tested.name == "sleep_server_single":
                client.close()  # it has no time for another connection
            with Client(server) as other:
                self.assertEqual(other.get("/0").status, 200)
            client.close()
            self.assertEqual(server.stop()[0], 0)

    @needs_proc
    def test_it_goes_on_after_it_was_stopped_and_continued(self):
        self.go_on()

    @cmio_only
    @needs_proc
    def test_all_its_threads_go_on_after_it_was_stopped_and_continued(self):
        self.go_on("--threads", "4")

    @needs_proc
    def test_no_answer_is_early_although_its_sleep_was_stopped(self):
        with Server() as server, Client(server) as client:
            begin = time.monotonic()
            client.request("/300")
            server.stop_and_continue()
            self.assertEqual(client.response().status, 200)
            self.assertGreaterEqual(time.monotonic() - begin, 0.3)
            self.assertEqual(server.stop()[0], 0)


class UrgentBytes(unittest.TestCase):
    """A read stops at an urgent byte, although the client has sent more."""

    REQUEST = "GET /%d HTTP/1.1\r\nHost: test\r\n\r\n"

    def answers(self, before, after, count):
        with Server() as server, Client(server) as client:
            self.assertEqual(client.get("/0").status, 200)
            with server.stopped():
                client.send_around_urgent(before, after)
            for _ in range(count):
                self.assertEqual(client.response().status, 200)
            self.assertEqual(server.stop()[0], 0)

    @needs_proc
    def test_one_within_a_request_hides_nothing(self):
        for sleep in (0, 20):
            request = self.REQUEST % sleep
            self.answers(request[:12], request[12:], 1)

    @needs_proc
    def test_one_between_requests_hides_nothing(self):
        for sleep in (0, 20):
            request = self.REQUEST % sleep
            self.answers(request, request, 2)
            self.answers(request * 3 + request[:8], request[8:] + request, 5)


class Signals(unittest.TestCase):
    def stopping(self, server, number=signal.SIGTERM):
        """Sends the signal and waits until the server has heard it: an idle client is let go."""
        if tested.name == "sleep_server_single":
            server.signal(number)
            return
        with Client(server) as idle:
            self.assertEqual(idle.get("/0").status, 200)
            server.signal(number)
            self.assertTrue(idle.ended())

    def finish_what_is_in_flight(self, number):
        tries = (400, 1600, 6400)
        self.assertTrue(any(self.finishes_what_is_in_flight(number, each) for each in tries))

    def finishes_what_is_in_flight(self, number, milliseconds):
        """Returns false if the request may have ended before the signal: somebody stood still."""
        with Server() as server, Client(server) as client:
            begin = time.monotonic()
            client.begin("/%d" % milliseconds)
            self.stopping(server, number)
            if time.monotonic() - begin >= milliseconds / 1000:
                return False
            response = client.response()
            self.assertGreaterEqual(time.monotonic() - begin, milliseconds / 1000)
            self.assertEqual(response.status, 200)
            self.assertEqual(response.headers["connection"], "close")
            self.assertTrue(client.ended())
            status, text = server.wait()
            self.assertEqual(status, 0)
            self.assertRegex(
                text,
                r"^answered \d requests \(0 refused\) on \d connections; "
                r"0 clients left early, 0 requests were cut off\n$",
            )
        return True

    def test_sigterm_finishes_what_is_in_flight(self):
        self.finish_what_is_in_flight(signal.SIGTERM)

    def test_sigint_does_the_same(self):
        self.finish_what_is_in_flight(signal.SIGINT)

    def test_what_was_served_is_counted(self):
        with Server() as server:
            with Client(server) as client:
                self.assertEqual(client.get("/1").status, 200)
                self.assertEqual(client.get("/x").status, 404)
            with Client(server) as client:
                self.assertEqual(client.get("/0", method="HEAD").status, 200)
            status, text = server.stop()
            self.assertEqual(status, 0)
            self.assertEqual(
                text,
                "answered 3 requests (1 refused) on 2 connections; "
                "0 clients left early, 0 requests were cut off\n",
            )

    def answers_those_who_wait(self, count, *flags, inside=()):
        """Clients come while the server does nothing, and then the signal: it sees both at once."""
        with Server(*flags) as server:
            clients = []
            for target in inside:
                clients.append(Client(server))
                clients[-1].begin(target)
            with server.stopped():
                for number in range(count):
                    clients.append(Client(server))
                    clients[-1].request("/%d" % (number % 3 * 10))
                with Client(server):  # one who has nothing to ask
                    server.process.send_signal(signal.SIGTERM)
            for client in clients:
                with client:
                    response = client.response()
                    self.assertEqual(response.status, 200)
                    self.assertTrue(client.ended())
            status, text = server.wait()
            self.assertEqual(status, 0)
            self.assertIn("answered %d requests (0 refused)" % len(clients), text)
            self.assertIn("; 0 clients left early, 0 requests were cut off", text)

    @needs_proc
    def test_those_who_wait_to_be_accepted_are_answered(self):
        self.answers_those_who_wait(20)

    @needs_proc
    def test_those_who_wait_while_a_request_sleeps_are_answered(self):
        self.answers_those_who_wait(20, inside=["/300"])

    @needs_proc
    @cmio_only
    def test_those_who_wait_are_answered_by_all_threads(self):
        self.answers_those_who_wait(40, "--threads", "3")

    @needs_proc
    @concurrent_only
    def test_those_for_whom_there_is_no_room_yet_are_answered(self):
        self.answers_those_who_wait(20, "--max-connections", "3", inside=["/100", "/200", "/300"])

    @needs_proc
    @concurrent_only
    def test_those_for_whom_there_is_no_descriptor_yet_are_answered(self):
        with Server() as server, Client(server) as first:
            self.assertEqual(first.get("/0").status, 200)
            server.allow_descriptors(1)
            inside = Client(server)
            inside.begin("/300")
            clients = [inside]
            with server.stopped():
                for _ in range(5):
                    clients.append(Client(server))
                    clients[-1].request("/1")
                server.process.send_signal(signal.SIGTERM)
            for client in clients:
                with client:
                    self.assertEqual(client.response().status, 200)
            self.assertEqual(server.wait()[0], 0)

    @needs_proc
    def test_those_who_wait_are_let_go_when_the_grace_is_over(self):
        with Server("--grace", "200ms") as server, Client(server) as client:
            client.begin(LONG)
            with server.stopped():
                others = [Client(server) for _ in range(5)]
                for other in others:
                    self.addCleanup(other.close)
                    other.request(LONG)
                server.process.send_signal(signal.SIGTERM)
            for other in (client, *others):
                self.assertTrue(other.ended())
            status, text = server.wait()
            self.assertEqual(status, 0)
            self.assertIn("0 clients left early, 6 requests were cut off", text)

    @concurrent_only
    def test_no_one_is_accepted_any_more(self):
        def refused():
            try:
                socket.create_connection(("127.0.0.1", server.port), WAIT).close()
                return False
            except ConnectionResetError:  # it was in the queue when the listener was closed
                return False
            except ConnectionRefusedError:
                return True

        # Nobody else is given the port meanwhile, so that no stranger answers there.
        kept = process.RefusingPort() if process.ON_LINUX else contextlib.nullcontext(0)
        with kept as port, Server("--port", str(port)) as server, Client(server) as client:
            client.begin("/500")
            self.stopping(server)
            eventually(refused, "connections are refused")
            self.assertEqual(client.response().status, 200)
            self.assertEqual(server.wait()[0], 0)

    @concurrent_only
    def test_a_head_that_has_begun_may_be_completed(self):
        with Server() as server, Client(server) as client:
            client.send("GET /10 HTTP/1.1\r\nHost: te")
            with Client(server) as other:
                self.assertEqual(other.get("/0").status, 200)
            self.stopping(server)
            client.send("st\r\n\r\n")
            response = client.response()
            self.assertEqual((response.status, response.headers["connection"]), (200, "close"))
            self.assertEqual(server.wait()[0], 0)

    def test_after_the_grace_what_is_in_flight_is_cut_off(self):
        with Server("--grace", "200ms") as server, Client(server) as client:
            client.begin(LONG)
            begin = time.monotonic()
            self.stopping(server)
            self.assertTrue(client.ended())
            self.assertGreaterEqual(time.monotonic() - begin, 0.2)
            status, text = server.wait()
            self.assertEqual(status, 0)
            self.assertIn("0 clients left early, 1 requests were cut off", text)

    def test_a_second_signal_exits_at_once(self):
        with Server("--grace", "1h") as server, Client(server) as client:
            client.begin(LONG)
            self.stopping(server)

            def ended():  # signals that are pending together are one
                server.signal(signal.SIGTERM)
                return server.process.poll() is not None

            eventually(ended, "it has ended")
            self.assertEqual(server.wait()[0], 128 + signal.SIGTERM)

    def test_signals_end_an_idle_server_at_once(self):
        with Server("--grace", "1h") as server:
            status, text = server.stop()
            self.assertEqual(status, 0)
            self.assertTrue(text.startswith("answered 0 requests (0 refused) on 0 connections;"))


class CommandLine(unittest.TestCase):
    FLAGS = (
        "host port threads backend page max-connections max-sleep header-timeout idle-timeout "
        "grace log help version"
    ).split()

    def test_help_names_every_flag(self):
        result = run("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(run("-h").stdout, result.stdout)
        for flag in self.FLAGS:
            self.assertRegex(result.stdout, r"\n  (-h, )?--%s\b" % flag)
        self.assertIn(os.path.basename(DEFAULT_PAGE), result.stdout)

    def test_version_is_one_line(self):
        result = run("--version")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        version = r"\d+\.\d+\.\d+"
        self.assertRegex(
            result.stdout, r"^%s %s \(cmio %s\)\n$" % (tested.name, version, version)
        )

    def test_a_wrong_command_line_is_one_line_and_exit_status_2(self):
        for flags, part in (
            (["--bogus"], "'--bogus'"),
            (["--bogus=1"], "'--bogus=1'"),
            (["-x"], "'-x'"),
            (["--help=1"], "'--help=1'"),
            (["--port"], "--port"),
            (["file"], "'file'"),
            (["--log", "file"], "--log=FILE"),
            (["--log="], "--log"),
            (["--page="], "--page"),
            (["--page", ""], "--page"),
            (["--host", "nowhere.example"], "'nowhere.example'"),
            (["--host", "1.2.3"], "'1.2.3'"),
            (["--host", "127.0.0.1:80"], "'127.0.0.1:80'"),
            (["--host", ""], "--host"),
            (["--host", "unix"], "'unix'"),
            (["--port", "65536"], "'65536'"),
            (["--port", "-1"], "'-1'"),
            (["--port", "80x"], "'80x'"),
            (["--port", ""], "--port"),
            (["--threads", "0"], "'0'"),
            (["--threads", "1025"], "'1025'"),
            (["--threads", "two"], "'two'"),
            (["--backend", "carrier-pigeon"], "'carrier-pigeon'"),
            (["--max-connections", "0"], "'0'"),
            (["--max-connections", "-5"], "'-5'"),
            (["--max-sleep", "1d"], "'1d'"),
            (["--max-sleep", "1001h"], "'1001h'"),
            (["--header-timeout", "soon"], "'soon'"),
            (["--idle-timeout", "-1s"], "'-1s'"),
            (["--grace", "10 s"], "'10 s'"),
        ):
            with self.subTest(flags):
                assert_complaint(self, run(*flags), 2, part)

    def test_a_port_in_use_is_one_line_and_exit_status_1(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = str(other.getsockname()[1])
            result = run("--port", port)
            assert_complaint(self, result, 1, "127.0.0.1:" + port, "in use")

    @cmio_only
    def test_a_port_that_could_be_shared_is_in_use_all_the_same(self):
        with Server("--threads", "2") as server:
            for threads in ("1", "2"):
                result = run("--port", str(server.port), "--threads", threads)
                assert_complaint(self, result, 1, ":%d" % server.port, "in use")

    def test_an_address_that_is_not_ours_is_one_line_and_exit_status_1(self):
        assert_complaint(self, run("--host", "192.0.2.1", "--port", "0"), 1, "192.0.2.1:0")

    def test_an_unreadable_page_is_one_line_and_exit_status_1(self):
        assert_complaint(self, run("--port", "0", "--page", "/no/page"), 1, "/no/page", "No such")
        result = run("--port", "0", "--page", tested.scratch)
        assert_complaint(self, result, 1, tested.scratch, "directory")

    @process.needs_full
    def test_what_was_asked_for_and_cannot_be_printed_is_a_failure(self):
        for flag in ("--help", "--version"):
            with open("/dev/full", "wb") as full:
                assert_complaint(self, run(flag, output=full), 1, "standard output", "No space")

    @cmio_only
    def test_an_unknown_backend_in_the_environment_is_named_with_those_that_there_are(self):
        with unittest.mock.patch.dict(os.environ, CMIO_BACKEND="carrier-pigeon"):
            with unittest.mock.patch.object(tested, "backend", None):
                result = run("--port", "0")
        assert_complaint(
            self, result, 1, "CMIO_BACKEND", "'carrier-pigeon'", "not supported", "poll"
        )

    def test_an_unwritable_log_is_one_line_and_exit_status_1(self):
        assert_complaint(self, run("--port", "0", "--log=/no/log"), 1, "/no/log", "No such")

    def test_a_flag_without_meaning_is_taken_and_said_to_be(self):
        with Server("--threads", "3") as server:
            with Client(server) as client:
                self.assertEqual(client.get("/1").status, 200)
            self.assertEqual(server.stop()[0], 0)
            if tested.name in CMIO:
                self.assertEqual(server.error_text(), "")
            else:
                ignored = r"^%s: --threads [^\n]+ignored\n$" % tested.name
                self.assertRegex(server.error_text(), ignored)

    def test_the_default_page_is_found(self):
        with open(DEFAULT_PAGE, "rb") as file:
            page = file.read()
        with Server() as server, Client(server) as client:
            self.assertEqual(client.get("/0").body, page)

    def test_the_host_may_be_ipv6(self):
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            self.skipTest("there is no IPv6 here")
        with Server("--host", "::1") as server, Client(server) as client:
            self.assertRegex(server.address, r"^http://\[::1\]:\d+$")
            self.assertEqual(client.get("/0").status, 200)
            client.close()
            self.assertEqual(server.stop()[0], 0)


class Logs(unittest.TestCase):
    def use(self, server):
        with Client(server) as client:
            client.get("/20")
            client.get("/x")
            client.get("/1", method="HEAD", version="1.0")
        self.assertEqual(server.stop()[0], 0)

    def assert_log(self, text):
        start = r"^127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "
        lines = text.splitlines()
        self.assertEqual(len(lines), 3, text)
        self.assertRegex(lines[0], start + r'"GET /20 HTTP/1\.1" 200 \d+ (\d+)\.\d{3}ms$')
        self.assertGreaterEqual(float(lines[0].split()[-1][:-2]), 20)
        self.assertRegex(lines[1], start + r'"GET /x HTTP/1\.1" 404 \d+ \d+\.\d{3}ms$')
        self.assertRegex(lines[2], start + r'"HEAD /1 HTTP/1\.0" 200 0 \d+\.\d{3}ms$')

    def test_log_goes_to_standard_error(self):
        with Server("--log") as server:
            self.use(server)
            self.assert_log(server.error_text())

    def test_log_goes_to_a_file_that_grows(self):
        path = scratch_file("log", b"")
        for _ in range(2):
            with Server("--log=" + path) as server:
                self.use(server)
                self.assertEqual(server.error_text(), "")
        with open(path) as file:
            lines = file.readlines()
        self.assert_log("".join(lines[:3]))
        self.assert_log("".join(lines[3:]))


    def log(self, *requests, flags=()):
        """What the log says of requests, each on a connection of its own."""
        path = scratch_file("log", b"")
        with Server("--log=" + path, *flags) as server:
            for request in requests:
                with Client(server) as client:
                    client.send(request)
                    while client.more() > 0:
                        pass
            self.assertEqual(server.stop()[0], 0)
        with open(path) as file:
            return [re.search(r'"(.*)" (\d+)', line).groups() for line in file]

    def test_the_log_has_the_target_as_it_was_sent(self):
        rest = " HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
        self.assertEqual(
            self.log(
                "GET /1?a=b&c" + rest,
                "GET http://test:80/0" + rest,
                "DELETE /x/y" + rest,
                "GET /\"quoted\"\\" + rest,
                "GET /\x1b[2J\xff" + rest,
                "nonsense\r\n\r\n",
                "GET /" + "y" * 2000 + rest,
            ),
            [
                ("GET /1?a=b&c HTTP/1.1", "200"),
                ("GET http://test:80/0 HTTP/1.1", "200"),
                ("DELETE /x/y HTTP/1.1", "405"),
                (r"GET /\x22quoted\x22\x5c HTTP/1.1", "404"),
                (r"GET /\x1b[2J\xff HTTP/1.1", "400"),
                ("nonsense", "400"),
                ("GET /" + "y" * 895 + "...", "404"),
            ],
        )

    def test_the_log_has_what_came_of_a_request_in_time(self):
        nothing = [("-", "408")]
        self.assertEqual(self.log("", flags=["--header-timeout", "100ms"]), nothing)
        for timeout in ("100ms", "1s", "10s"):  # the next one if somebody stood still
            logged = self.log("GET /half", flags=["--header-timeout", timeout])
            if logged != nothing:
                break
        self.assertEqual(logged, [("GET /half", "408")])

    def test_the_log_has_each_target_of_pipelined_requests(self):
        path = scratch_file("log", b"")
        with Server("--log=" + path) as server, Client(server) as client:
            for count in range(40):
                client.send("GET /%d?%d HTTP/1.1\r\nHost: t\r\n\r\n" % (count % 3, count))
            for _ in range(40):
                self.assertEqual(client.response().status, 200)
            client.request(LONG)
            if tested.name != "sleep_server_single":
                with Client(server) as other:
                    self.assertEqual(other.get("/0").status, 200)
            client.close()
            self.assertEqual(server.stop()[0], 0)
        with open(path) as file:
            text = file.read()
        self.assertEqual(re.findall(r"\?(\d+) HTTP/1.1\" 200", text), list(map(str, range(40))))
        self.assertIn('"GET %s HTTP/1.1" - 0 ' % LONG, text)

    def get(self, server, target):
        with Client(server) as client:
            self.assertEqual(client.get(target).status, 200)

    @needs_proc
    def test_a_log_that_nobody_reads_holds_up_nothing(self):
        for kind in process.Stalled.KINDS:
            with self.subTest(kind), process.Stalled(kind) as stalled:
                with Server("--log", errors=stalled.theirs) as server:
                    for _ in range(20):
                        self.get(server, "/0")
                    text = stalled.drain()
                    self.get(server, "/1")
                    status, output = server.stop()
                    text += stalled.drain()
                    self.assertEqual(status, 0)
                    self.assertIn('"GET /1 HTTP/1.1" 200', text)
                    told = re.findall(r"^%s: (\d+) lines? w\w+ dropped$" % tested.name, text, re.M)
                    dropped = sum(map(int, told))
                    self.assertEqual(dropped + text.count('"GET /0 '), 20)
                    if kind != "terminal":  # which may take some more after a while
                        self.assertGreater(dropped, 0)
                    if dropped > 0:
                        self.assertIn("%d lines of the log were dropped\n" % dropped, output)

    @needs_proc
    def test_a_log_that_nobody_reads_keeps_no_signal_from_it(self):
        with process.Stalled("pipe") as stalled:
            with Server("--log", errors=stalled.theirs) as server:
                self.get(server, "/0")
                status, output = server.stop()
                self.assertEqual((status, stalled.drain()), (0, ""))
                self.assertIn("\n1 lines of the log were dropped\n", output)

    def test_a_fifo_may_have_its_reader_later(self):
        path = os.path.join(tested.scratch, "fifo")
        os.mkfifo(path)
        self.addCleanup(os.unlink, path)
        with Server("--log=" + path) as server:
            self.get(server, "/0")
            with open(path) as log:
                self.assertIn('"GET /0 HTTP/1.1" 200', log.readline())
            self.get(server, "/1")
            with open(path) as log:
                self.assertIn('"GET /1 HTTP/1.1" 200', log.readline())
            self.assertEqual(server.stop()[0], 0)

    def test_a_fifo_that_nobody_reads_holds_up_nothing(self):
        path = os.path.join(tested.scratch, "fifo")
        os.mkfifo(path)
        self.addCleanup(os.unlink, path)
        count = 1500
        with Server("--log=" + path) as server, Client(server) as client:
            for _ in range(count):
                client.send("GET /0?%s HTTP/1.1\r\nHost: t\r\n\r\n" % ("x" * 100))
                self.assertEqual(client.response().status, 200)
            with open(path, "rb") as log:
                os.set_blocking(log.fileno(), False)
                text = log.read()
                self.assertEqual(client.get("/1").status, 200)
                client.close()
                status, output = server.stop()
                self.assertEqual(status, 0)
                text = (text + log.read()).decode()
            told = sum(map(int, re.findall(r"^%s: (\d+) lines? w" % tested.name, text, re.M)))
            self.assertEqual(text.count('"GET /0') + told, count)
            self.assertIn("%d lines of the log were dropped" % told, output)
            self.assertIn('"GET /1 ', text)

    @process.needs_full
    def test_a_full_disk_holds_up_nothing(self):
        with Server("--log=/dev/full") as server:
            self.get(server, "/0")
            status, output = server.stop()
            self.assertEqual(status, 0)
            self.assertIn("1 lines of the log were dropped", output)

    def test_sighup_opens_the_log_anew(self):
        path = scratch_file("log", b"")
        with Server("--log=" + path) as server:
            self.get(server, "/0")
            for number in range(1, 4):
                moved = "%s.%d" % (path, number)
                os.rename(path, moved)
                self.get(server, "/0?%d" % number)
                server.signal(signal.SIGHUP)
                eventually(lambda: os.path.exists(path), "there is a new log")
            self.get(server, "/1")
            self.assertEqual(server.stop()[0], 0)
            self.assertEqual(server.error_text(), "")
        targets = []
        for name in (path + ".1", path + ".2", path + ".3", path):
            with open(name) as log:
                newest = re.findall('"GET (.*) HTTP', log.read())
            targets += newest
        self.assertEqual(sorted(targets), ["/0", "/0?1", "/0?2", "/0?3", "/1"])
        self.assertIn("/1", newest)

    def test_sighup_opens_the_log_anew_while_a_request_sleeps(self):
        path = scratch_file("log", b"")
        with Server("--log=" + path) as server, Client(server) as client:
            client.begin(LONG)
            os.unlink(path)
            server.signal(signal.SIGHUP)
            eventually(lambda: os.path.exists(path), "there is a new log")
            client.close()
            eventually(lambda: os.path.getsize(path) > 0, "the request is logged")
            self.assertEqual(server.stop()[0], 0)
        with open(path) as log:
            self.assertIn('"GET %s HTTP/1.1" - 0 ' % LONG, log.read())

    def test_a_log_that_cannot_be_opened_anew_is_said_and_goes_on(self):
        folder = os.path.join(tested.scratch, "folder")
        path = os.path.join(folder, "log")
        os.mkdir(folder)
        with Server("--log=" + path) as server:
            moved = os.path.join(tested.scratch, "moved")
            os.rename(folder, moved)
            server.signal(signal.SIGHUP)

            def is_said():
                self.get(server, "/0")
                return "No such file" in server.error_text()

            eventually(is_said, "it is said")
            self.get(server, "/1")
            self.assertEqual(server.stop()[0], 0)
            self.assertRegex(server.error_text(), "^%s: %s: [^\n]+\n$" % (tested.name, path))
        with open(os.path.join(moved, "log")) as log:
            self.assertIn('"GET /1 HTTP/1.1" 200', log.read())

    def test_without_a_log_file_sighup_ends_it_as_ever(self):
        for flags in ((), ("--log",)):
            with Server(*flags) as server:
                self.get(server, "/0")
                server.signal(signal.SIGHUP)
                self.assertEqual(server.wait()[0], -signal.SIGHUP)


class Streams(process.ServerStreams, unittest.TestCase):
    def start(self, **streams):
        return Server(**streams)

    def any_port(self):
        return ["--port", "0"]

    def assert_serves(self, server):
        with Client(server) as client:
            self.assertEqual(client.get("/0").status, 200)

    @needs_proc
    def test_what_is_logged_goes_to_the_log_alone(self):
        """With closed standard streams its own descriptors would take their places."""
        path = scratch_file("log", b"")
        with Server("--log=" + path, is_heard=False, closed=(0, 1, 2)) as server:
            self.assert_serves(server)
            self.assertEqual(server.stop()[0], 0)
        with open(path) as log:
            for line in log:
                self.assertRegex(line, r'^127\.0\.0\.1 - - .*"GET /0 HTTP/1.1" 200')


class Load(unittest.TestCase):
    """What the servers differ in."""

    def asleep(self, server, count, target):
        """Clients whose requests sleep, but for what is said of handle_what_was_sent."""
        clients = [Client(server) for _ in range(count)]
        for client in clients:
            self.addCleanup(client.close)
            client.request(target)
        with Client(server) as other:
            self.assertEqual(other.get("/0").status, 200)
        return clients

    def threads(self, server):
        return len(os.listdir("/proc/%d/task" % server.process.pid))

    def assert_threads(self, server, count):
        allowed = [count]
        if "thread" in tested.sanitized:  # which may have one of its own
            allowed.append(count + 1)
        self.assertIn(self.threads(server), allowed)

    @needs_proc
    @cmio_only
    def test_one_thread_holds_many_sleepers_and_does_nothing_meanwhile(self):
        with Server() as server:
            clients = self.asleep(server, 100, LONG)
            self.assert_threads(server, 1)

            def does_nothing():  # once all that was left to do is done
                switches, cpu = server.status("voluntary_ctxt_switches"), server.cpu_seconds()
                time.sleep(0.6)  # a span to measure over, nothing depends on its length
                switched = server.status("voluntary_ctxt_switches") - switches
                return switched < 10 and server.cpu_seconds() - cpu <= 0.02

            eventually(does_nothing, "it does nothing")
            for client in clients:
                client.close()
            self.assertIn("; 100 clients left early", server.stop()[1])

    @needs_proc
    @only("sleep_server")
    def test_a_sleeping_connection_takes_at_most_300_bytes(self):
        if tested.sanitized:
            self.skipTest("a sanitizer takes its own memory")
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        count = min(4000, soft - 100)
        with Server() as server:
            self.asleep(server, 10, "/0")
            before = server.status("VmRSS")
            self.asleep(server, count, LONG)
            eventually(lambda: server.descriptors() >= count, "all are accepted")
            with Client(server) as other:
                self.assertEqual(other.get("/0").status, 200)
            grown = (server.status("VmRSS") - before) * 1024
            self.assertLessEqual(grown / count, 300)

    @needs_proc
    @cmio_only
    def test_threads_share_the_port(self):
        with Server("--threads", "2") as server:
            # The workers of an executor are threads of their own; the first one waits for them.
            self.assert_threads(server, 3 if tested.name in ASYNC else 2)
            clients = [Client(server) for _ in range(50)]
            for client in clients:
                self.addCleanup(client.close)
                client.request("/50")
            for client in clients:
                self.assertEqual(client.response().status, 200)
            for client in clients:
                client.request("/200", headers=["Content-Length: 1", "Expect: 100-continue"])
                client.send("x")
            for client in clients:
                self.assertEqual(client.response().status, 100)
            server.signal(signal.SIGTERM)
            for client in clients:
                self.assertEqual(client.response().status, 200)
            status, text = server.wait()
            self.assertEqual(status, 0)
            self.assertIn("answered 100 requests (0 refused) on 50 connections", text)

    @only("sleep_server_single")
    def test_one_request_at_a_time(self):
        with Server() as server, Client(server) as first, Client(server) as second:
            begin = time.monotonic()
            for client in (first, second):
                client.request("/100", headers=["Connection: close"])
            for client in (first, second):
                self.assertEqual(client.response().status, 200)
            self.assertGreaterEqual(time.monotonic() - begin, 0.2)

    @needs_proc
    @only("sleep_server_threads")
    def test_a_thread_for_each_connection(self):
        with Server() as server:
            self.asleep(server, 20, LONG)
            # Besides the first: that of a connection that was closed ends soon.
            most = 22 if "thread" in tested.sanitized else 21
            eventually(lambda: self.threads(server) <= most, "there are 20 threads")
            self.assert_threads(server, 21)


class Tools(SharedServer):
    """Clients that others wrote."""

    @needs_tool("curl")
    def test_curl_gets_the_page(self):
        for flags in ([], ["--http1.0"], ["--http1.1", "-H", "Connection: close"]):
            result = tool("curl", "-sS", "-m", str(WAIT), *flags, self.server.address + "/5")
            self.assertEqual((result.returncode, result.stdout.encode()), (0, self.page), result)

    @needs_tool("curl")
    def test_curl_gets_the_head(self):
        result = tool("curl", "-sS", "-m", str(WAIT), "-I", self.server.address + "/5")
        self.assertEqual(result.returncode, 0, result)
        self.assertIn("HTTP/1.1 200 OK", result.stdout)
        self.assertIn("Content-Length: %d" % len(self.page), result.stdout)

    @needs_tool("curl")
    def test_curl_uses_a_connection_again(self):
        urls = [self.server.address + "/%d" % i for i in range(4)]
        result = tool("curl", "-sS", "-m", str(WAIT), "-w", "%{num_connects}\n", "-o", "/dev/null",
                      *[part for url in urls for part in (url, "-o", "/dev/null")][:-2])
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual(result.stdout.split(), ["1", "0", "0", "0"])

    @needs_tool("curl")
    def test_curl_is_told_what_is_wrong(self):
        large = scratch_file("large.bin", bytes(3 << 20))
        for flags, path, expected in (
            ([], "/x", "404"),
            ([], "/99999999999", "400"),
            (["-X", "DELETE"], "/5", "405"),
            (["-d", "a=b"], "/5", "405"),
            (["-T", large], "/5", "405"),
            (["-X", "GET", "-T", large], "/5", "413"),
            (["-X", "GET", "-H", "Transfer-Encoding: chunked", "-d", "abc"], "/5", "411"),
            (["-X", "GET", "-d", "abc"], "/5", "200"),
            (["-X", "GET", "-H", "Expect: 100-continue", "-d", "abc"], "/5", "200"),
        ):
            with self.subTest(flags):
                result = tool("curl", "-s", "-m", str(WAIT), "-o", "/dev/null", "-w",
                              "%{http_code}", *flags, self.server.address + path)
                self.assertEqual(result.stdout, expected)

    def ab(self, *arguments):
        """Runs ab; what it reports, and how long each request took in milliseconds."""
        times = os.path.join(tested.scratch, "times")
        result = tool("ab", "-q", "-g", times, "-s", str(WAIT), *arguments)
        self.assertEqual(result.returncode, 0, result)
        with open(times) as file:
            rows = [line.rstrip("\n").split("\t") for line in file]
        column = rows[0].index("ttime")
        return result.stdout, [int(row[column]) for row in rows[1:]]

    def assert_ab(self, report, times, count, milliseconds):
        self.assertRegex(report, r"\nComplete requests: +%d\n" % count)
        self.assertRegex(report, r"\nFailed requests: +0\n")
        self.assertNotIn("Non-2xx", report)
        self.assertEqual(len(times), count)
        self.assertGreaterEqual(min(times), milliseconds)

    @needs_tool("ab")
    @concurrent_only
    def test_ab_has_150_requests_sleep_at_once(self):
        report, times = self.ab("-n", "150", "-c", "150", self.server.address + "/1000")
        self.assert_ab(report, times, 150, 1000)

    @needs_tool("ab")
    @only("sleep_server_single")
    def test_ab_has_5_requests_sleep_one_after_the_other(self):
        report, times = self.ab("-n", "5", "-c", "5", self.server.address + "/20")
        self.assert_ab(report, times, 5, 20)

    @needs_tool("ab")
    def test_ab_keeps_connections(self):
        at_once = "1" if tested.name == "sleep_server_single" else "20"
        report, times = self.ab("-k", "-n", "2000", "-c", at_once, self.server.address + "/0")
        self.assert_ab(report, times, 2000, 0)
        self.assertRegex(report, r"\nKeep-Alive requests: +2000\n")


if __name__ == "__main__":
    process.main(__doc__)
