// SPDX-License-Identifier: MIT

//! bench/echo/echo.h on mio.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::io::FromRawFd;

use bench::{check, Setting};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

const LENGTH: usize = 64;

/// The client's end of connection i is 2 * i, the server's is 2 * i + 1.
struct Echo {
    ends: Vec<TcpStream>,
    expected: Vec<u64>,
    last_number: u64,
    left_to_send: i64,
    left_to_return: i64,
}

impl Echo {
    #[inline(always)]
    fn send(&mut self, end: usize, message: &[u8]) {
        check(matches!(self.ends[end].write(message), Ok(LENGTH)), "sent all");
    }

    #[inline(always)]
    fn ask(&mut self, end: usize) {
        let mut message = [0; LENGTH];
        self.last_number += 1;
        self.expected[end / 2] = self.last_number;
        message[..8].copy_from_slice(&self.last_number.to_ne_bytes());
        self.send(end, &message);
        self.left_to_send -= 1;
    }

    #[inline(always)]
    fn ready(&mut self, end: usize) {
        let mut message = [0; 2 * LENGTH];
        let count = match self.ends[end].read(&mut message) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            result => result.expect("read"),
        };
        check(count == LENGTH, "received all");
        if end % 2 == 1 {
            return self.send(end, &message[..count]);
        }
        check(message[..8] == self.expected[end / 2].to_ne_bytes(), "the number that was sent");
        self.left_to_return -= 1;
        if self.left_to_send > 0 {
            self.ask(end);
        }
    }

    fn run(&mut self, poll: &mut Poll, events: &mut Events, count: i64) -> i64 {
        self.left_to_send = count;
        self.left_to_return = count;
        let begin = bench::now();
        for end in (0..self.ends.len()).step_by(2) {
            if self.left_to_send > 0 {
                self.ask(end);
            }
        }
        while self.left_to_return > 0 {
            bench::check_wait(poll.poll(events, None));
            for event in events.iter() {
                self.ready(event.token().0);
            }
        }
        bench::now() - begin
    }
}

fn connect(connections: i64) -> Vec<TcpStream> {
    let mut ends = Vec::new();
    let (listener, port) = bench::listen(0);
    for _ in 0..connections {
        let client = bench::connect(port);
        let server = bench::accept(listener);
        bench::set_nodelay(server);
        ends.push(unsafe { TcpStream::from_raw_fd(client) });
        ends.push(unsafe { TcpStream::from_raw_fd(server) });
    }
    bench::close(listener);
    ends
}

fn main() {
    let (mut connections, mut messages) = (100, 100_000);
    bench::options(&mut [
        Setting { name: "connections", value: &mut connections, least: 1, most: 1_000_000 },
        Setting { name: "messages", value: &mut messages, least: 1, most: 1_000_000_000 },
    ]);
    bench::need_descriptors(2 * connections + 50);
    let mut poll = Poll::new().expect("poll");
    let mut events = Events::with_capacity(1024);
    let mut echo = Echo {
        ends: connect(connections),
        expected: vec![0; connections as usize],
        last_number: 0,
        left_to_send: 0,
        left_to_return: 0,
    };
    for (i, end) in echo.ends.iter_mut().enumerate() {
        poll.registry().register(end, Token(i), Interest::READABLE).expect("register");
    }
    echo.run(&mut poll, &mut events, connections + messages / 10); // to warm up
    let time = echo.run(&mut poll, &mut events, messages);
    bench::report("ns_per_trip", time as f64 / messages as f64);
}
