// SPDX-License-Identifier: MIT

//! bench/open/open.h on mio.

use bench::Setting;
use mio::{Poll, Token, Waker};

const DESCRIPTORS: i64 = 8; // that any library has for a loop

fn open() -> (Poll, Waker) {
    let poll = Poll::new().expect("poll");
    let waker = Waker::new(poll.registry(), Token(0)).expect("waker");
    (poll, waker)
}

fn main() {
    let (mut count, mut close) = (10_000, 1);
    bench::options(&mut [
        Setting { name: "count", value: &mut count, least: 1, most: 1_000_000 },
        Setting { name: "close", value: &mut close, least: 0, most: 1 },
    ]);
    bench::need_descriptors(50 + if close == 1 { 1 } else { count } * DESCRIPTORS);
    let mut kept = Vec::with_capacity(if close == 1 { 1 } else { count as usize });
    let begin = bench::now();
    for _ in 0..count {
        kept.push(open());
        if close == 1 {
            kept.clear();
        }
    }
    bench::report("ns_per_open", (bench::now() - begin) as f64 / count as f64);
    std::mem::forget(kept);
}
