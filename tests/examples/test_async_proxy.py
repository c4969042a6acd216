#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""async_proxy as a process: what one side says the other hears, and what ends a connection.

    test_async_proxy.py PROGRAM [--backend NAME] [--sanitized BY] [unittest's own arguments]
"""

import contextlib
import hashlib
import os
import re
import socket
import threading
import time
import unittest

import process
from process import (
    ANY_PORT, WAIT, Connection, Server, TestCase, assert_complaint, eventually, needs_proc, run,
    tested
)


class End(Connection):
    """A connection that is there already."""

    def __init__(self, connected):  # pylint: disable=super-init-not-called
        connected.settimeout(WAIT)
        self.socket = connected
        self.buffer = b""

    def was_reset(self):
        try:
            while self.socket.recv(65536):
                pass
            return False
        except ConnectionResetError:
            return True


class Proxy(TestCase):
    def listen(self):
        listener = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        listener.settimeout(WAIT)
        return listener

    def start(self, *flags, host="127.0.0.1"):
        """A proxy to a target of the test's own."""
        self.target = self.listen()
        name = "%s:%d" % (host, self.target.getsockname()[1])
        self.proxy = self.enterContext(Server(*flags, ANY_PORT, name))

    def pair(self, **options):
        client = self.enterContext(Connection(self.proxy, **options))
        return client, self.enterContext(End(self.target.accept()[0]))

    def assert_passes(self, client, target):
        client.send(b"hello\n")
        target.expect(b"hello\n")
        target.send(b"there\n")
        client.expect(b"there\n")

    def assert_let_go(self, proxy):
        """A client is reset, perhaps before it has heard that it is connected."""
        try:
            with Connection(proxy) as client:
                self.assertTrue(client.ended())
        except ConnectionResetError:
            pass

    def stop(self, errors=""):
        status, output = self.proxy.stop()
        self.assertEqual((status, output, self.proxy.error_text()), (0, "", errors))

    def test_bytes_pass_both_ways(self):
        self.start()
        self.assert_passes(*self.pair())
        self.stop()

    def test_the_target_may_have_a_name(self):
        self.start(host="localhost")
        self.assert_passes(*self.pair())
        self.stop()

    def test_many_clients_have_connections_of_their_own(self):
        self.start()
        pairs = [self.pair() for _ in range(30)]
        for number, (client, target) in enumerate(pairs):
            client.send(b"%d" % number)
            target.expect(b"%d" % number)
        for client, target in reversed(pairs):
            self.assert_passes(client, target)
        self.stop()

    def test_a_half_close_is_passed_on_and_the_other_way_goes_on(self):
        for turn in (0, 1):
            with self.subTest(turn):
                self.start()
                ends = self.pair()
                first, second = ends[turn], ends[1 - turn]
                first.send(b"all of it")
                first.finish()
                second.expect(b"all of it")
                self.assertTrue(second.ended())
                second.send(b"an answer" * 100000)
                first.expect(b"an answer" * 100000)
                second.finish()
                self.assertTrue(first.ended())
                self.stop()

    def test_a_lot_passes_both_ways_at_once(self):
        self.start()
        data = os.urandom(1 << 20) * 8
        ends = self.pair()

        def send(end):
            end.send(data)
            end.finish()

        senders = [threading.Thread(target=send, args=(end,)) for end in ends]
        for sender in senders:
            sender.start()
        sums = {}

        def receive(end):
            received = hashlib.sha256()
            while end.more() > 0:
                received.update(end.buffer)
                end.buffer = b""
            sums[end] = received.digest()

        receivers = [threading.Thread(target=receive, args=(end,)) for end in ends]
        for thread in receivers:
            thread.start()
        for thread in senders + receivers:
            thread.join()
        for end in ends:
            self.assertEqual(sums[end], hashlib.sha256(data).digest())
        self.stop()

    @needs_proc
    def test_a_reset_ends_the_other_side_with_a_reset(self):
        self.start()
        before = self.proxy.descriptors()
        for turn in (0, 1):
            ends = self.pair()
            self.assert_passes(*ends)
            ends[turn].reset()
            self.assertTrue(End(ends[1 - turn].socket).was_reset())
        eventually(lambda: self.proxy.descriptors() == before, "both are closed")
        self.stop()

    def test_a_target_that_refuses_is_told_of_and_the_client_let_go(self):
        self.start()
        port = self.target.getsockname()[1]
        self.target.close()
        self.enterContext(process.RefusingPort(port))
        self.assert_let_go(self.proxy)
        eventually(lambda: "refused" in self.proxy.error_text(), "it says why")
        self.assertEqual(self.proxy.stop()[0], 0)

    def test_a_name_that_nobody_has_is_told_of(self):
        with Server(ANY_PORT, "no.such.host.invalid:80") as proxy:
            self.assert_let_go(proxy)
            eventually(lambda: "no.such.host.invalid:80" in proxy.error_text(), "it says which")
            self.assertEqual(proxy.stop()[0], 0)

    def test_a_connect_that_takes_too_long_is_given_up(self):
        """A queue that is full leaves those who connect waiting."""
        full = self.enterContext(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = []
        while True:
            filler = self.enterContext(socket.socket())
            filler.settimeout(0.3)
            try:
                filler.connect(full.getsockname())
            except TimeoutError:
                break
            fillers.append(filler)
        name = "127.0.0.1:%d" % full.getsockname()[1]
        with Server("--connect-timeout", "200ms", ANY_PORT, name) as proxy:
            begin = time.monotonic()
            self.assert_let_go(proxy)
            self.assertGreaterEqual(time.monotonic() - begin, 0.2)
            eventually(lambda: "timed out" in proxy.error_text(), "it says why")
            self.assertEqual(proxy.stop()[0], 0)

    def test_where_nothing_moves_both_sides_are_ended(self):
        self.start("--idle-timeout", "300ms")
        begin = time.monotonic()
        client, target = self.pair()
        self.assertEqual(client.more(), 0)
        self.assertEqual(target.more(), 0)
        self.assertGreaterEqual(time.monotonic() - begin, 0.3)
        self.stop()

    def test_one_way_that_moves_keeps_the_other_that_does_not(self):
        self.start("--idle-timeout", "5s")
        client, target = self.pair()
        end = time.monotonic() + 6
        while time.monotonic() < end:
            target.send(b"x")
            client.expect(b"x")
            time.sleep(0.05)  # far less than the timeout
        self.assert_passes(client, target)
        self.stop()

    def test_a_signal_ends_what_is_open(self):
        self.start()
        pairs = [self.pair() for _ in range(5)]
        for client, target in pairs:
            self.assert_passes(client, target)
        self.stop()
        for client, target in pairs:
            self.assertEqual((client.more(), target.more()), (0, 0))

    @needs_proc
    def test_it_goes_on_after_it_was_stopped_and_continued(self):
        self.start()
        client, target = self.pair()
        for _ in range(3):
            self.assert_passes(client, target)
            self.proxy.stop_and_continue()
        self.assert_passes(client, target)
        self.stop()


class Streams(process.ServerStreams, unittest.TestCase):
    def setUp(self):
        self.target = "127.0.0.1:%d" % self.enterContext(process.RefusingPort())

    def start(self, **streams):
        return Server(ANY_PORT, self.target, **streams)

    def any_port(self):
        return [ANY_PORT, self.target]

    def assert_serves(self, server):
        self.open_client(server)

    def open_client(self, server):
        """One whose target refuses, which is complained of; until it is let go."""
        with contextlib.suppress(ConnectionResetError), Connection(server) as client:
            self.assertEqual(client.more(), 0)

    def test_a_standard_error_that_nobody_reads_holds_up_nothing(self):
        for kind in process.Stalled.KINDS:
            with self.subTest(kind), process.Stalled(kind) as stalled:
                with self.start(errors=stalled.theirs) as server:
                    for _ in range(10):
                        self.open_client(server)
                    text = stalled.drain()
                    if kind != "terminal":  # which may take some more after a while
                        self.assertEqual(text, "")
                    self.open_client(server)
                    self.assertEqual(server.stop()[0], 0)
                    text += stalled.drain()
                    told = re.findall(r"^%s: (\d+) lines? w\w+ dropped$" % tested.name, text, re.M)
                    self.assertEqual(sum(map(int, told)) + text.count("refused"), 11, text)
                    self.assertGreaterEqual(text.count("refused"), 1)

    def test_a_standard_error_that_nobody_reads_keeps_no_signal_from_it(self):
        with process.Stalled("pipe") as stalled:
            with self.start(errors=stalled.theirs) as server:
                self.open_client(server)
                self.assertEqual(server.stop()[0], 0)
                self.assertEqual(stalled.drain(), "")


class CommandLine(process.AnyCommandLine, unittest.TestCase):
    USAGE = r"LISTEN HOST:PORT"
    RUNS = (ANY_PORT, "localhost:1")

    def test_wrong_arguments_are_one_line_and_exit_status_2(self):
        for arguments, part in (
            ([], "LISTEN"),
            ([ANY_PORT], "LISTEN"),
            ([ANY_PORT, "a:1", "b:2"], "LISTEN"),
            (["--bogus"], "bogus"),
            (["nowhere", "a:1"], "'nowhere'"),
            ([ANY_PORT, "a"], "'a'"),
            ([ANY_PORT, "a:"], "'a:'"),
            ([ANY_PORT, "a:0"], "'a:0'"),
            ([ANY_PORT, "a:65536"], "'a:65536'"),
            ([ANY_PORT, ":80"], "':80'"),
            ([ANY_PORT, "[::1:80"], "'[::1:80'"),
            ([ANY_PORT, "[]:80"], "'[]:80'"),
            ([ANY_PORT, "a b:80"], "'a b:80'"),
            ([ANY_PORT, "x" * 300 + ":80"], "xxx"),
            (["--idle-timeout", "0", ANY_PORT, "a:1"], "'0'"),
            (["--connect-timeout", "soon", ANY_PORT, "a:1"], "'soon'"),
        ):
            with self.subTest(arguments):
                assert_complaint(self, run(*arguments), 2, part)

    def test_a_port_in_use_is_one_line_and_exit_status_1(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            address = "127.0.0.1:%d" % other.getsockname()[1]
            assert_complaint(self, run(address, "localhost:1"), 1, address, "in use")


if __name__ == "__main__":
    process.main(__doc__)
