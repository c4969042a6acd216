// SPDX-License-Identifier: MIT

//! The workloads of bench/tasks on Tokio: see bench/README.md. `--workers 0` is its current-thread
//! scheduler, any other number the multi-thread one. Both have their I/O driver, as a server has.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, Notify};
use tokio::task;

type Options = HashMap<String, u64>;

fn options() -> Options {
    let mut options: Options = [("mode", 1), ("workers", 0), ("count", 1_000_000), ("producers", 1), ("busy", 10_000), ("seconds", 10), ("pin", 0)]
        .iter()
        .map(|(name, value)| (name.to_string(), *value))
        .collect();
    let words: Vec<String> = std::env::args().skip(1).collect();
    for pair in words.chunks(2) {
        let name = pair[0].trim_start_matches("--").to_string();
        let value = pair.get(1).and_then(|text| text.parse().ok());
        match (options.contains_key(&name), value) {
            (true, Some(value)) => options.insert(name, value),
            _ => panic!("tasks: an option that bench/tasks/cmio.c has, and a number"),
        };
    }
    options
}

fn runtime(workers: u64) -> Runtime {
    let built = match workers {
        0 => Builder::new_current_thread().enable_all().build(),
        _ => Builder::new_multi_thread().worker_threads(workers as usize).enable_all().build(),
    };
    built.expect("a runtime")
}

fn report(name: &str, value: f64) {
    println!("{name} {value:.3}");
}

/// What all threads of the process have used, in nanoseconds.
fn processor_time() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe {
        assert!(libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) == 0);
    }
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

async fn spawn_one_by_one(count: u64) {
    for _ in 0..count {
        task::spawn(async {}).await.expect("a task");
    }
}

async fn spawn_batches(count: u64) {
    const BATCH: usize = 1000;
    let mut handles = Vec::with_capacity(BATCH);
    for _ in 0..count / BATCH as u64 {
        for _ in 0..BATCH {
            handles.push(task::spawn(async {}));
        }
        for handle in handles.drain(..) {
            handle.await.expect("a task");
        }
    }
}

async fn ping_pong(count: u64) {
    let (there, back) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let other = {
        let (there, back) = (there.clone(), back.clone());
        task::spawn(async move {
            for _ in 0..count / 2 {
                there.notified().await;
                back.notify_one();
            }
        })
    };
    for _ in 0..count / 2 {
        there.notify_one();
        back.notified().await;
    }
    other.await.expect("a task");
}

async fn channel(count: u64, producers: u64) {
    let (sender, mut receiver) = mpsc::channel::<u64>(128);
    for _ in 0..producers {
        let sender = sender.clone();
        task::spawn(async move {
            for i in 0..count / producers {
                sender.send(i).await.expect("a receiver");
            }
        });
    }
    drop(sender);
    while receiver.recv().await.is_some() {}
}

async fn yields(count: u64) {
    let turns = || async move {
        for _ in 0..count / 2 {
            task::yield_now().await;
        }
    };
    let (one, two) = (task::spawn(turns()), task::spawn(turns()));
    one.await.expect("a task");
    two.await.expect("a task");
}

/// Not from statm, which may lag behind.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").expect("smaps_rollup");
    let line = text.lines().find(|line| line.starts_with("Rss:")).expect("Rss");
    let kilobytes: f64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("kB");
    kilobytes * 1024.0
}

async fn sleepers(count: u64, seconds: u64) {
    let before = resident();
    let begin = tokio::time::Instant::now();
    let end = begin + Duration::from_secs(seconds);
    let mut handles = Vec::with_capacity(count as usize);
    for _ in 0..count {
        handles.push(task::spawn(tokio::time::sleep_until(end)));
    }
    report("spawned_s", begin.elapsed().as_secs_f64());
    tokio::time::sleep_until(end - Duration::from_secs(1)).await;
    // The handles are the benchmark's own.
    report("bytes", (resident() - before) / count as f64 - 8.0);
    for handle in handles {
        handle.await.expect("a task");
    }
    report("late_s", end.elapsed().as_secs_f64());
}

fn work(turns: u64) -> u64 {
    let mut x = turns | 1;
    for _ in 0..turns {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    x
}

fn turns_for(nanoseconds: u64) -> u64 {
    const PROBE: u64 = 20_000_000;
    let begin = Instant::now();
    black_box(work(black_box(PROBE)));
    (nanoseconds as f64 * PROBE as f64 / begin.elapsed().as_nanos() as f64) as u64
}

async fn compute(count: u64, busy: u64) {
    let turns = turns_for(busy);
    let begin = Instant::now();
    let mut handles = Vec::with_capacity(count as usize);
    for _ in 0..count {
        handles.push(task::spawn(async move { black_box(work(black_box(turns))) }));
    }
    for handle in handles {
        handle.await.expect("a task");
    }
    report("ns", begin.elapsed().as_nanos() as f64 / count as f64);
}

fn pin_to(processor: usize) {
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(processor, &mut set);
        assert!(libc::sched_setaffinity(0, std::mem::size_of_val(&set), &set) == 0);
    }
}

/// Two threads with a scheduler each that hand over.
fn apart(count: u64, pin: bool) {
    let (there, back) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let other = {
        let (there, back) = (there.clone(), back.clone());
        std::thread::spawn(move || {
            if pin {
                pin_to(1);
            }
            runtime(0).block_on(async {
                for _ in 0..count / 2 {
                    there.notified().await;
                    back.notify_one();
                }
            })
        })
    };
    if pin {
        pin_to(0);
    }
    let begin = Instant::now();
    runtime(0).block_on(async {
        for _ in 0..count / 2 {
            there.notify_one();
            back.notified().await;
        }
    });
    other.join().expect("a thread");
    report("ns", begin.elapsed().as_nanos() as f64 / count as f64);
}

async fn run(options: Options) {
    let count = options["count"];
    let (begin, used) = (Instant::now(), processor_time());
    match options["mode"] {
        1 => spawn_one_by_one(count).await,
        2 => spawn_batches(count).await,
        3 => ping_pong(count).await,
        4 => channel(count, options["producers"]).await,
        5 => yields(count).await,
        6 => return sleepers(count, options["seconds"]).await,
        7 => return compute(count, options["busy"]).await,
        mode => panic!("tasks: no such mode: {mode}"),
    }
    report("ns", begin.elapsed().as_nanos() as f64 / count as f64);
    report("cpu_ns", (processor_time() - used) / count as f64);
}

fn main() {
    let options = options();
    if options["mode"] == 10 {
        return apart(options["count"], options["pin"] != 0);
    }
    let runtime = runtime(options["workers"]);
    // On a worker where there are some: block_on's own thread is none.
    let handle = runtime.spawn(run(options));
    runtime.block_on(handle).expect("the workload");
}
