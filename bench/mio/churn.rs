// SPDX-License-Identifier: MIT

//! bench/churn/churn.h on mio.

use std::io::{ErrorKind, Read};
use std::os::unix::io::{FromRawFd, RawFd};
use std::time::Duration;

use bench::{check, Setting};
use mio::net::{TcpListener, TcpStream};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

const BATCH: usize = 100;
const LISTENER: Token = Token(usize::MAX);
const CONNECTION: Token = Token(usize::MAX - 1);

struct Churn {
    poll: Poll,
    events: Events,
    fds: Vec<RawFd>, // the first BATCH are those that change, the others stay
    peers: Vec<RawFd>,
    seen: [bool; BATCH],
    listener: Option<TcpListener>,
    connection: Option<TcpStream>,
    accepted: i64,
    closed: i64,
}

impl Churn {
    #[inline(always)]
    fn register(&self, i: usize) {
        let mut source = SourceFd(&self.fds[i]);
        let result = self.poll.registry().register(&mut source, Token(i), Interest::READABLE);
        check(result.is_ok(), "register");
    }

    #[inline(always)]
    fn deregister(&self, i: usize) {
        let result = self.poll.registry().deregister(&mut SourceFd(&self.fds[i]));
        check(result.is_ok(), "deregister");
    }

    #[inline(always)]
    fn reregister(&self, i: usize, interest: Interest) {
        let mut source = SourceFd(&self.fds[i]);
        let result = self.poll.registry().reregister(&mut source, Token(i), interest);
        check(result.is_ok(), "reregister");
    }

    fn widen(&self, i: usize) {
        self.reregister(i, Interest::READABLE | Interest::WRITABLE);
    }

    fn narrow(&self, i: usize) {
        self.reregister(i, Interest::READABLE);
    }

    /// Once.
    fn run(&mut self, wait: bool) {
        let timeout = if wait { None } else { Some(Duration::ZERO) };
        bench::check_wait(self.poll.poll(&mut self.events, timeout));
        for event in self.events.iter() {
            match event.token() {
                LISTENER => {
                    let listener = self.listener.as_ref().expect("listener");
                    while let Ok((mut stream, _)) = listener.accept() {
                        let result = self.poll.registry().register(
                            &mut stream,
                            CONNECTION,
                            Interest::READABLE,
                        );
                        check(result.is_ok(), "register");
                        self.connection = Some(stream);
                        self.accepted += 1;
                    }
                }
                CONNECTION => {
                    let mut stream = self.connection.take().expect("connection");
                    let result = stream.read(&mut [0; 64]);
                    check(matches!(result, Err(e) if e.kind() != ErrorKind::WouldBlock), "reset");
                    check(self.poll.registry().deregister(&mut stream).is_ok(), "deregister");
                    self.closed += 1; // and closes it
                }
                Token(i) => self.seen[i] = true,
            }
        }
    }

    fn measure_register(&mut self, count: i64) -> i64 {
        let begin = bench::now();
        for _ in 0..count / BATCH as i64 {
            (0..BATCH).for_each(|i| self.register(i));
            self.run(false);
            (0..BATCH).for_each(|i| self.deregister(i));
            self.run(false);
        }
        bench::now() - begin
    }

    fn measure_interest(&mut self, count: i64) -> i64 {
        let begin = bench::now();
        for _ in 0..count / (2 * BATCH as i64) {
            (0..BATCH).for_each(|i| self.widen(i));
            self.run(false);
            (0..BATCH).for_each(|i| self.narrow(i));
            self.run(false);
        }
        bench::now() - begin
    }

    fn measure_connect(&mut self, count: i64, port: u16) -> i64 {
        let last = self.accepted + count;
        let begin = bench::now();
        while self.accepted < last {
            let client = bench::connect(port);
            let before = self.accepted;
            while self.accepted == before {
                self.run(true);
            }
            bench::close(client);
            while self.closed < self.accepted {
                self.run(true);
            }
        }
        bench::now() - begin
    }

    fn send_to_all(&self) {
        self.peers.iter().for_each(|peer| check(bench::send(*peer, b"e") == 1, "send"));
    }

    fn expect_all(&mut self) {
        while self.seen.contains(&false) {
            self.run(true);
        }
        self.seen = [false; BATCH];
    }

    /// What is registered is told; what is deregistered is not.
    fn check_register(&mut self) {
        check(!self.seen.contains(&true), "nothing is ready");
        (0..BATCH).for_each(|i| self.register(i));
        self.send_to_all();
        self.expect_all();
        for i in 0..BATCH {
            drain(self.fds[i]);
            self.deregister(i);
        }
        self.send_to_all();
        self.run(false);
        check(!self.seen.contains(&true), "what is deregistered is not told");
    }

    /// What is watched for reading is not told that it is writable; for writing too, it is.
    fn check_interest(&mut self) {
        check(!self.seen.contains(&true), "nothing is ready");
        self.peers.iter().for_each(|peer| drain(*peer));
        self.run(false);
        check(!self.seen.contains(&true), "what is not watched is not told");
        (0..BATCH).for_each(|i| self.widen(i));
        self.expect_all();
    }
}

fn drain(fd: RawFd) {
    let mut buffer = [0; 4096];
    while bench::receive(fd, &mut buffer) > 0 {}
}

fn fill(fd: RawFd) {
    bench::set_least_send_buffer(fd);
    while bench::send(fd, &[0; 4096]) > 0 {}
}

fn measure(churn: &mut Churn, mode: i64, count: i64) -> i64 {
    if mode == 0 {
        churn.measure_register(count); // to warm up, and below
        let time = churn.measure_register(count);
        churn.check_register();
        return time;
    }
    if mode == 1 {
        (0..BATCH).for_each(|i| churn.register(i));
        churn.measure_interest(count);
        let time = churn.measure_interest(count);
        churn.check_interest();
        return time;
    }
    let (listener, port) = bench::listen(0);
    let mut listener = unsafe { TcpListener::from_raw_fd(listener) };
    churn.poll.registry().register(&mut listener, LISTENER, Interest::READABLE).expect("register");
    churn.listener = Some(listener);
    churn.measure_connect(count, port);
    let time = churn.measure_connect(count, port);
    check(churn.accepted == 2 * count && churn.closed == churn.accepted, "all were told");
    time
}

fn main() {
    let (mut mode, mut sources, mut count) = (0, 1000, 0);
    bench::options(&mut [
        Setting { name: "mode", value: &mut mode, least: 0, most: 2 },
        Setting { name: "sources", value: &mut sources, least: 0, most: 1_000_000 },
        Setting { name: "count", value: &mut count, least: 0, most: 1_000_000_000 },
    ]);
    if count == 0 {
        count = if mode == 2 { 20_000 } else { 200_000 };
    }
    let batches = 2 * BATCH as i64; // whole ones, both ways
    if mode != 2 {
        count = (count + batches - 1) / batches * batches;
    }
    bench::need_descriptors(sources + 2 * BATCH as i64 + 50);
    let mut churn = Churn {
        poll: Poll::new().expect("poll"),
        events: Events::with_capacity(64),
        fds: Vec::new(),
        peers: Vec::new(),
        seen: [false; BATCH],
        listener: None,
        connection: None,
        accepted: 0,
        closed: 0,
    };
    for _ in 0..BATCH {
        let [one, other] = bench::socketpair();
        fill(one);
        churn.fds.push(one);
        churn.peers.push(other);
    }
    for i in BATCH..BATCH + sources as usize {
        churn.fds.push(bench::eventfd());
        churn.register(i);
    }
    let time = measure(&mut churn, mode, count);
    bench::report("ns_per_op", time as f64 / count as f64);
}
