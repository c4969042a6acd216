#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tcp_echo as a process: what is sent comes back, whatever clients do.

    test_tcp_echo.py PROGRAM [--backend NAME] [--sanitized BY] [unittest's own arguments]
"""

import os
import signal
import threading

import process
from process import (
    ANY_PORT, Connection, Server, ServerCommandLine, TestCase, eventually, needs_proc, tested
)


class Echo(TestCase):
    def setUp(self):
        self.server = self.enterContext(Server(ANY_PORT))

    def client(self, **options):
        return self.enterContext(Connection(self.server, **options))

    def assert_echoes(self, client, data=b"hello, cmio\n"):
        client.send(data)
        client.expect(data)

    def stop(self):
        status, output = self.server.stop()
        self.assertEqual((status, output, self.server.error_text()), (0, "", ""))

    def test_what_is_sent_comes_back(self):
        client = self.client()
        for data in (b"x", b"hello\n", bytes(range(256)) * 64, b"\0"):
            self.assert_echoes(client, data)
        self.assertTrue(client.is_silent())
        self.stop()

    def test_many_clients_are_served_at_once(self):
        clients = [self.client() for _ in range(200)]
        for number, client in enumerate(clients):
            client.send(b"%d\n" % number)
        for number, client in reversed(list(enumerate(clients))):
            client.expect(b"%d\n" % number)
        self.stop()

    def test_mebibytes_come_back_through_a_small_window(self):
        data = os.urandom(1 << 20) * 4
        client = self.client(receive_buffer=8192)
        sender = threading.Thread(target=client.send, args=(data,))
        sender.start()
        client.expect(data)
        sender.join()
        self.stop()

    @needs_proc
    def test_it_goes_on_after_it_was_stopped_and_continued(self):
        client = self.client()
        for _ in range(3):
            self.assert_echoes(client)
            self.server.stop_and_continue()
        self.assert_echoes(client)
        self.assert_echoes(self.client())
        self.stop()

    @needs_proc
    def test_what_follows_an_urgent_byte_comes_back_too(self):
        client = self.client()
        self.assert_echoes(client)
        with self.server.stopped():
            client.send_around_urgent(b"one", b"two")
        client.expect(b"onetwo")
        self.stop()

    @needs_proc
    def test_a_client_that_does_not_read_is_not_read(self):
        """The server's memory does not grow, others are served, and in the end all comes back."""
        sent = 0
        client = self.client(receive_buffer=8192)
        self.assert_echoes(self.client())
        before = self.server.status("VmRSS")
        client.socket.settimeout(0.5)
        with self.assertRaises(TimeoutError):
            while True:  # until there is no room on the way
                sent += client.socket.send(bytes(65536))
        client.socket.settimeout(process.WAIT)
        for _ in range(3):
            self.assert_echoes(self.client(), bytes(range(256)) * 256)
        self.server.wait_until_idle()
        if not tested.sanitized:
            self.assertLess(self.server.status("VmRSS") - before, 512)
        client.finish()
        client.expect(bytes(sent))
        self.assertTrue(client.ended())
        self.stop()

    def test_who_half_closes_gets_the_rest_and_then_the_end(self):
        data = os.urandom(1 << 20)
        client = self.client()
        sender = threading.Thread(target=lambda: (client.send(data), client.finish()))
        sender.start()
        client.expect(data)
        self.assertTrue(client.ended())
        sender.join()
        silent = self.client()
        silent.finish()
        self.assertTrue(silent.ended())
        self.stop()

    @needs_proc
    def test_who_resets_or_vanishes_leaves_nothing_behind(self):
        before = self.server.descriptors()
        stays = self.client()
        for leave in (Connection.reset, Connection.close, Connection.finish):
            for data in (b"", b"x", bytes(1 << 16)):
                client = self.client()
                client.send(data)
                leave(client)
        self.assert_echoes(stays)
        stays.close()
        eventually(lambda: self.server.descriptors() == before, "all descriptors are free")
        self.stop()

    @needs_proc
    def test_without_descriptors_the_next_clients_wait_until_others_leave(self):
        self.server.allow_descriptors(3)
        inside = [self.client() for _ in range(3)]
        for client in inside:
            self.assert_echoes(client)
        waiting = [self.client() for _ in range(3)]
        for client in waiting:
            client.send(b"at last\n")
        eventually(lambda: "wait" in self.server.error_text(), "it says so")
        for client in inside:
            self.assert_echoes(client)
        self.server.wait_until_idle()
        self.assertTrue(all(client.is_silent() for client in waiting))
        for client in inside:
            client.close()
        for client in waiting:
            client.expect(b"at last\n")
        self.assertEqual(self.server.stop()[0], 0)
        self.assertEqual(self.server.error_text().count("\n"), 1, self.server.error_text())

    def test_one_that_never_stops_lets_others_have_their_turn(self):
        busy = self.client()
        over = threading.Event()

        def send_and_receive():
            while not over.is_set():
                busy.send(bytes(1 << 16))
                busy.receive(1 << 16)

        thread = threading.Thread(target=send_and_receive)
        thread.start()
        try:
            for _ in range(20):
                self.assert_echoes(self.client())
        finally:
            over.set()
            thread.join()
        self.stop()

    def test_a_signal_under_traffic_ends_it_well(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server(ANY_PORT) as server:
                clients = [self.enterContext(Connection(server)) for _ in range(10)]
                for client in clients:
                    client.send(bytes(100000))
                clients[0].receive(1)
                server.signal(number)
                self.assertEqual(server.wait(), (0, ""))


class Streams(process.ServerStreams, TestCase):
    def assert_serves(self, server):
        with Connection(server) as client:
            client.send(b"x")
            client.expect(b"x")


class CommandLine(ServerCommandLine, TestCase):
    pass


if __name__ == "__main__":
    process.main(__doc__)
