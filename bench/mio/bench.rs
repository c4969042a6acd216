// SPDX-License-Identifier: MIT

//! What bench/common/bench.h is for the programs in C.

use std::os::unix::io::RawFd;
use std::str::FromStr;

/// A number that the command line may change: --name value.
pub struct Setting<'a> {
    pub name: &'a str,
    pub value: &'a mut i64,
    pub least: i64,
    pub most: i64,
}

fn refuse(program: &str, what: &str, why: &str) -> ! {
    eprintln!("{}: {}: {} (--help shows what there is)", program, what, why);
    std::process::exit(2);
}

fn print_help(program: &str, settings: &[Setting]) {
    println!("usage: {} [OPTION NUMBER]...\n", program);
    println!("One workload on one library; see bench/README.md.\n");
    for setting in settings {
        println!(
            "  --{:<12} {} to {}; otherwise {}",
            setting.name, setting.least, setting.most, setting.value
        );
    }
}

/// Reads the options. --help lists them with their defaults and ends the program.
pub fn options(settings: &mut [Setting]) {
    let mut arguments = std::env::args();
    let program = arguments.next().unwrap_or_default();
    while let Some(name) = arguments.next() {
        if name == "--help" {
            print_help(&program, settings);
            std::process::exit(0);
        }
        let known = |setting: &&mut Setting| name.strip_prefix("--") == Some(setting.name);
        let setting = match settings.iter_mut().find(known) {
            Some(setting) => setting,
            None => refuse(&program, &name, "no such option"),
        };
        let text = match arguments.next() {
            Some(text) => text,
            None => refuse(&program, &name, "needs a number"),
        };
        match i64::from_str(&text) {
            Ok(value) if value >= setting.least && value <= setting.most => *setting.value = value,
            _ => refuse(&program, &name, "not a number within its limits"),
        }
    }
}

fn read_clock(clock: libc::clockid_t) -> i64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    check(unsafe { libc::clock_gettime(clock, &mut time) } == 0, "clock_gettime");
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// The monotonic clock in nanoseconds.
pub fn now() -> i64 {
    read_clock(libc::CLOCK_MONOTONIC)
}

/// What this thread has used of a processor, in nanoseconds.
pub fn cpu() -> i64 {
    read_clock(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// The end of a wait. One that was interrupted has no events, and is waited again: so a benchmark
/// that was stopped and continued goes on.
pub fn check_wait(result: std::io::Result<()>) {
    if let Err(error) = result {
        check(error.kind() == std::io::ErrorKind::Interrupted, "poll");
    }
}

/// Ends the program unless it is true: for what cannot be measured when it fails.
#[inline(always)]
pub fn check(condition: bool, what: &str) {
    if !condition {
        fail(what);
    }
}

#[cold]
fn fail(what: &str) -> ! {
    eprintln!("not true: {} ({})", what, std::io::Error::last_os_error());
    std::process::exit(1);
}

/// Lets the process have so many descriptors.
pub fn need_descriptors(count: i64) {
    let count = count as libc::rlim_t;
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) } == 0, "getrlimit");
    if limit.rlim_cur >= count {
        return;
    }
    limit.rlim_cur = count;
    limit.rlim_max = limit.rlim_max.max(count);
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) } < 0 {
        eprintln!("{} descriptors are needed, and the limit is lower: ulimit -n", count);
        std::process::exit(1);
    }
}

/// Connected Unix stream sockets, non-blocking and close-on-exec.
pub fn socketpair() -> [RawFd; 2] {
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let mut fds = [0; 2];
    let result = unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, fds.as_mut_ptr()) };
    check(result == 0, "socketpair");
    fds
}

fn set_option<T>(fd: RawFd, level: i32, name: i32, value: T) {
    let size = std::mem::size_of::<T>() as libc::socklen_t;
    let value = (&value as *const T).cast();
    check(unsafe { libc::setsockopt(fd, level, name, value, size) } == 0, "setsockopt");
}

/// Lets small messages go out at once; what a listener accepts inherits it.
pub fn set_nodelay(fd: RawFd) {
    set_option(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1i32);
}

fn tcp_socket() -> RawFd {
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let fd = unsafe { libc::socket(libc::AF_INET, kind, 0) };
    check(fd >= 0, "socket");
    fd
}

fn loopback(port: u16) -> (libc::sockaddr_in, libc::socklen_t) {
    let mut address: libc::sockaddr_in = unsafe { std::mem::zeroed() };
    address.sin_family = libc::AF_INET as libc::sa_family_t;
    address.sin_port = port.to_be();
    address.sin_addr.s_addr = libc::INADDR_LOOPBACK.to_be();
    (address, std::mem::size_of::<libc::sockaddr_in>() as libc::socklen_t)
}

/// A TCP socket that listens on the loopback address, non-blocking and close-on-exec, and its port.
pub fn listen(port: u16) -> (RawFd, u16) {
    let (mut address, mut length) = loopback(port);
    let name = (&mut address as *mut libc::sockaddr_in).cast::<libc::sockaddr>();
    let fd = tcp_socket();
    set_option(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1i32);
    unsafe {
        check(libc::bind(fd, name, length) == 0, "bind");
        check(libc::listen(fd, libc::SOMAXCONN) == 0, "listen");
        check(libc::getsockname(fd, name, &mut length) == 0, "getsockname");
    }
    (fd, u16::from_be(address.sin_port))
}

/// Connects there. Closing it resets the connection, so that its port is free again at once.
pub fn connect(port: u16) -> RawFd {
    let (address, length) = loopback(port);
    let name = (&address as *const libc::sockaddr_in).cast();
    let fd = tcp_socket();
    let reset = libc::linger { l_onoff: 1, l_linger: 0 };
    set_option(fd, libc::SOL_SOCKET, libc::SO_LINGER, reset);
    set_nodelay(fd);
    let result = unsafe { libc::connect(fd, name, length) };
    let in_progress = std::io::Error::last_os_error().raw_os_error() == Some(libc::EINPROGRESS);
    check(result == 0 || in_progress, "connect");
    fd
}

/// What waits to be accepted, non-blocking and close-on-exec.
pub fn accept(listener: RawFd) -> RawFd {
    let kind = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    let nobody = std::ptr::null_mut();
    let fd = unsafe { libc::accept4(listener, nobody, std::ptr::null_mut(), kind) };
    check(fd >= 0, "accept4");
    fd
}

/// Makes the send buffer as small as the system can.
pub fn set_least_send_buffer(fd: RawFd) {
    set_option(fd, libc::SOL_SOCKET, libc::SO_SNDBUF, 1i32);
}

/// An event counter, non-blocking and close-on-exec.
pub fn eventfd() -> RawFd {
    let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
    check(fd >= 0, "eventfd");
    fd
}

pub fn close(fd: RawFd) {
    check(unsafe { libc::close(fd) } == 0, "close");
}

/// Keeps the calling thread on one processor.
pub fn pin(processor: usize) {
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(processor, &mut set);
        let size = std::mem::size_of::<libc::cpu_set_t>();
        check(libc::sched_setaffinity(0, size, &set) == 0, "sched_setaffinity");
    }
}

/// How much memory is resident, in bytes.
pub fn resident() -> i64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"));
    let number = line.and_then(|line| line.trim().split(' ').next()?.parse::<i64>().ok());
    check(number.is_some(), "/proc/self/smaps_rollup");
    number.unwrap_or(0) * 1024
}

/// One line of the result.
pub fn report(name: &str, value: f64) {
    println!("{} {:.3}", name, value);
}

/// What recv(2) gave; -1 for an error.
#[inline(always)]
pub fn receive(fd: RawFd, buffer: &mut [u8]) -> isize {
    unsafe { libc::recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), 0) }
}

/// What send(2) gave; -1 for an error.
#[inline(always)]
pub fn send(fd: RawFd, buffer: &[u8]) -> isize {
    unsafe { libc::send(fd, buffer.as_ptr().cast(), buffer.len(), libc::MSG_NOSIGNAL) }
}
