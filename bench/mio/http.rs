// SPDX-License-Identifier: MIT

//! bench/http/http.h on mio: the same parser, the same responses, the same way with what cannot be
//! answered yet. mio has no timers: a binary heap has the deadlines, and forgets those of clients
//! that left when their time comes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{ErrorKind, Read, Result, Write};
use std::os::unix::io::FromRawFd;
use std::time::Duration;

use bench::{check, Setting};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Content-Type: text/plain\r\n\
    Content-Length: 13\r\n\
    Connection: keep-alive\r\n\
    \r\n\
    Hello, world\n";
const INPUT: usize = 16384;
const HEAD_MOST: usize = 8192;
const AHEAD_MOST: usize = 8192;
const SLEEP_MOST: u32 = 100_000_000;
const AT_ONCE: usize = 64;
const LISTENER: Token = Token(usize::MAX);

/// What is at the beginning of a text.
enum Request {
    Whole { head: usize, milliseconds: u32 },
    Part,
    Bad,
}

fn find_newline(text: &[u8]) -> Option<usize> {
    let start = text.as_ptr();
    let found = unsafe { libc::memchr(start.cast(), b'\n'.into(), text.len()) } as *const u8;
    if found.is_null() {
        return None;
    }
    Some(found as usize - start as usize)
}

/// The length of the head that begins here, its end included.
fn head_length(text: &[u8]) -> Option<usize> {
    let mut line = 0;
    while let Some(end) = find_newline(&text[line..]) {
        line += end + 1;
        if text[line..].starts_with(b"\r\n") {
            return Some(line + 2);
        }
    }
    None
}

fn parse(text: &[u8]) -> Request {
    let head = match head_length(text) {
        Some(head) => head,
        None if text.len() < HEAD_MOST => return Request::Part,
        None => return Request::Bad,
    };
    let rest = match text[..head].strip_prefix(b"GET /") {
        Some(rest) => rest,
        None => return Request::Bad,
    };
    let mut milliseconds = 0;
    let mut digits = 0;
    while rest[digits].is_ascii_digit() {
        milliseconds = milliseconds * 10 + u32::from(rest[digits] - b'0');
        digits += 1;
        if milliseconds > SLEEP_MOST {
            return Request::Bad;
        }
    }
    if digits == 0 || !rest[digits..].starts_with(b" HTTP/1.") {
        return Request::Bad;
    }
    Request::Whole { head, milliseconds }
}

struct Client {
    stream: TcpStream,
    unsent: u32,
    generation: u32,
    is_sleeping: bool,
    is_paused: bool,
    kept: Vec<u8>,
}

impl Client {
    fn is_busy(&self) -> bool {
        self.is_sleeping || self.unsent > 0
    }
}

/// What to do with a client.
enum Outcome {
    Stays,
    Goes,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Alarm {
    deadline: i64,
    place: u32,
    generation: u32,
}

/// What all clients share while one is served.
struct Desk {
    input: Box<[u8; INPUT]>,
    output: Vec<u8>,
    alarms: BinaryHeap<Reverse<Alarm>>,
    now: i64, // 0: not asked since the wait
}

impl Desk {
    fn now(&mut self) -> i64 {
        if self.now == 0 {
            self.now = bench::now();
        }
        self.now
    }

    fn flush(&self, client: &mut Client) -> Result<()> {
        while client.unsent > 0 {
            let begin = (RESPONSE.len() - client.unsent as usize % RESPONSE.len()) % RESPONSE.len();
            let length = (client.unsent as usize).min(self.output.len() - begin);
            match client.stream.write(&self.output[begin..begin + length]) {
                Ok(count) => {
                    client.unsent -= count as u32;
                    if count < length {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Answers what is in the input, up to a request that sleeps, and what was due before.
    fn answer(
        &mut self,
        client: &mut Client,
        place: usize,
        length: usize,
        mut due: u32,
    ) -> Outcome {
        let was_unsent = client.unsent > 0;
        let mut is_bad = false;
        let mut done = 0;
        while !client.is_busy() && done < length {
            match parse(&self.input[done..length]) {
                Request::Whole { head, milliseconds } => {
                    done += head;
                    if milliseconds == 0 {
                        due += 1;
                        continue;
                    }
                    client.is_sleeping = true;
                    let deadline = self.now() + i64::from(milliseconds) * 1_000_000;
                    let generation = client.generation;
                    self.alarms.push(Reverse(Alarm { deadline, place: place as u32, generation }));
                }
                Request::Part => break,
                Request::Bad => {
                    is_bad = true;
                    break;
                }
            }
        }
        if done == length {
            client.kept = Vec::new();
        } else {
            client.kept.clear();
            client.kept.extend_from_slice(&self.input[done..length]);
        }
        client.unsent += due * RESPONSE.len() as u32;
        if (!was_unsent && self.flush(client).is_err()) || is_bad {
            return Outcome::Goes;
        }
        client.is_paused = client.is_busy() && length - done >= AHEAD_MOST;
        Outcome::Stays
    }

    fn begin_input(&mut self, client: &Client) -> usize {
        let length = client.kept.len();
        self.input[..length].copy_from_slice(&client.kept);
        length
    }

    fn read(&mut self, client: &mut Client, place: usize, to_end: bool) -> Outcome {
        while !client.is_paused {
            let begin = self.begin_input(client);
            let count = match client.stream.read(&mut self.input[begin..]) {
                Ok(0) => return Outcome::Goes,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Outcome::Stays,
                Err(_) => return Outcome::Goes,
            };
            if let Outcome::Goes = self.answer(client, place, begin + count, 0) {
                return Outcome::Goes;
            }
            if begin + count < INPUT && !to_end {
                break;
            }
        }
        Outcome::Stays
    }

    fn resume(&mut self, client: &mut Client, place: usize, due: u32) -> Outcome {
        let was_paused = client.is_paused;
        let length = self.begin_input(client);
        match self.answer(client, place, length, due) {
            Outcome::Stays if was_paused => self.read(client, place, true),
            outcome => outcome,
        }
    }

    fn write(&mut self, client: &mut Client, place: usize) -> Outcome {
        if client.unsent == 0 {
            return Outcome::Stays;
        }
        match self.flush(client) {
            Ok(()) if client.unsent > 0 => Outcome::Stays,
            Ok(()) => self.resume(client, place, 0),
            Err(_) => Outcome::Goes,
        }
    }
}

/// The clients: a client's place is its token.
struct Clients {
    places: Vec<Option<Client>>,
    free: Vec<u32>,
    generation: u32,
}

impl Clients {
    fn accept(&mut self, registry: &Registry, listener: &TcpListener) {
        loop {
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                Err(error) => panic!("accept: {}", error),
            };
            self.generation = self.generation.wrapping_add(1);
            let mut client = Client {
                stream,
                unsent: 0,
                generation: self.generation,
                is_sleeping: false,
                is_paused: false,
                kept: Vec::new(),
            };
            let place = self.free.pop().map_or(self.places.len(), |place| place as usize);
            registry
                .register(&mut client.stream, Token(place), Interest::READABLE | Interest::WRITABLE)
                .expect("register");
            if place == self.places.len() {
                self.places.push(Some(client));
            } else {
                self.places[place] = Some(client);
            }
        }
    }

    fn get(&mut self, place: usize) -> Option<&mut Client> {
        self.places.get_mut(place)?.as_mut()
    }

    fn close(&mut self, registry: &Registry, place: usize) {
        if let Some(mut client) = self.places[place].take() {
            registry.deregister(&mut client.stream).expect("deregister");
            self.free.push(place as u32);
        }
    }
}

/// In whole milliseconds, rounded up: older versions of mio cut off what is beyond them, so that the
/// loop would spin for the rest.
fn timeout(desk: &mut Desk) -> Option<Duration> {
    let deadline = desk.alarms.peek()?.0.deadline;
    let left = (deadline - desk.now()).max(0) as u64;
    Some(Duration::from_millis((left + 999_999) / 1_000_000))
}

fn serve(mut listener: TcpListener) -> ! {
    let mut poll = Poll::new().expect("poll");
    let registry = poll.registry().try_clone().expect("registry");
    let mut events = Events::with_capacity(256);
    let mut clients = Clients { places: Vec::new(), free: Vec::new(), generation: 0 };
    let mut desk = Desk {
        input: Box::new([0; INPUT]),
        output: RESPONSE.repeat(AT_ONCE),
        alarms: BinaryHeap::new(),
        now: 0,
    };
    registry.register(&mut listener, LISTENER, Interest::READABLE).expect("register");
    loop {
        let timeout = timeout(&mut desk);
        match poll.poll(&mut events, timeout) {
            Err(error) if error.kind() != ErrorKind::Interrupted => panic!("poll: {}", error),
            _ => desk.now = 0,
        }
        for event in events.iter() {
            if event.token() == LISTENER {
                clients.accept(&registry, &listener);
                continue;
            }
            let place = event.token().0;
            let client = match clients.get(place) {
                Some(client) => client,
                None => continue,
            };
            let is_ending = event.is_read_closed() || event.is_error();
            let outcome = match desk.write(client, place) {
                Outcome::Stays => desk.read(client, place, is_ending),
                Outcome::Goes => Outcome::Goes,
            };
            if let Outcome::Goes = outcome {
                clients.close(&registry, place);
            }
        }
        while let Some(Reverse(alarm)) = desk.alarms.peek() {
            let (place, generation, deadline) =
                (alarm.place as usize, alarm.generation, alarm.deadline);
            if deadline > desk.now() {
                break;
            }
            desk.alarms.pop();
            let client = match clients.get(place) {
                Some(client) if client.generation == generation => client,
                _ => continue,
            };
            client.is_sleeping = false;
            if let Outcome::Goes = desk.resume(client, place, 1) {
                clients.close(&registry, place);
            }
        }
    }
}

fn main() {
    let (mut port, mut loops) = (0, 1);
    bench::options(&mut [
        Setting { name: "port", value: &mut port, least: 0, most: 65535 },
        Setting { name: "loops", value: &mut loops, least: 1, most: 1 },
    ]);
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    unsafe {
        check(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0, "getrlimit");
        limit.rlim_cur = limit.rlim_max;
        check(libc::setrlimit(libc::RLIMIT_NOFILE, &limit) == 0, "setrlimit");
    }
    let (listener, port) = bench::listen(port as u16);
    bench::set_nodelay(listener);
    println!("port {}", port);
    serve(unsafe { TcpListener::from_raw_fd(listener) });
}
