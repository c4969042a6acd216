// SPDX-License-Identifier: MIT

//! bench/http/cmio_async.c on Tokio's current-thread scheduler: the same parser, the same responses, a
//! task for each connection that reads, answers and sleeps.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task;

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Content-Type: text/plain\r\n\
    Content-Length: 13\r\n\
    Connection: keep-alive\r\n\
    \r\n\
    Hello, world\n";
const INPUT: usize = 16384;
const HEAD_MOST: usize = 8192;
const SLEEP_MOST: u32 = 100_000_000;
const AT_ONCE: usize = 64;

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

/// What has been read of a connection, and what follows from that.
struct Talk {
    length: usize,
    due: usize,
    milliseconds: u32,
    is_bad: bool,
    input: [u8; INPUT],
}

impl Talk {
    /// Takes requests up to one that sleeps, or a bad one.
    fn take(&mut self) {
        let mut done = 0;
        self.milliseconds = 0;
        while self.milliseconds == 0 && done < self.length {
            match parse(&self.input[done..self.length]) {
                Request::Whole { head, milliseconds } => {
                    done += head;
                    self.milliseconds = milliseconds;
                    self.due += usize::from(milliseconds == 0);
                }
                Request::Part => break,
                Request::Bad => {
                    self.is_bad = true;
                    break;
                }
            }
        }
        self.input.copy_within(done..self.length, 0);
        self.length -= done;
    }

    fn next_output(&mut self) -> usize {
        let count = self.due.min(AT_ONCE);
        self.due -= count;
        count * RESPONSE.len()
    }
}

async fn serve(mut stream: TcpStream, output: &'static [u8]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut talk =
        Box::new(Talk { length: 0, due: 0, milliseconds: 0, is_bad: false, input: [0; INPUT] });
    while !talk.is_bad {
        let length = talk.length;
        let count = stream.read(&mut talk.input[length..]).await?;
        if count == 0 {
            break;
        }
        talk.length += count;
        loop {
            talk.take();
            while talk.due > 0 {
                stream.write_all(&output[..talk.next_output()]).await?;
            }
            if talk.milliseconds == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(talk.milliseconds.into())).await;
            talk.due = 1;
        }
    }
    Ok(())
}

async fn listen(port: u16) -> io::Result<()> {
    let output: &'static [u8] = Box::leak(RESPONSE.repeat(AT_ONCE).into_boxed_slice());
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("port {}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        task::spawn(serve(stream, output));
    }
}

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let port = match words.as_slice() {
        [] => 0,
        [name, port] if name == "--port" => port.parse().expect("a port"),
        _ => panic!("http: --port and a number"),
    };
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    unsafe {
        assert!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) == 0);
        limit.rlim_cur = limit.rlim_max;
        assert!(libc::setrlimit(libc::RLIMIT_NOFILE, &limit) == 0);
    }
    Builder::new_current_thread().enable_all().build()?.block_on(listen(port))
}
