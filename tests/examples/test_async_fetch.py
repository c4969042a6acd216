#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""async_fetch as a process, against a server of the test's own.

    test_async_fetch.py PROGRAM [--backend NAME] [--sanitized BY] [unittest's own arguments]
"""

import contextlib
import os
import pty
import re
import select
import signal
import socket
import subprocess
import threading
import time
import unittest

import process
from process import (
    WAIT, Process, TestCase, assert_complaint, environment, eventually, needs_proc, run, tested
)


class Site:
    """An HTTP server that answers as the path says, and counts."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.asked = []
        self.open = self.most = 0
        self.release = threading.Event()  # what /held waits for
        self.is_over = False
        self.thread = threading.Thread(target=self.accept)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release.set()
        self.is_over = True
        # Ends the wait for a client before another site is given the listener's descriptor.
        socket.create_connection(("127.0.0.1", self.port), WAIT).close()
        self.thread.join()
        self.listener.close()

    def url(self, path, host="127.0.0.1"):
        return "http://%s:%d%s" % (host, self.port, path)

    def accept(self):
        while not self.is_over:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def count(self, change, path=None):
        with self.lock:
            self.open += change
            self.most = max(self.most, self.open)
            if path is not None:
                self.asked.append(path)
            return self.asked.count(path)

    def serve(self, client):
        with client:
            client.settimeout(WAIT)
            head = b""
            while b"\r\n\r\n" not in head:
                data = client.recv(4096)
                if not data:
                    return
                head += data
            path = head.split()[1].decode()
            times = self.count(1, path)
            if path == "/held":
                self.release.wait(WAIT)
            self.count(-1)  # before the answer: the next one may come right after it
            with contextlib.suppress(OSError):
                self.answer(client, path, times, head)

    def answer(self, client, path, times, head):
        if path == "/silent":
            client.recv(1)
            return
        elif path == "/head":
            client.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + head)
            return
        elif path == "/chunked":
            client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for byte in b"3\r\nabc\r\n0\r\n\r\n":
                client.sendall(bytes([byte]))
            client.recv(1)  # the answer is over although the connection is not
            return
        elif path == "/rubbish":
            client.sendall(b"hello\r\n\r\n")
            return
        elif path == "/cut":
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            return
        elif path == "/large":
            body = b"x" * (4 << 20)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            return
        status = b"200 OK"
        if path == "/missing":
            status = b"404 Not Found"
        if path == "/broken" or (path == "/recovers" and times < 3):
            status = b"503 Service Unavailable"
        client.sendall(b"HTTP/1.1 %s\r\nContent-Length: 2\r\n\r\nok" % status)


class Fetch(TestCase):
    def setUp(self):
        self.site = self.enterContext(Site())

    def line(self, path, status, count):
        url = re.escape(self.site.url(path))
        return r"%s: %d, %s bytes, \d+\.\d ms\n" % (url, status, count)

    def test_a_url_is_fetched(self):
        result = run(self.site.url("/one?a=b"))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, "^%s$" % self.line("/one?a=b", 200, r"\d+"))
        self.assertEqual(self.site.asked, ["/one?a=b"])

    def test_the_host_may_be_a_name(self):
        result = run(self.site.url("/", host="localhost"))
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_a_url_without_a_path_asks_for_the_root(self):
        for end, path in (("", "/"), ("?q", "/?q")):
            self.assertEqual(run(self.site.url(end)).returncode, 0)
            self.assertEqual(self.site.asked.pop(), path)

    def test_the_request_names_its_host(self):
        result = run(self.site.url("/head"))
        self.assertEqual(result.returncode, 0)
        wanted = "GET /head HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n"
        size = len("HTTP/1.1 200 OK\r\n\r\n" + wanted % self.site.port)
        self.assertRegex(result.stdout, self.line("/head", 200, size))

    def test_results_come_in_the_order_of_the_arguments(self):
        paths = ["/%d" % number for number in range(100)]
        result = run(*map(self.site.url, paths))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, "^%s$" % "".join(self.line(p, 200, r"\d+") for p in paths))
        self.assertEqual(sorted(self.site.asked), sorted(paths))

    def test_bodies_of_every_framing_are_read_to_their_end(self):
        chunked = len("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        large = len("HTTP/1.1 200 OK\r\nContent-Length: 4194304\r\n\r\n") + (4 << 20)
        for path, size in (("/chunked", chunked), ("/large", large)):
            with self.subTest(path):
                result = run(self.site.url(path))
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertRegex(result.stdout, self.line(path, 200, size))

    def test_a_status_of_400_and_above_is_a_failure_and_not_tried_again(self):
        result = run(self.site.url("/missing"), self.site.url("/fine"))
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        self.assertRegex(result.stdout, self.line("/missing", 404, r"\d+"))
        self.assertRegex(result.stdout, self.line("/fine", 200, r"\d+"))
        self.assertEqual(self.site.asked.count("/missing"), 1)

    def test_at_most_so_many_are_under_way_at_once(self):
        with Process("--concurrency", "3", *[self.site.url("/held")] * 10) as fetch:
            eventually(lambda: self.site.open == 3, "three are under way")
            self.site.release.set()
            self.assertEqual(fetch.wait()[0], 0)
        self.assertEqual(self.site.most, 3)
        self.assertEqual(self.site.asked.count("/held"), 10)

    def test_what_fails_is_tried_again(self):
        result = run(self.site.url("/recovers"))
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, self.line("/recovers", 200, r"\d+"))
        self.assertEqual(self.site.asked.count("/recovers"), 3)

    def test_there_are_no_more_tries_than_were_asked_for(self):
        for retries in (0, 1):
            self.site.asked.clear()
            result = run("--retries", str(retries), self.site.url("/broken"))
            self.assertEqual(result.returncode, 1)
            self.assertRegex(result.stdout, self.line("/broken", 503, r"\d+"))
            self.assertEqual(self.site.asked.count("/broken"), retries + 1)

    def test_no_answer_is_one_line_that_says_why(self):
        refused = "http://127.0.0.1:%d/" % self.enterContext(process.RefusingPort())
        for url, why in (
            (refused, "refused"),
            ("http://no.such.host.invalid/", "o such file|emporarily|rror|Not found"),
            (self.site.url("/rubbish"), "rotocol"),
            (self.site.url("/cut"), "rotocol"),
        ):
            with self.subTest(url):
                # A name server that cannot be reached takes long to give up.
                result = run("--timeout", "90s", "--retries", "0", url)
                self.assertEqual((result.returncode, result.stdout), (1, ""))
                line = r"^(\S*/)?%s: %s: [^\n]*(%s)[^\n]* \(tries: 1\)\n$"
                self.assertRegex(result.stderr, line % (tested.name, re.escape(url), why))

    def test_a_try_that_takes_too_long_is_given_up(self):
        begin = time.monotonic()
        result = run("--timeout", "2s", "--retries", "1", self.site.url("/silent"))
        self.assertGreaterEqual(time.monotonic() - begin, 4)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertRegex(result.stderr, r"timed out \(tries: 2\)\n$")
        self.assertEqual(self.site.asked.count("/silent"), 2)

    def stop(self, number):
        urls = [self.site.url("/quick"), *[self.site.url("/silent")] * 20]
        with Process("--concurrency", "5", *urls) as fetch:
            eventually(lambda: self.site.asked.count("/silent") == 5, "they wait for answers")
            fetch.signal(number)
            status, output = fetch.wait()
            self.assertEqual(status, 128 + number)
            self.assertRegex(output, "^%s$" % self.line("/quick", 200, r"\d+"))
            self.assertEqual(len(fetch.error_text().splitlines()), 20)
            self.assertEqual(fetch.error_text().count("anceled"), 20)

    def test_sigint_gives_up_what_is_under_way_and_reports(self):
        self.stop(signal.SIGINT)

    def test_sigterm_does_the_same(self):
        self.stop(signal.SIGTERM)

    @needs_proc
    def test_it_goes_on_after_it_was_stopped_and_continued(self):
        with Process(*[self.site.url("/held")] * 3) as fetch:
            eventually(lambda: self.site.open == 3, "they wait for answers")
            fetch.stop_and_continue()
            self.site.release.set()
            self.assertEqual(fetch.wait()[0], 0)

    def test_a_terminal_shows_how_far_it_is(self):
        ours, theirs = pty.openpty()
        fetch = subprocess.Popen(
            [tested.program, self.site.url("/one"), self.site.url("/held")],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs, env=environment(),
        )
        self.addCleanup(os.close, ours)
        os.close(theirs)
        shown = b""
        while b"1/2" not in shown:
            self.assertTrue(select.select([ours], [], [], WAIT)[0], shown)
            shown += os.read(ours, 4096)
        self.assertIn(b"#", shown)
        self.site.release.set()
        output = fetch.communicate(timeout=WAIT)[0].decode()
        self.assertEqual(fetch.returncode, 0)
        self.assertRegex(
            output, "^%s$" % (self.line("/one", 200, r"\d+") + self.line("/held", 200, r"\d+"))
        )


class CommandLine(process.AnyCommandLine, unittest.TestCase):
    USAGE = r"URL"
    RUNS = ("http://127.0.0.1:1/",)

    def test_wrong_arguments_are_one_line_and_exit_status_2(self):
        for arguments, part in (
            ([], "URL"),
            (["--bogus", "http://a/"], "bogus"),
            (["a"], "'a'"),
            (["https://a/"], "'https://a/'"),
            (["http://"], "'http://'"),
            (["http:///path"], "'http:///path'"),
            (["http://a:0/"], "'http://a:0/'"),
            (["http://user@a/"], "'http://user@a/'"),
            (["http://a/b c"], "'http://a/b c'"),
            (["http://a/#b"], "'http://a/#b'"),
            (["http://a/\u00e9"], "http://a/"),
            (["http://a/" + "x" * 3000], "http://a/"),
            (["http://a/", "b"], "'b'"),
            (["--concurrency", "0", "http://a/"], "'0'"),
            (["--concurrency", "10001", "http://a/"], "'10001'"),
            (["--retries", "21", "http://a/"], "'21'"),
            (["--retries", "-1", "http://a/"], "'-1'"),
            (["--timeout", "0", "http://a/"], "'0'"),
        ):
            with self.subTest(arguments):
                assert_complaint(self, run(*arguments), 2, part)


if __name__ == "__main__":
    process.main(__doc__)
