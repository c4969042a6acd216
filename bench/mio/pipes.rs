// SPDX-License-Identifier: MIT

//! bench/pipes/pipes.h on mio.
//!
//! The sockets are descriptors, watched as SourceFd, since Rust's own UnixStream uses write(2) where
//! all others use send(2).

use std::os::unix::io::RawFd;

use bench::{check, Setting};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

struct Pipes {
    readers: Vec<RawFd>,
    writers: Vec<RawFd>,
    left_to_write: i64,
    left_to_read: i64,
}

impl Pipes {
    #[inline(always)]
    fn write(&mut self, i: usize) {
        check(bench::send(self.writers[i], b"e") == 1, "send");
        self.left_to_write -= 1;
    }

    #[inline(always)]
    fn read(&mut self, i: usize) {
        let mut buffer = [0; 64];
        let count = bench::receive(self.readers[i], &mut buffer);
        if count <= 0 {
            return;
        }
        self.left_to_read -= count as i64;
        if self.left_to_write > 0 {
            self.write(if i + 1 < self.readers.len() { i + 1 } else { 0 });
        }
    }

    fn round(&mut self, poll: &mut Poll, events: &mut Events, active: usize, writes: i64) -> i64 {
        self.left_to_write = writes;
        self.left_to_read = writes;
        let step = self.readers.len() / active;
        let begin = bench::now();
        for i in 0..active {
            self.write(i * step);
        }
        while self.left_to_read > 0 {
            bench::check_wait(poll.poll(events, None));
            for event in events.iter() {
                self.read(event.token().0);
            }
        }
        bench::now() - begin
    }
}

fn main() {
    let (mut pairs, mut active, mut writes, mut rounds) = (1000, 100, 1000, 100);
    bench::options(&mut [
        Setting { name: "pairs", value: &mut pairs, least: 1, most: 1_000_000 },
        Setting { name: "active", value: &mut active, least: 1, most: 1_000_000 },
        Setting { name: "writes", value: &mut writes, least: 1, most: 1_000_000 },
        Setting { name: "rounds", value: &mut rounds, least: 1, most: 1_000_000 },
    ]);
    check(active <= pairs && active <= writes, "active <= pairs && active <= writes");
    bench::need_descriptors(2 * pairs + 50);
    let mut poll = Poll::new().expect("poll");
    let mut events = Events::with_capacity(1024);
    let mut pipes =
        Pipes { readers: Vec::new(), writers: Vec::new(), left_to_write: 0, left_to_read: 0 };
    for i in 0..pairs as usize {
        let [reader, writer] = bench::socketpair();
        poll.registry()
            .register(&mut SourceFd(&reader), Token(i), Interest::READABLE)
            .expect("register");
        pipes.readers.push(reader);
        pipes.writers.push(writer);
    }
    pipes.round(&mut poll, &mut events, active as usize, writes); // to warm up
    let mut time = 0;
    for _ in 0..rounds {
        time += pipes.round(&mut poll, &mut events, active as usize, writes);
    }
    bench::report("ns_per_event", time as f64 / (rounds * writes) as f64);
}
