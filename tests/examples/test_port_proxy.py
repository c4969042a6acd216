#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""port_proxy as a process: what one side says the other hears, whatever both do.

    test_port_proxy.py PROGRAM [--backend NAME] [--sanitized BY] [unittest's own arguments]

CMIO_TEST_GIGABYTE=1 adds a gibibyte each way at once, from netcat to socat.
"""

import contextlib
import hashlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

import process
from process import (
    ANY_PORT, Connection, Process, Server, TestCase, assert_complaint, eventually, needs_proc,
    needs_tool, run, tested
)

MEBIBYTE = 1 << 20


def socket_path(name):
    return os.path.join(tested.scratch, name)


class Target:
    """What the proxy connects to: a listener of the test's own."""

    def __init__(self, path=None, receive_buffer=None):
        self.listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        if receive_buffer is not None:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.path = path
        self.listener.bind(path or ("127.0.0.1", 0))
        self.listener.listen(256)
        self.listener.settimeout(process.WAIT)
        self.address = "unix:" + path if path else "%s:%d" % self.listener.getsockname()

    def accept(self):
        accepted, _ = self.listener.accept()
        accepted.settimeout(process.WAIT)
        return End(accepted)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.listener.close()
        if self.path:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path)


class End(Connection):
    """A connection that is there already."""

    def __init__(self, connected):  # pylint: disable=super-init-not-called
        self.socket = connected
        self.buffer = b""


class UnixProxy(Process):
    """A proxy that listens on a path."""

    def __init__(self, path, target):
        super().__init__("unix:" + path, target)
        line = self.read_line()
        if line != "listening on unix:" + path:
            self.fail(line)
        self.path = path

    def connect(self):
        connected = socket.socket(socket.AF_UNIX)
        connected.settimeout(process.WAIT)
        connected.connect(self.path)
        return End(connected)


class Sender(threading.Thread):
    """Sends all of the data and then says that there is no more."""

    def __init__(self, end, data):
        super().__init__()
        self.end, self.data = end, data
        self.start()

    def run(self):
        self.end.send(self.data)
        self.end.finish()


class Proxy(TestCase):
    """Between TCP and TCP; a subclass has Unix sockets in one place or both."""

    def open_target(self, **options):
        return Target(**options)

    def open_proxy(self, target):
        return Server(ANY_PORT, target)

    def open_client(self, proxy, **options):
        return Connection(proxy, **options)

    def setUp(self):
        self.target = self.enterContext(self.open_target())
        self.proxy = self.enterContext(self.open_proxy(self.target.address))

    def pair(self, **options):
        """The two ends of a connection through the proxy."""
        client = self.enterContext(self.open_client(self.proxy, **options))
        return client, self.enterContext(self.target.accept())

    def stop(self, errors=""):
        status, output = self.proxy.stop()
        self.assertEqual((status, output, self.proxy.error_text()), (0, "", errors))

    def assert_passes(self, client, target):
        client.send(b"hello\n")
        target.expect(b"hello\n")
        target.send(b"there\n")
        client.expect(b"there\n")

    @needs_proc
    def test_it_goes_on_after_it_was_stopped_and_continued(self):
        client, target = self.pair()
        for _ in range(3):
            self.assert_passes(client, target)
            self.proxy.stop_and_continue()
        self.assert_passes(client, target)
        self.assert_passes(*self.pair())
        self.stop()

    @needs_proc
    def test_what_follows_an_urgent_byte_is_passed_on_too(self):
        client, target = self.pair()
        self.assert_passes(client, target)
        with self.proxy.stopped():
            try:
                client.send_around_urgent(b"one", b"two")
            except OSError:
                self.skipTest("there are no urgent bytes on this socket")
        target.expect(b"onetwo")
        self.stop()

    def test_mebibytes_go_each_way_at_once(self):
        client, target = self.pair()
        data = [os.urandom(5 * MEBIBYTE + 1), os.urandom(3 * MEBIBYTE + 7)]
        senders = [Sender(client, data[0]), Sender(target, data[1])]
        there = threading.Thread(target=lambda: target.expect(data[0]))
        there.start()
        client.expect(data[1])
        there.join()
        self.assertTrue(client.ended() and target.ended())
        self.assertEqual(target.buffer, b"")
        for sender in senders:
            sender.join()
        self.stop()

    def test_who_has_said_all_still_hears_the_other(self):
        for first in (0, 1):
            ends = self.pair()
            said, other = ends[first], ends[1 - first]
            self.assert_passes(*ends)
            said.send(bytes(100000))
            said.finish()
            other.expect(bytes(100000))
            self.assertTrue(other.ended())
            for data in (b"one", b"two", os.urandom(MEBIBYTE)):
                sender = threading.Thread(target=other.send, args=(data,))
                sender.start()
                said.expect(data)
                sender.join()
            other.finish()
            self.assertTrue(said.ended())
        self.stop()

    def test_many_connections_are_open_at_once(self):
        pairs = [self.pair() for _ in range(100)]
        for number, (client, target) in enumerate(pairs):
            client.send(b"%d\n" % number)
            target.send(b"%d!\n" % number)
        for number, (client, target) in reversed(list(enumerate(pairs))):
            target.expect(b"%d\n" % number)
            client.expect(b"%d!\n" % number)
        self.stop()

    def test_one_that_never_stops_lets_others_have_their_turn(self):
        busy, sink = self.pair()
        over = threading.Event()

        def flood():
            while not over.is_set():
                busy.send(bytes(1 << 16))
            busy.finish()

        def drain():
            while sink.socket.recv(1 << 18):
                pass

        threads = [threading.Thread(target=flood), threading.Thread(target=drain)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(20):
                self.assert_passes(*self.pair())
        finally:
            over.set()
            for thread in threads:
                thread.join()
        self.stop()

    @needs_proc
    def test_who_leaves_in_any_way_leaves_no_descriptor_behind(self):
        before = self.proxy.descriptors()
        for leave in (Connection.reset, Connection.close):
            for first in (0, 1):
                for data in (b"", b"x", bytes(1 << 16)):
                    ends = self.pair()
                    self.assert_passes(*ends)
                    ends[1 - first].send(data)  # which may stay unread
                    leave(ends[first])
                    ends[1 - first].more()
                    ends[1 - first].close()
        eventually(lambda: self.proxy.descriptors() == before, "all descriptors are free")
        self.assert_passes(*self.pair())
        self.stop()

    @needs_proc
    def test_who_is_killed_leaves_no_descriptor_behind(self):
        before = self.proxy.descriptors()
        for first in (0, 1):
            ends = self.pair()
            self.assert_passes(*ends)
            # Another process has the only copy of the descriptor, and is killed in the middle.
            holder = subprocess.Popen(
                ["sleep", "1000"], stdin=ends[first].socket, stdout=subprocess.DEVNULL
            )
            ends[first].socket.close()
            ends[1 - first].send(bytes(1000))
            holder.send_signal(signal.SIGKILL)
            holder.wait()
            self.assertTrue(ends[1 - first].ended())
            ends[1 - first].close()
        eventually(lambda: self.proxy.descriptors() == before, "all descriptors are free")
        self.stop()

    @needs_proc
    def test_who_does_not_read_is_not_read_for(self):
        """The proxy's memory does not grow, others are served, and in the end all comes through."""
        for first in (0, 1):
            ends = self.pair()
            sender, reader = ends[first], ends[1 - first]
            self.assert_passes(*self.pair())
            before = self.proxy.status("VmRSS")
            sent = 0
            sender.socket.settimeout(0.5)
            with self.assertRaises(TimeoutError):
                while True:  # until there is no room on the way
                    sent += sender.socket.send(bytes(65536))
            sender.socket.settimeout(process.WAIT)
            for _ in range(3):
                self.assert_passes(*self.pair())
            self.proxy.wait_until_idle()
            if not tested.sanitized:
                self.assertLess(self.proxy.status("VmRSS") - before, 1024)
            reader.send(b"the other way is open\n")
            sender.expect(b"the other way is open\n")
            sender.finish()
            reader.expect(bytes(sent))
            self.assertTrue(reader.ended())
        self.stop()

    @needs_proc
    def test_a_target_that_refuses_ends_the_client_and_says_why(self):
        before = self.proxy.descriptors()
        address = self.target.listener.getsockname()
        self.target.close()
        if isinstance(address, tuple):  # and not a path
            self.enterContext(process.RefusingPort(address[1]))
        for _ in range(3):
            # It may be so quick that already the connect hears of it.
            with contextlib.suppress(ConnectionResetError), self.open_client(self.proxy) as client:
                self.assertEqual(client.more(), 0)
        eventually(lambda: self.proxy.error_text().count("\n") == 3, "it has said why")
        eventually(lambda: self.proxy.descriptors() == before, "all descriptors are free")
        status, _ = self.proxy.stop()
        self.assertEqual(status, 0)
        lines = self.proxy.error_text().splitlines()
        self.assertEqual(len(lines), 3, lines)
        for line in lines:
            self.assertRegex(line, "^port_proxy: %s: .+" % self.target.address)

    @needs_proc
    def test_without_descriptors_clients_wait_or_are_told(self):
        self.proxy.allow_descriptors(2)
        inside = self.pair()
        self.assert_passes(*inside)
        waiting = self.enterContext(self.open_client(self.proxy))
        eventually(lambda: "wait" in self.proxy.error_text(), "it says so")
        self.proxy.wait_until_idle()
        self.assert_passes(*inside)
        for end in inside:
            end.close()
        self.assert_passes(waiting, self.enterContext(self.target.accept()))
        self.assertEqual(self.proxy.stop()[0], 0)

    def test_a_signal_under_traffic_ends_it_well(self):
        self.stop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.open_proxy(self.target.address) as proxy:
                ends = []
                for _ in range(10):
                    client = self.enterContext(self.open_client(proxy))
                    target = self.enterContext(self.target.accept())
                    client.send(bytes(100000))
                    target.send(bytes(100000))
                    client.receive(1)
                    ends += [client, target]
                proxy.signal(number)
                self.assertEqual(proxy.wait(), (0, ""))
                for end in ends:
                    while end.more() > 0:
                        pass


class ToUnix(Proxy):
    """From TCP to a path."""

    def open_target(self, **options):
        return Target(path=socket_path("target"), **options)


class FromUnixToUnix(ToUnix):
    def open_proxy(self, target):
        return UnixProxy(socket_path("proxy"), target)

    def open_client(self, proxy, **options):
        return proxy.connect()

    def test_the_socket_file_goes_with_it_and_a_stale_one_is_replaced(self):
        self.assertTrue(os.path.exists(self.proxy.path))
        self.proxy.kill()
        self.assertTrue(os.path.exists(self.proxy.path))
        with self.open_proxy(self.target.address) as proxy:
            result = run("unix:" + proxy.path, self.target.address)
            assert_complaint(self, result, 1, "unix:" + proxy.path, "in use")
            self.assertEqual(proxy.stop(), (0, ""))
        self.assertFalse(os.path.exists(self.proxy.path))


class Streams(process.ServerStreams, TestCase):
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


class CommandLine(process.AnyCommandLine, TestCase):
    USAGE = r"\[--help\] LISTEN TARGET\n"
    RUNS = (ANY_PORT, ANY_PORT)

    def test_wrong_arguments_are_one_line_and_exit_status_2(self):
        for arguments, part in (
            ([], "LISTEN and TARGET"),
            ([ANY_PORT], "LISTEN and TARGET"),
            ([ANY_PORT, ANY_PORT, "more"], "LISTEN and TARGET"),
            (["--bogus"], "bogus"),
            (["nowhere", ANY_PORT], "'nowhere'"),
            ([ANY_PORT, "127.0.0.1"], "'127.0.0.1'"),
            ([ANY_PORT, "unix:" + "x" * 200], "xxx"),
        ):
            with self.subTest(arguments):
                assert_complaint(self, run(*arguments), 2, part)

    def test_an_address_in_use_is_one_line_and_exit_status_1(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            address = "127.0.0.1:%d" % other.getsockname()[1]
            assert_complaint(self, run(address, ANY_PORT), 1, address, "in use")
        path = process.scratch_file("regular", b"")
        assert_complaint(self, run("unix:" + path, ANY_PORT), 1, path, "in use")
        self.assertTrue(os.path.exists(path))


class Talker:
    """A tool between pipes and a socket: it says so many bytes, and hashes those that it hears."""

    def __init__(self, seed, length, *command):
        self.seed, self.length = seed, length
        self.sent, self.received = hashlib.sha256(), hashlib.sha256()
        self.count = 0
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self.threads = [threading.Thread(target=work) for work in (self.say, self.hear)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def say(self):
        blocks = random.Random(self.seed)
        with self.process.stdin as pipe:
            for _ in range(self.length // MEBIBYTE):
                block = blocks.randbytes(MEBIBYTE)
                self.sent.update(block)
                view = memoryview(block)
                while view:
                    view = view[pipe.write(view):]

    def hear(self):
        with self.process.stdout as pipe:
            while True:
                block = pipe.read(MEBIBYTE)
                if not block:
                    return
                self.received.update(block)
                self.count += len(block)

    def join(self):
        for thread in self.threads:
            thread.join()
        return self.process.wait(process.WAIT)


@needs_proc
@needs_tool("nc")
@needs_tool("socat")
@unittest.skipUnless(os.environ.get("CMIO_TEST_GIGABYTE"), "CMIO_TEST_GIGABYTE is not set")
class Gigabyte(TestCase):
    """A gibibyte each way at once, byte by byte the same, in memory that does not grow."""

    LENGTH = 1024 * MEBIBYTE

    def transfer(self, address, target):
        proxy = self.enterContext(Server(ANY_PORT, address))
        client = Talker(2, self.LENGTH, "nc", "-N", proxy.host, str(proxy.port))
        begin = time.monotonic()
        for talker in (target, client):
            talker.start()
        eventually(lambda: client.count and target.count, "bytes go both ways")
        resident = []
        while any(thread.is_alive() for thread in client.threads + target.threads):
            resident.append(proxy.status("VmRSS"))
            time.sleep(0.25)  # between two looks
        self.assertEqual((client.join(), target.join()), (0, 0))
        seconds = time.monotonic() - begin
        self.assertEqual((client.count, target.count), (self.LENGTH, self.LENGTH))
        self.assertEqual(client.sent.hexdigest(), target.received.hexdigest())
        self.assertEqual(target.sent.hexdigest(), client.received.hexdigest())
        sys.stderr.write(
            "%.1f s; resident: %d KiB at first, %d in the middle, %d at the end, %d at most; "
            "processor: %.1f s ... " % (
                seconds, resident[0], resident[len(resident) // 2], resident[-1],
                proxy.status("VmHWM"), proxy.cpu_seconds(),
            )
        )
        self.assertLess(max(resident) - resident[0], 256)
        self.assertEqual(proxy.stop(), (0, ""))

    def test_from_tcp_to_tcp(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]  # socat cannot say which one the system chose
        target = Talker(
            1, self.LENGTH, "socat", "-t3600", "TCP-LISTEN:%d,bind=127.0.0.1,reuseaddr" % port, "-"
        )
        listening = "0100007F:%04X 00000000:0000 0A" % port
        with open("/proc/net/tcp", encoding="ascii") as table:
            eventually(lambda: table.seek(0) == 0 and listening in table.read(), "socat listens")
        self.transfer("127.0.0.1:%d" % port, target)

    def test_from_tcp_to_unix(self):
        path = socket_path("socat")
        target = Talker(1, self.LENGTH, "socat", "-t3600", "UNIX-LISTEN:" + path, "-")
        eventually(lambda: os.path.exists(path), "socat listens")
        self.transfer("unix:" + path, target)


if __name__ == "__main__":
    process.main(__doc__)
