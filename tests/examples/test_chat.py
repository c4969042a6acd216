#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""chat as a process: who hears what, and what clients cannot do to each other.

    test_chat.py PROGRAM [--backend NAME] [--sanitized BY] [unittest's own arguments]
"""

import os
import signal
import threading

import process
from process import (
    ANY_PORT, Connection, Server, ServerCommandLine, TestCase, eventually, needs_proc, tested
)

QUEUE_SIZE = 64 * 1024  # what the server holds for a client that does not read
LINE_LENGTH = 500


class Client(Connection):
    """Somebody who chats. Lines are told to them without their ends."""

    def __init__(self, server, **options):
        super().__init__(server, **options)
        words = self.receive_line().decode().split()
        assert words[:2] == ["*", "welcome,"], words
        self.name = words[2].rstrip(":")

    def say(self, line):
        self.send(line + b"\n")

    def expect_line(self, line):
        received = self.receive_line()
        assert received == line, "%r in place of %r" % (received[:200], line)

    def call_oneself(self, name):
        self.say(b"/nick " + name.encode())
        self.expect_line(("* %s is now %s" % (self.name, name)).encode())
        self.name = name

    def skip_to(self, line):
        """Passes over what others are told, up to this line."""
        while self.receive_line() != line:
            pass


class Chat(TestCase):
    def setUp(self):
        self.server = self.enterContext(Server(ANY_PORT))

    def clients(self, *names):
        """So many clients, who have heard of each other's coming."""
        clients = []
        for name in names:
            client = self.enterContext(Client(self.server))
            for other in clients:
                other.expect_line(b"* %s joined" % client.name.encode())
            client.call_oneself(name)
            for other in clients:
                other.receive_line()
            clients.append(client)
        return clients

    def stop(self):
        status, output = self.server.stop()
        self.assertEqual((status, output, self.server.error_text()), (0, "", ""))

    def test_all_others_hear_what_one_says(self):
        ann, bob, eve = self.clients("ann", "bob", "eve")
        ann.say(b"good morning")
        for other in (bob, eve):
            other.expect_line(b"ann: good morning")
        bob.say("gr\u00fc\u00df euch \u201e\U0001f600\u201c".encode())
        for other in (ann, eve):
            other.expect_line("bob: gr\u00fc\u00df euch \u201e\U0001f600\u201c".encode())
        self.assertTrue(bob.is_silent())
        self.stop()

    @needs_proc
    def test_it_goes_on_after_it_was_stopped_and_continued(self):
        ann, bob = self.clients("ann", "bob")
        for _ in range(3):
            self.server.stop_and_continue()
            ann.say(b"still there?")
            bob.expect_line(b"ann: still there?")
        self.stop()

    @needs_proc
    def test_what_follows_an_urgent_byte_is_heard_too(self):
        ann, bob = self.clients("ann", "bob")
        with self.server.stopped():
            ann.send_around_urgent(b"good ", b"morning\n")
        bob.expect_line(b"ann: good morning")
        self.stop()

    def test_many_hear_many(self):
        clients = self.clients(*("c%d" % number for number in range(30)))
        for client in clients:
            client.say(b"hello")
        for client in clients:
            heard = sorted(client.receive_line() for _ in clients[1:])
            expected = (b"%s: hello" % other.name.encode() for other in clients if other != client)
            self.assertEqual(heard, sorted(expected))
        self.stop()

    def test_lines_may_come_in_any_pieces_and_many_at_once(self):
        ann, bob = self.clients("ann", "bob")
        for byte in b"by and by\r\n":
            ann.send(bytes([byte]))
        bob.expect_line(b"ann: by and by")
        ann.send(b"\n\r\n" + b"".join(b"%d\n" % number for number in range(1000)) + b"rest")
        for number in range(1000):
            bob.expect_line(b"ann: %d" % number)
        ann.send(b" of it\n")
        bob.expect_line(b"ann: rest of it")
        self.stop()

    def test_a_long_line_is_cut_and_the_next_is_whole(self):
        ann, bob = self.clients("ann", "bob")
        for length in (LINE_LENGTH, LINE_LENGTH + 1, 5000, 200000):
            ann.say(b"x" * length)
            ann.say(b"next")
            bob.expect_line(b"ann: " + b"x" * LINE_LENGTH)
            bob.expect_line(b"ann: next")
        self.stop()

    def test_control_characters_arrive_as_question_marks(self):
        ann, bob = self.clients("ann", "bob")
        ann.say(b"\x1b[2J\x07\x00 a\tb\x7f\r")
        bob.expect_line(b"ann: ?[2J?? a?b?")
        ann.say("\u009b2J \u00e9\u0100".encode() + b" \x9b2J")
        bob.expect_line(b"ann: \xc2?2J " + "\u00e9\u0100".encode() + b" ?2J")
        self.stop()

    def test_binary_rubbish_harms_nobody(self):
        ann, bob = self.clients("ann", "bob")
        rubbish = bytes(range(256)) * 8 + os.urandom(4096)
        ann.say(rubbish)
        ann.say(b"done")
        while (line := bob.receive_line()) != b"ann: done":
            self.assertTrue(line.startswith((b"ann: ", b"* ")))
            self.assertFalse(any(byte < 0x20 or byte == 0x7F for byte in line))
        self.stop()

    def test_names_are_changed_but_never_shared(self):
        ann, bob = self.clients("ann", "bob")
        ann.say(b"/nick bob")
        ann.expect_line(b"* bob is taken")
        for name in (b"", b"a b", b"x" * 25, b"\xc3\xa9", b"*"):
            ann.say(b"/nick " + name)
            self.assertTrue(ann.receive_line().startswith(b"* a name has "))
        ann.say(b"/nick " + b"y" * 24)
        bob.expect_line(b"* ann is now " + b"y" * 24)
        bob.say(b"/nick guest3")  # which would be the next one's
        bob.expect_line(b"* bob is now guest3")
        with Client(self.server) as third:
            self.assertEqual(third.name, "guest4")
        self.stop()

    def test_who_lists_all(self):
        ann, _ = self.clients("ann", "bob")
        ann.say(b"/who")
        self.assertEqual({ann.receive_line() for _ in range(2)}, {b"* ann (you)", b"* bob"})
        ann.say(b"/whoever")
        ann.expect_line(b"* no such command: /whoever")
        self.stop()

    @needs_proc
    def test_whoever_leaves_is_told_of_and_leaves_nothing_behind(self):
        before = self.server.descriptors()
        (ann,) = self.clients("ann")
        for leave, farewells in (
            (lambda client: client.say(b"/quit"), [b"left"]),
            (Client.finish, [b"left"]),
            (Client.close, [b"left"]),
            (Client.reset, [b"is gone", b"left"]),
        ):
            client = Client(self.server)
            ann.expect_line(b"* %s joined" % client.name.encode())
            client.say(b"bye")
            ann.expect_line(b"%s: bye" % client.name.encode())
            leave(client)
            told = [b"* %s %s" % (client.name.encode(), farewell) for farewell in farewells]
            self.assertIn(ann.receive_line(), told)
            client.close()
        ann.close()
        eventually(lambda: self.server.descriptors() == before, "all descriptors are free")
        self.stop()

    @needs_proc
    def test_all_may_leave_at_once(self):
        """To the first of them the others cannot be told: they are freed, each before its own event."""
        before = self.server.descriptors()
        for _ in range(5):
            clients = [Client(self.server) for _ in range(50)]
            clients[-1].say(b"/quiet")
            clients[-1].skip_to(b"* no such command: /quiet")
            with self.server.stopped():
                for client in clients:
                    client.say(b"bye")
                    client.reset()
            eventually(lambda: self.server.descriptors() == before, "all descriptors are free")
        self.clients("ann", "bob")
        self.stop()

    def talk(self, speaker, listener, count, until=None):
        """
        One speaks, another hears it, and nobody speaks faster than that: so many lines, or until
        the listener is told something. Returns how many it were in that case, and else None.
        """
        is_told = False
        number = 0
        while number < count and not is_told:
            line = b"%0*d" % (LINE_LENGTH, number)
            speaker.say(line)
            number += 1
            while (heard := listener.receive_line()) != speaker.name.encode() + b": " + line:
                is_told |= heard == until
        listener.say(b"/done")  # what came of the last line is told before this is answered
        while (heard := listener.receive_line()) != b"* no such command: /done":
            is_told |= heard == until
        return number if is_told else None

    def test_who_does_not_read_is_dropped_and_the_others_go_on(self):
        ann, bob = self.clients("ann", "bob")
        slow = self.enterContext(Client(self.server, receive_buffer=4096))
        told = b"* %s was too slow" % slow.name.encode()
        self.assertIsNotNone(self.talk(ann, bob, 200000, until=told))
        ann.skip_to(told)
        self.talk(bob, ann, 10)
        received = 0
        while (count := slow.more()) > 0:
            received += count
            slow.buffer = b""
        self.assertGreater(received, QUEUE_SIZE)
        self.stop()

    def test_who_reads_late_but_in_time_misses_nothing(self):
        ann, bob = self.clients("ann", "bob")
        count, said = None, 200000
        while said is not None:
            count = said - QUEUE_SIZE // LINE_LENGTH // 2  # half of the queue less each time
            slow = self.enterContext(Client(self.server, receive_buffer=4096))
            told = b"* %s was too slow" % slow.name.encode()
            said = self.talk(ann, bob, count, until=told)
        for number in range(count):
            slow.expect_line(b"ann: %0*d" % (LINE_LENGTH, number))
        self.stop()

    @needs_proc
    def test_memory_does_not_grow_with_who_does_not_read(self):
        ann, bob = self.clients("ann", "bob")
        before = self.server.status("VmRSS")
        slow = [self.enterContext(Client(self.server, receive_buffer=4096)) for _ in range(5)]
        self.talk(ann, bob, 20000)
        if not tested.sanitized:
            kibibytes = len(slow) * 2 * QUEUE_SIZE // 1024 + 512
            self.assertLess(self.server.status("VmRSS") - before, kibibytes)
        self.stop()

    @needs_proc
    def test_without_descriptors_the_next_clients_wait_until_others_leave(self):
        self.server.allow_descriptors(2)
        ann, bob = self.clients("ann", "bob")
        waiting = Connection(self.server)
        eventually(lambda: "wait" in self.server.error_text(), "it says so")
        ann.say(b"are you there?")
        bob.expect_line(b"ann: are you there?")
        self.assertTrue(waiting.is_silent())
        bob.close()
        self.assertTrue(waiting.receive_line().startswith(b"* welcome, "))
        waiting.close()
        self.assertEqual(self.server.stop()[0], 0)

    def test_a_signal_under_traffic_ends_it_well(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server(ANY_PORT) as server:
                clients = [self.enterContext(Client(server)) for _ in range(10)]
                over = threading.Event()
                speaker = threading.Thread(target=self.speak, args=(clients[0], over))
                speaker.start()
                clients[1].skip_to(b"%s: hello" % clients[0].name.encode())
                server.signal(number)
                self.assertEqual(server.wait(), (0, ""))
                over.set()
                speaker.join()

    @staticmethod
    def speak(client, over):
        try:
            while not over.is_set():
                client.say(b"hello")
        except ConnectionError:
            pass


class Streams(process.ServerStreams, TestCase):
    def assert_serves(self, server):
        with process.Connection(server) as client:
            self.assertRegex(client.receive_line(), rb"^\* welcome, ")


class CommandLine(ServerCommandLine, TestCase):
    pass


if __name__ == "__main__":
    process.main(__doc__)
