#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""async_chat as a process: who hears what, and what becomes of those who do not listen.

    test_async_chat.py PROGRAM [--backend NAME] [--sanitized BY] [unittest's own arguments]
"""

import re
import unittest

import process
from process import (
    ANY_PORT, Connection, Server, ServerCommandLine, TestCase, assert_complaint, eventually,
    needs_proc, run
)

LINE_LENGTH = 500


class Client(Connection):
    """Somebody who chats. Lines are told to them without their ends."""

    def __init__(self, server, **options):
        super().__init__(server, **options)
        self.name = re.match(rb"\* welcome, (guest\d+): ", self.receive_line()).group(1)

    def expect_line(self, line):
        received = self.receive_line()
        assert received == line, "%r in place of %r" % (received[:200], line)


class ChatCase(TestCase):
    FLAGS = ()

    def setUp(self):
        self.server = self.enterContext(Server(*self.FLAGS, ANY_PORT))

    def clients(self, count, **options):
        """So many clients, who have heard of each other's coming."""
        clients = []
        for _ in range(count):
            client = self.enterContext(Client(self.server, **options))
            for other in clients:
                other.expect_line(b"* %s joined" % client.name)
            clients.append(client)
        return clients

    def stop(self):
        status, output = self.server.stop()
        self.assertEqual((status, output, self.server.error_text()), (0, "", ""))


class Chat(ChatCase):
    FLAGS = ("--patience", "1h")

    def test_all_others_hear_what_one_says(self):
        ann, bob, eve = self.clients(3)
        ann.send("good \u201emorning\u201c\n".encode())
        for other in (bob, eve):
            other.expect_line(ann.name + ": good \u201emorning\u201c".encode())
        bob.send(b"hello\r\n")
        for other in (ann, eve):
            other.expect_line(bob.name + b": hello")
        self.assertTrue(bob.is_silent())
        self.stop()

    def test_many_hear_many(self):
        clients = self.clients(20)
        for client in clients:
            client.send(b"hello\n")
        for client in clients:
            heard = sorted(client.receive_line() for _ in clients[1:])
            expected = (other.name + b": hello" for other in clients if other != client)
            self.assertEqual(heard, sorted(expected))
        self.stop()

    def test_lines_may_come_in_any_pieces_and_many_at_once(self):
        ann, bob = self.clients(2)
        for byte in b"by and by\n":
            ann.send(bytes([byte]))
        bob.expect_line(ann.name + b": by and by")
        ann.send(b"\n\n" + b"".join(b"%d\n" % number for number in range(100)) + b"rest")
        for number in range(100):
            bob.expect_line(b"%s: %d" % (ann.name, number))
        ann.send(b" of it\n")
        bob.expect_line(ann.name + b": rest of it")
        self.stop()

    def test_a_long_line_is_cut_and_the_next_is_whole(self):
        ann, bob = self.clients(2)
        for length in (LINE_LENGTH - 1, LINE_LENGTH, LINE_LENGTH + 1, 5000, 200000):
            ann.send(b"x" * length + b"\nnext\n")
            bob.expect_line(ann.name + b": " + b"x" * min(length, LINE_LENGTH))
            bob.expect_line(ann.name + b": next")
        self.stop()

    def test_control_characters_arrive_as_question_marks(self):
        ann, bob = self.clients(2)
        ann.send(b"\x1b[2J\x07\x00 a\tb\x7f\r\n")
        bob.expect_line(ann.name + b": ?[2J?? a?b?")
        self.stop()

    def test_who_leaves_is_told_of(self):
        ann, bob, eve = self.clients(3)
        bob.send(b"/quit\n")
        self.assertTrue(bob.ended())
        ann.expect_line(b"* %s left" % bob.name)
        eve.expect_line(b"* %s left" % bob.name)
        eve.finish()
        self.assertTrue(eve.ended())
        ann.expect_line(b"* %s left" % eve.name)
        self.stop()

    def test_who_does_not_read_misses_messages_and_holds_up_nobody(self):
        ann, bob = self.clients(2)
        with Client(self.server, receive_buffer=4096, segment=536) as slow:
            for other in (ann, bob):
                other.expect_line(b"* %s joined" % slow.name)
            line = b"x" * LINE_LENGTH
            for number in range(40):  # more than its buffers and the channel hold
                ann.send((line + b"\n") * 200)
                for _ in range(200):
                    bob.expect_line(ann.name + b": " + line)
            while not (received := slow.receive_line()).startswith(b"* you missed "):
                self.assertEqual(received, ann.name + b": " + line)
            self.assertRegex(received, rb"^\* you missed \d+ messages$")
            while not slow.is_silent():
                slow.more()
            slow.buffer = b""
            ann.send(b"and now?\n")
            while slow.receive_line() != ann.name + b": and now?":
                pass
        self.stop()

    @needs_proc
    def test_it_goes_on_after_it_was_stopped_and_continued(self):
        ann, bob = self.clients(2)
        for _ in range(3):
            self.server.stop_and_continue()
            ann.send(b"still there?\n")
            bob.expect_line(ann.name + b": still there?")
        self.stop()

    @needs_proc
    def test_descriptors_are_given_back(self):
        ann, = self.clients(1)
        before = self.server.descriptors()
        for how in (Client.close, Client.reset, Client.finish):
            with Client(self.server) as client:
                how(client)
                eventually(lambda: self.server.descriptors() == before, "the client is let go")
        self.assertRegex(ann.receive_line(), rb"^\* guest\d+ joined$")
        self.stop()

    @needs_proc
    def test_without_descriptors_clients_wait(self):
        ann, bob = self.clients(2)
        self.server.allow_descriptors(1)
        self.enterContext(Client(self.server))
        with Connection(self.server) as waiting:
            eventually(lambda: "pauses" in self.server.error_text(), "it says so")
            self.assertTrue(waiting.is_silent())
            ann.send(b"/quit\n")
            self.assertRegex(waiting.receive_line(), rb"^\* welcome, ")
        self.assertRegex(bob.receive_line(), rb"^\* guest\d+ joined$")
        self.assertEqual(self.server.stop()[0], 0)


class Patience(ChatCase):
    FLAGS = ("--patience", "200ms")

    def test_who_takes_nothing_is_let_go(self):
        ann, bob = self.clients(2)
        with Client(self.server, receive_buffer=4096, segment=536) as slow:
            for other in (ann, bob):
                other.expect_line(b"* %s joined" % slow.name)
            farewell = b"* %s was too slow" % slow.name
            heard = b""
            while heard != farewell:
                ann.send((b"x" * LINE_LENGTH + b"\n") * 100)
                ann.send(b"done\n")
                heard = bob.receive_line()
                while heard not in (farewell, ann.name + b": done"):
                    heard = bob.receive_line()
        self.stop()


class Streams(process.ServerStreams, unittest.TestCase):
    def assert_serves(self, server):
        with Connection(server) as client:
            self.assertRegex(client.receive_line(), rb"^\* welcome, ")


class CommandLine(ServerCommandLine, unittest.TestCase):
    def test_a_wrong_patience_is_one_line_and_exit_status_2(self):
        for text in ("soon", "0", "-1s", ""):
            assert_complaint(self, run("--patience", text), 2, "'%s'" % text)


if __name__ == "__main__":
    process.main(__doc__)
