#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""framed_echo as a process: messages behind their lengths, and what is refused.

    test_framed_echo.py PROGRAM [--backend NAME] [--sanitized BY] [unittest's own arguments]
"""

import contextlib
import os
import signal
import struct
import threading
import time

import process
from process import (
    ANY_PORT, Connection, Server, ServerCommandLine, TestCase, assert_complaint, eventually,
    needs_proc, run, tested
)

LONGEST = 16 * 1024


def framed(message):
    return struct.pack(">I", len(message)) + message


class Client(Connection):
    def say(self, *messages):
        self.send(b"".join(map(framed, messages)))

    def hear(self):
        (length,) = struct.unpack(">I", self.receive(4))
        return self.receive(length)


class Messages(TestCase):
    FLAGS = ()

    def setUp(self):
        self.server = self.enterContext(Server(*self.FLAGS, ANY_PORT))

    def client(self, **options):
        return self.enterContext(Client(self.server, **options))

    def stop(self):
        status, output = self.server.stop()
        self.assertEqual((status, output, self.server.error_text()), (0, "", ""))


class Echo(Messages):
    def test_messages_of_all_lengths_come_back(self):
        client = self.client()
        for length in (1, 0, 2, 255, 256, 4096, LONGEST - 1, LONGEST, 3):
            message = os.urandom(length)
            client.say(message)
            self.assertEqual(client.hear(), message)
        self.assertTrue(client.is_silent())
        self.stop()

    @needs_proc
    def test_it_goes_on_after_it_was_stopped_and_continued(self):
        client = self.client()
        for _ in range(3):
            self.server.stop_and_continue()
            client.say(b"still there?")
            self.assertEqual(client.hear(), b"still there?")
        self.stop()

    @needs_proc
    def test_what_follows_an_urgent_byte_comes_back_too(self):
        client = self.client()
        with self.server.stopped():
            client.send_around_urgent(framed(b"message")[:6], framed(b"message")[6:])
        self.assertEqual(client.hear(), b"message")
        self.stop()

    def test_frames_may_be_cut_anywhere(self):
        client = self.client()
        data = framed(b"abc") + framed(b"") + framed(b"defgh")
        for at in range(len(data) + 1):
            client.send(data[:at])
            self.client().say(b"x")  # who is served in between
            client.send(data[at:])
            client.expect(data)
        for byte in data * 3:
            client.send(bytes([byte]))
        client.expect(data * 3)
        self.stop()

    def test_many_messages_may_come_at_once(self):
        client = self.client()
        messages = [b"%d" % number * (number % 7) for number in range(20000)]
        sender = threading.Thread(target=client.say, args=messages)
        sender.start()
        for message in messages:
            self.assertEqual(client.hear(), message)
        sender.join()
        self.stop()

    @needs_proc
    def test_who_does_not_read_makes_the_server_hold_no_more_than_its_buffers(self):
        self.client().say(b"x")
        client = self.client(receive_buffer=4096)
        before = self.server.status("VmRSS")
        message = bytes(range(256)) * 40
        sender = threading.Thread(target=client.say, args=[message] * 1000)
        sender.start()
        for _ in range(5):
            other = self.client()
            other.say(b"hello")
            self.assertEqual(other.hear(), b"hello")
        if not tested.sanitized:
            self.assertLess(self.server.status("VmRSS") - before, 1024)
        for _ in range(1000):
            self.assertEqual(client.hear(), message)
        sender.join()
        self.stop()

    def test_who_half_closes_gets_all_echoes_and_then_the_end(self):
        """Also where the last of them did not fit: small segments keep the system's buffers small."""
        message = bytes(range(250)) * 4
        other = self.client()
        for count in range(5, 400, 5):
            client = self.client(receive_buffer=2048, segment=536)
            sender = threading.Thread(target=self.say_and_finish, args=(client, message, count))
            sender.start()
            other.say(b"meanwhile")
            self.assertEqual(other.hear(), b"meanwhile")
            for _ in range(count):
                self.assertEqual(client.hear(), message)
            self.assertTrue(client.ended())
            sender.join()
            client.close()
        self.stop()

    @staticmethod
    def say_and_finish(client, message, count):
        client.say(*[message] * count)
        client.finish()

    def test_a_message_that_is_too_long_ends_the_connection(self):
        for length in (LONGEST + 1, 0xFFFFFFFF):
            client = self.client()
            client.say(b"one")
            client.send(struct.pack(">I", length))
            self.assertEqual(client.hear(), b"one")
            self.assertTrue(client.ended())
        self.stop()

    @needs_proc
    def test_who_breaks_off_or_resets_leaves_nothing_behind(self):
        before = self.server.descriptors()
        for data in (b"", b"\0", framed(b"abc")[:-1], framed(b"abc"), os.urandom(500)):
            for leave in (Client.finish, Client.close, Client.reset):
                client = self.client()
                client.send(data)
                leave(client)
        eventually(lambda: self.server.descriptors() == before, "all descriptors are free")
        self.stop()

    @needs_proc
    def test_without_descriptors_the_next_clients_wait_until_others_leave(self):
        self.server.allow_descriptors(2)
        inside = [self.client() for _ in range(2)]
        for client in inside:
            client.say(b"here")
            self.assertEqual(client.hear(), b"here")
        waiting = self.client()
        waiting.say(b"at last")
        self.server.wait_until_idle()
        self.assertTrue(waiting.is_silent())
        inside[0].close()
        self.assertEqual(waiting.hear(), b"at last")
        self.assertEqual(self.server.stop()[0], 0)

    def test_a_signal_under_traffic_ends_it_well(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server(ANY_PORT) as server:
                clients = [self.enterContext(Client(server)) for _ in range(10)]
                for client in clients:
                    client.say(*[bytes(1000)] * 100)
                clients[0].hear()
                server.signal(number)
                self.assertEqual(server.wait(), (0, ""))


class Idling(Messages):
    FLAGS = ("--idle-timeout", "0.3")

    def test_idle_clients_are_dropped(self):
        idle, breaks_off = self.client(), self.client()
        breaks_off.send(framed(b"abc")[:-1])
        self.assertTrue(idle.ended())
        self.assertTrue(breaks_off.ended())
        self.stop()

    def test_the_time_counts_from_the_last_message(self):
        begin = last = time.monotonic()
        client = self.client()
        with contextlib.suppress(AssertionError, ConnectionError):  # dropped: the machine is slow
            while time.monotonic() < begin + 0.5:
                said = time.monotonic()
                client.say(b"still here")
                self.assertEqual(client.hear(), b"still here")
                last = said
                time.sleep(0.05)  # the server would wait longer
        while client.more() > 0:
            pass
        self.assertGreaterEqual(time.monotonic() - last, 0.3)
        self.stop()

    def test_who_takes_nothing_is_dropped(self):
        client = self.client(receive_buffer=4096)
        with self.assertRaises(ConnectionError):
            while True:
                client.say(bytes(LONGEST))
        self.stop()

    def test_zero_is_never(self):
        with Server("--idle-timeout", "0", ANY_PORT) as server, Client(server) as client:
            idle = self.client()
            self.assertTrue(idle.ended())
            client.say(b"x")
            self.assertEqual(client.hear(), b"x")
            self.assertEqual(server.stop()[0], 0)


class Streams(process.ServerStreams, TestCase):
    def assert_serves(self, server):
        with Client(server) as client:
            client.say(b"x")
            self.assertEqual(client.hear(), b"x")


class CommandLine(ServerCommandLine, TestCase):
    def test_a_wrong_timeout_is_one_line_and_exit_status_2(self):
        for text in ("", "soon", "-1", "1s", "nan", "1e99"):
            with self.subTest(text):
                assert_complaint(self, run("--idle-timeout", text), 2, "'%s'" % text)
        assert_complaint(self, run("--idle-timeout"), 2, "idle-timeout")


if __name__ == "__main__":
    process.main(__doc__)
