// SPDX-License-Identifier: MIT

//! bench/memory/memory.h on mio, which has no timers: sources alone. A source is a descriptor here,
//! so that nothing but what mio keeps by itself is counted.

use std::os::unix::io::RawFd;
use std::time::Duration;

use bench::{check, Setting};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

fn make_descriptors(count: usize) -> Vec<RawFd> {
    let mut fds = vec![bench::eventfd()];
    while fds.len() < count {
        fds.push(unsafe { libc::dup(fds[0]) });
        check(fds[fds.len() - 1] >= 0, "dup");
    }
    fds
}

fn main() {
    let (mut mode, mut count) = (0, 0);
    bench::options(&mut [
        Setting { name: "mode", value: &mut mode, least: 0, most: 0 },
        Setting { name: "count", value: &mut count, least: 0, most: 100_000_000 },
    ]);
    if count == 0 {
        count = 10_000;
    }
    bench::need_descriptors(count + 50);
    let fds = make_descriptors(count as usize);
    let mut poll = Poll::new().expect("poll");
    let mut events = Events::with_capacity(64);
    poll.poll(&mut events, Some(Duration::ZERO)).expect("poll");
    bench::resident(); // has what it needs itself
    let before = bench::resident();
    for (i, fd) in fds.iter().enumerate() {
        poll.registry()
            .register(&mut SourceFd(fd), Token(i), Interest::READABLE)
            .expect("register");
    }
    poll.poll(&mut events, Some(Duration::ZERO)).expect("poll");
    let after = bench::resident();
    let mut seen = vec![false; fds.len()];
    check(unsafe { libc::write(fds[0], 1u64.to_ne_bytes().as_ptr().cast(), 8) } == 8, "write");
    while seen.contains(&false) {
        bench::check_wait(poll.poll(&mut events, None));
        events.iter().for_each(|event| seen[event.token().0] = true);
    }
    bench::report("bytes_each", (after - before) as f64 / count as f64);
}
