// SPDX-License-Identifier: MIT

//! bench/wake/wake.h on mio.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{channel, RecvTimeoutError};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use bench::{check, Setting};
use mio::{Events, Poll, Token, Waker};

const PATIENCE: Duration = Duration::from_secs(5);

struct Loop {
    poll: Poll,
    events: Events,
    waker: Arc<Waker>,
}

impl Loop {
    fn new() -> Loop {
        let poll = Poll::new().expect("poll");
        let waker = Arc::new(Waker::new(poll.registry(), Token(0)).expect("waker"));
        Loop { poll, events: Events::with_capacity(64), waker }
    }

    /// Until seen, which is called for each event of the waker, says that it is over.
    fn run(&mut self, mut seen: impl FnMut() -> bool) {
        let mut is_over = false;
        while !is_over {
            bench::check_wait(self.poll.poll(&mut self.events, None));
            for _ in self.events.iter() {
                is_over |= seen();
            }
        }
    }
}

#[inline(always)]
fn wake(waker: &Waker) {
    check(waker.wake().is_ok(), "wake");
}

fn pin(thread: i64, processors: i64) {
    bench::pin((thread % processors) as usize);
}

/// One of the two that wake each other in turn; the one that begins is 0.
struct Side {
    number: AtomicI64, // of the wake, written by the other
}

fn run_side(
    which: usize,
    me: &mut Loop,
    other: &Waker,
    sides: &[Side; 2],
    count: i64,
    begin: &mut i64,
) {
    let wake_other = || {
        let number = &sides[1 - which].number;
        number.store(number.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        wake(other);
    };
    let mut last = 0;
    if which == 0 {
        *begin = bench::now();
        wake_other();
    }
    me.run(|| {
        let number = sides[which].number.load(Ordering::Relaxed);
        if number == last {
            return false; // a wake too many
        }
        check(number == last + 1, "no wake is missing");
        last = number;
        if which == 1 || number < count {
            wake_other();
        }
        number == count
    });
    check(last == count, "all wakes were seen");
}

fn measure_latency(count: i64, processors: i64) {
    // A lost wake would wait without end.
    unsafe { libc::alarm((60 + count / 1000) as libc::c_uint) };
    pin(0, processors);
    let sides = Arc::new([Side { number: AtomicI64::new(0) }, Side { number: AtomicI64::new(0) }]);
    let mut first = Loop::new();
    let (sender, receiver) = channel();
    let second = {
        let (sides, other) = (sides.clone(), first.waker.clone());
        thread::spawn(move || {
            pin(1, processors);
            let mut second = Loop::new();
            sender.send(second.waker.clone()).expect("send");
            run_side(1, &mut second, &other, &sides, count, &mut 0);
        })
    };
    let other = receiver.recv().expect("receive");
    let mut begin = 0;
    run_side(0, &mut first, &other, &sides, count, &mut begin);
    let time = bench::now() - begin;
    second.join().expect("join");
    bench::report("ns_per_wake", time as f64 / (2. * count as f64));
    bench::report("lost", 0.);
}

#[repr(align(64))]
struct Caller {
    is_done: AtomicBool,
}

/// Calls wake, and returns how much of the processor that took.
fn call(caller: &Caller, waker: &Waker, start: &Barrier, count: i64) -> i64 {
    start.wait();
    let begin = bench::cpu();
    for _ in 1..count {
        wake(waker);
    }
    caller.is_done.store(true, Ordering::Relaxed);
    wake(waker);
    bench::cpu() - begin
}

fn measure_flood(threads: i64, count: i64, processors: i64) {
    let callers: Arc<Vec<Caller>> =
        Arc::new((0..threads).map(|_| Caller { is_done: AtomicBool::new(false) }).collect());
    let enough = Arc::new(AtomicBool::new(false));
    let start = Arc::new(Barrier::new(threads as usize + 1));
    let (waker_sender, waker_receiver) = channel();
    let (end_sender, end_receiver) = channel();
    let woken = {
        let (callers, enough, start) = (callers.clone(), enough.clone(), start.clone());
        thread::spawn(move || {
            pin(0, processors);
            let mut woken = Loop::new();
            waker_sender.send(woken.waker.clone()).expect("send");
            start.wait();
            woken.run(|| {
                callers.iter().all(|caller| caller.is_done.load(Ordering::Relaxed))
                    || enough.load(Ordering::SeqCst)
            });
            end_sender.send(()).expect("send");
        })
    };
    let waker = waker_receiver.recv().expect("receive");
    let calls: Vec<_> = (0..threads)
        .map(|i| {
            let (callers, waker, start) = (callers.clone(), waker.clone(), start.clone());
            thread::spawn(move || {
                pin(i + 1, processors);
                call(&callers[i as usize], &waker, &start, count)
            })
        })
        .collect();
    let time: i64 = calls.into_iter().map(|thread| thread.join().expect("join")).sum();
    let is_lost = end_receiver.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout);
    if is_lost {
        enough.store(true, Ordering::SeqCst);
        wake(&waker);
    }
    woken.join().expect("join");
    bench::report("ns_per_wake", time as f64 / (count as f64 * threads as f64));
    bench::report("lost", if is_lost { 1. } else { 0. });
}

fn measure_coalesced(count: i64) {
    pin(0, 1);
    let mut woken = Loop::new();
    let begin = bench::now();
    for _ in 0..count {
        wake(&woken.waker);
    }
    let time = bench::now() - begin;
    woken.run(|| true);
    bench::report("ns_per_wake", time as f64 / count as f64);
    bench::report("lost", 0.);
}

fn main() {
    let (mut mode, mut threads, mut count, mut processors) = (0, 1, 0, 2);
    bench::options(&mut [
        Setting { name: "mode", value: &mut mode, least: 0, most: 2 },
        Setting { name: "threads", value: &mut threads, least: 1, most: 64 },
        Setting { name: "count", value: &mut count, least: 0, most: 1_000_000_000 },
        Setting { name: "processors", value: &mut processors, least: 1, most: 2 },
    ]);
    if mode == 0 {
        measure_latency(if count == 0 { 20_000 } else { count }, processors);
    } else if mode == 1 {
        measure_flood(threads, if count == 0 { 1_000_000 } else { count }, processors);
    } else {
        measure_coalesced(if count == 0 { 1_000_000 } else { count });
    }
}
