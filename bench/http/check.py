#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Whether the servers of the http benchmark do the same: bench/http/check.py PROGRAM...

Starts each program and asks it what is easy to get wrong. Ends with 1 if one answers otherwise.
"""

import os
import socket
import subprocess
import sys
import time

RESPONSE = (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n"
            b"Connection: keep-alive\r\n\r\nHello, world\n")


def request(milliseconds):
    return b"GET /%d HTTP/1.1\r\nHost: localhost\r\n\r\n" % milliseconds


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)

    def send(self, data):
        self.socket.sendall(data)

    def receive(self, length):
        data = b""
        while len(data) < length:
            piece = self.socket.recv(length - len(data))
            if not piece:
                break
            data += piece
        return data

    def expect(self, count):
        data = self.receive(count * len(RESPONSE))
        assert data == count * RESPONSE, data[:200]

    def expect_end(self):
        assert self.receive(1) == b""

    def expect_silence(self):
        self.socket.settimeout(0.05)
        try:
            data = self.socket.recv(1)
        except TimeoutError:
            self.socket.settimeout(30)
            return
        raise AssertionError(data)


def one_request(client, _):
    client.send(request(0))
    client.expect(1)
    client.send(request(0))
    client.expect(1)
    client.expect_silence()


def partial(client, _):
    for piece in (b"GE", b"T /0 HTTP/1.1\r\nHost: a\r", b"\n\r"):
        client.send(piece)
        client.expect_silence()
    client.send(b"\n" + request(0) + b"GET")
    client.expect(2)
    client.send(b" /0 HTTP/1.0\r\n\r\n")
    client.expect(1)


def sleep(client, _):
    begin = time.monotonic()
    client.send(request(200))
    client.expect(1)
    # libuv's clock is whole milliseconds, cut off.
    assert time.monotonic() - begin >= 0.199


def sleep_first(client, _):
    begin = time.monotonic()
    client.send(request(200) + request(0) + request(100) + request(0))
    client.expect(2)
    between = time.monotonic()
    assert between - begin >= 0.199
    client.expect(2)
    assert time.monotonic() - between >= 0.05


def more_while_sleeping(client, _):
    client.send(request(200))
    for _ in range(3):
        time.sleep(0.01)
        client.send(request(0) + b"GET ")
        time.sleep(0.01)
        client.send(b"/0 HTTP/1.1\r\n\r\n")
    client.expect(7)


def far_ahead(client, _):
    """More behind a request that sleeps than is read ahead."""
    count = 3000
    client.send(request(300) + count * request(0))
    client.expect(1 + count)
    client.send(request(0))
    client.expect(1)


def slow_reader(client, _):
    """More responses than the sockets have room for."""
    count = 100000
    child = os.fork()
    if child == 0:
        client.send(count // 2 * (request(0) + request(0)) + request(50) + request(0))
        os._exit(0)
    time.sleep(0.3)
    client.expect(count + 2)
    assert os.waitpid(child, 0)[1] == 0


def bad_closes(client, port):
    client.send(b"POST /0 HTTP/1.1\r\n\r\n")
    client.expect_end()
    for text in (b"GET /x HTTP/1.1\r\n\r\n", b"GET /1000000000000 HTTP/1.1\r\n\r\n", b"\r\n\r\n",
                 b"GET /0\r\n\r\n", b"GET /0 HTTQ/1.1\r\n\r\n", b"GET /" + 9000 * b"0"):
        other = Client(port)
        other.send(text)
        try:
            other.expect_end()
        except ConnectionResetError:
            pass
    behind = Client(port)
    behind.send(request(0) + request(50) + b"x\r\n\r\n")
    behind.expect(2)
    behind.expect_end()


def leaving(client, port):
    """Clients that leave asleep, in the middle of a request, or with their last bytes."""
    for text in (request(100), request(100) + request(0) + b"GET", b"GET /", b""):
        for reset in (False, True):
            other = Client(port)
            other.send(text)
            if reset:
                other.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0" + 4 * b"\0")
            other.socket.close()
    half = Client(port)
    half.send(request(0))
    half.socket.shutdown(socket.SHUT_WR)
    half.expect(1)
    half.expect_end()
    time.sleep(0.2)
    client.send(request(0))
    client.expect(1)


CHECKS = (one_request, partial, sleep, sleep_first, more_while_sleeping, far_ahead, slow_reader,
          bad_closes, leaving)


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def check(program):
    process = subprocess.Popen([program, "--port", "0"], stdout=subprocess.PIPE)
    port = int(process.stdout.readline().split()[1])
    try:
        Client(port).socket.close()
        time.sleep(0.1)
        before = descriptors(process)
        for one in CHECKS:
            client = Client(port)
            one(client, port)
            client.socket.close()
            time.sleep(0.1)
            assert descriptors(process) == before, f"{one.__name__}: descriptors left open"
    except (AssertionError, OSError) as error:
        print(f"{program}: {one.__name__}: {error!r}")
        return False
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
    return True


def main():
    good = [check(program) for program in sys.argv[1:]]
    print(f"{sum(good)} of {len(good)} servers do as they should")
    return 0 if good and all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
