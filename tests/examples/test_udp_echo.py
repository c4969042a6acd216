#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""udp_echo as a process: each datagram comes back to who sent it.

    test_udp_echo.py PROGRAM [--backend NAME] [--sanitized BY] [unittest's own arguments]
"""

import os
import select
import signal
import socket
import threading

import process
from process import ANY_PORT, Server, ServerCommandLine, TestCase, assert_complaint, needs_proc, run

LARGEST = 65507  # what IPv4 can carry
WINDOW = 32  # small datagrams under way at once: no kernel drops so few


class Client:
    """A UDP socket that is connected to a server."""

    def __init__(self, server):
        self.socket = socket.socket(
            socket.AF_INET6 if ":" in server.host else socket.AF_INET, socket.SOCK_DGRAM
        )
        self.socket.settimeout(process.WAIT)
        self.socket.connect((server.host, server.port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def echo(self, datagrams):
        """What comes back for these, in order."""
        for datagram in datagrams:
            self.socket.send(datagram)
        return [self.socket.recv(65536) for _ in datagrams]


class Echo(TestCase):
    def setUp(self):
        self.server = self.enterContext(Server("--stats", ANY_PORT))

    def client(self):
        return self.enterContext(Client(self.server))

    def assert_echoes(self, client, *datagrams):
        self.assertEqual(client.echo(datagrams), list(datagrams))

    def stop(self, count, length):
        status, output = self.server.stop()
        self.assertEqual((status, self.server.error_text()), (0, ""))
        self.assertEqual(
            output, "sent back %d datagrams of %d bytes, dropped 0\n" % (count, length)
        )

    def test_datagrams_come_back_whole_and_in_order(self):
        client = self.client()
        self.assert_echoes(client, b"x")
        self.assert_echoes(client, b"hello\n", b"", b"\0", bytes(range(256)))
        self.stop(5, 264)

    def test_the_empty_and_the_largest_come_back(self):
        client = self.client()
        self.assert_echoes(client, b"")
        self.assert_echoes(client, os.urandom(LARGEST))
        self.assert_echoes(client, b"")
        self.stop(3, LARGEST)

    def test_each_client_gets_its_own(self):
        clients = [self.client() for _ in range(WINDOW)]
        for number, client in enumerate(clients):
            client.socket.send(b"%d" % number)
        for number, client in reversed(list(enumerate(clients))):
            self.assertEqual(client.socket.recv(100), b"%d" % number)
        self.assertEqual(self.server.stop()[0], 0)

    def test_thousands_come_back(self):
        client = self.client()
        for first in range(0, 100 * WINDOW, WINDOW):
            self.assert_echoes(client, *(b"%d" % (first + i) for i in range(WINDOW)))
        self.assertEqual(self.server.stop()[0], 0)

    @needs_proc
    def test_those_that_came_at_once_all_come_back(self):
        client = self.client()
        datagrams = [b"%d" % number for number in range(2 * WINDOW)]
        with self.server.stopped():
            for datagram in datagrams:
                client.socket.send(datagram)
        self.assertEqual([client.socket.recv(100) for _ in datagrams], datagrams)
        self.assertEqual(self.server.stop()[0], 0)

    def test_a_client_that_is_gone_does_not_hurt_the_others(self):
        stays = self.client()
        for _ in range(20):
            with Client(self.server) as leaves:
                leaves.socket.send(b"and gone")
            self.assert_echoes(stays, b"still here")
        self.assertEqual(self.server.stop()[0], 0)

    @staticmethod
    def is_echoed(client):
        """Whether a datagram comes back, which in a flood may find no room."""
        client.socket.send(b"x")
        return bool(select.select([client.socket], [], [], 0.1)[0])

    def test_a_flood_does_not_keep_a_signal_from_ending_it(self):
        over = threading.Event()

        def flood(client):
            while not over.is_set():
                try:
                    client.socket.send(bytes(1000))
                except ConnectionRefusedError:
                    pass  # it has ended

        threads = [threading.Thread(target=flood, args=(self.client(),)) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            client = self.client()
            process.eventually(lambda: self.is_echoed(client), "another client is served")
            self.server.process.send_signal(signal.SIGTERM)
            status, output = self.server.wait()
            self.assertEqual(status, 0)
            self.assertIn("sent back", output)
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def test_without_stats_it_ends_silently(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server(ANY_PORT) as server, Client(server) as client:
                self.assertEqual(client.echo([b"x"]), [b"x"])
                server.signal(number)
                self.assertEqual(server.wait(), (0, ""))

    @needs_proc
    def test_it_goes_on_after_it_was_stopped_and_continued(self):
        client = self.client()
        for _ in range(3):
            self.assert_echoes(client, b"x")
            self.server.stop_and_continue()
        self.assert_echoes(client, b"x")
        self.stop(4, 4)

    @needs_proc
    def test_it_rests_when_there_is_nothing_to_do(self):
        self.assert_echoes(self.client(), b"x")
        self.server.wait_until_idle()
        self.stop(1, 1)


class Streams(process.ServerStreams, TestCase):
    def assert_serves(self, server):
        with Client(server) as client:
            self.assertEqual(client.echo([b"x"]), [b"x"])

    @process.needs_full
    @needs_proc
    def test_statistics_that_cannot_be_printed_are_a_failure(self):
        read_fd, write_fd = os.pipe()
        with Server("--stats", ANY_PORT, is_heard=False, output=write_fd) as server:
            self.assert_serves(server)
            os.close(write_fd)
            os.close(read_fd)
            self.assertEqual(server.stop()[0], 1)
            self.assertRegex(server.error_text(), "^udp_echo: standard output: Broken pipe\n$")


class CommandLine(ServerCommandLine, TestCase):
    def test_a_port_in_use_is_one_line_and_exit_status_1(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % other.getsockname()[1]
            assert_complaint(self, run(address), 1, address, "in use")

    def test_the_address_may_be_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as other:
                other.bind(("::1", 0))
        except OSError:
            self.skipTest("there is no IPv6 here")
        with Server("[::1]:0") as server, Client(server) as client:
            self.assertRegex(server.address, r"^\[::1\]:\d+$")
            self.assertEqual(client.echo([b"x", b""]), [b"x", b""])
            self.assertEqual(server.stop()[0], 0)


if __name__ == "__main__":
    process.main(__doc__)
