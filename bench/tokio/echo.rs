// SPDX-License-Identifier: MIT

//! bench/echo/echo.h on Tokio's current-thread scheduler: both ends of each connection are tasks.

use std::collections::HashMap;
use std::io;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::task;

const LENGTH: usize = 64;

async fn send_back(mut stream: TcpStream) -> io::Result<()> {
    let mut message = [0; 2 * LENGTH];
    loop {
        let count = stream.read(&mut message).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&message[..count]).await?;
    }
}

async fn ask(mut stream: TcpStream, times: u64) -> io::Result<TcpStream> {
    let mut message = [0; LENGTH];
    let mut answer = [0; 2 * LENGTH];
    for number in 0..times {
        message[..8].copy_from_slice(&number.to_ne_bytes());
        stream.write_all(&message).await?;
        let count = stream.read(&mut answer).await?;
        assert!(count == LENGTH && answer[..8] == message[..8]);
    }
    Ok(stream)
}

/// What all threads of the process have used, in nanoseconds.
fn processor_time() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe {
        assert!(libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) == 0);
    }
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// Each connection has the same share of the messages.
async fn run(clients: &mut Vec<TcpStream>, messages: u64) -> io::Result<f64> {
    let connections = clients.len() as u64;
    let begin = Instant::now();
    let tasks: Vec<_> = clients
        .drain(..)
        .enumerate()
        .map(|(i, client)| {
            let times = messages / connections + u64::from((i as u64) < messages % connections);
            task::spawn(ask(client, times))
        })
        .collect();
    for task in tasks {
        clients.push(task.await.expect("a task")?);
    }
    Ok(begin.elapsed().as_nanos() as f64)
}

async fn echo(connections: u64, messages: u64) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let mut clients = Vec::new();
    for _ in 0..connections {
        let client = TcpStream::connect(address).await?;
        let (server, _) = listener.accept().await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        task::spawn(send_back(server));
        clients.push(client);
    }
    run(&mut clients, connections + messages / 10).await?; // to warm up
    let used = processor_time();
    println!("ns_per_trip {:.3}", run(&mut clients, messages).await? / messages as f64);
    println!("cpu_ns {:.3}", (processor_time() - used) / messages as f64);
    Ok(())
}

fn main() -> io::Result<()> {
    let mut options: HashMap<String, u64> =
        [("connections".to_string(), 100), ("messages".to_string(), 100_000)].into();
    let words: Vec<String> = std::env::args().skip(1).collect();
    for pair in words.chunks(2) {
        let value = pair.get(1).and_then(|text| text.parse().ok()).expect("a number");
        let option = options.get_mut(pair[0].trim_start_matches("--"));
        *option.expect("--connections or --messages") = value;
    }
    Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(echo(options["connections"], options["messages"]))
}
