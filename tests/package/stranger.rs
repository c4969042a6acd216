// SPDX-License-Identifier: MIT
//
// An echo server in Rust, as somebody would write it who has only what was installed: BINDINGS names the file
// that bindgen made of <cmio/cmio.h>. It prints the address that it listens on.

#[allow(dead_code, improper_ctypes, non_camel_case_types, non_snake_case, non_upper_case_globals)]
#[allow(unknown_lints, clippy::all)]
mod cmio {
    include!(env!("BINDINGS"));
}

use cmio::*;
use std::ffi::{CStr, CString};
use std::io::{Error, ErrorKind, Result};
use std::mem::zeroed;
use std::os::raw::{c_char, c_void};
use std::ptr::{null, null_mut};

const FOREVER: i64 = -1;

/// Negative results of cmio are errno values.
fn check(code: i64) -> Result<usize> {
    if code < 0 {
        return Err(Error::from_raw_os_error(-code as i32));
    }
    Ok(code as usize)
}

struct Client {
    stream: cmio_tcp_stream,
    begin: usize,
    end: usize,
    buffer: [u8; 4096],
}

impl Client {
    /// The source is registered by its address, so the client has to stay in its box.
    unsafe fn accept(registry: *mut cmio_registry, listener: &mut cmio_tcp_listener) -> Result<Box<Client>> {
        let mut client = Box::new(Client { stream: zeroed(), begin: 0, end: 0, buffer: [0; 4096] });
        check(cmio_tcp_listener_accept(listener, &mut client.stream, null_mut()) as i64)?;
        let token = &mut *client as *mut Client as cmio_token;
        let interest = (CMIO_READABLE | CMIO_WRITABLE) as cmio_interest;
        check(cmio_registry_register(registry, &mut client.stream.source, token, interest) as i64)?;
        Ok(client)
    }

    unsafe fn step(&mut self) -> Result<usize> {
        if self.begin == self.end {
            let buffer = self.buffer.as_mut_ptr() as *mut c_void;
            let count = cmio_tcp_stream_read(&mut self.stream, buffer, self.buffer.len() as _);
            self.begin = 0;
            self.end = count.max(0) as usize;
            return check(count as i64);
        }
        let rest = &self.buffer[self.begin..self.end];
        let count = cmio_tcp_stream_write(&mut self.stream, rest.as_ptr() as *const c_void, rest.len() as _);
        self.begin += count.max(0) as usize;
        check(count as i64)
    }

    /// Whether there is more to come.
    unsafe fn echo(&mut self) -> bool {
        loop {
            match self.step() {
                Ok(0) => return false,
                Ok(_) => continue,
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        unsafe { cmio_tcp_stream_close(&mut self.stream) };
    }
}

unsafe fn accept_all(registry: *mut cmio_registry, listener: &mut cmio_tcp_listener) -> Result<()> {
    loop {
        match Client::accept(registry, listener) {
            Ok(client) => { let _ = Box::into_raw(client); } // its events bring it back
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

unsafe fn on_event(event: &cmio_event, registry: *mut cmio_registry, listener: &mut cmio_tcp_listener) -> Result<()> {
    if event.token == 0 {
        return accept_all(registry, listener);
    }
    let mut client = Box::from_raw(event.token as *mut Client);
    if client.echo() {
        let _ = Box::into_raw(client);
    }
    Ok(())
}

unsafe fn listen(text: &str, listener: &mut cmio_tcp_listener) -> Result<String> {
    let mut address: cmio_address = zeroed();
    let text = CString::new(text)?;
    check(cmio_address_parse(text.as_ptr(), &mut address) as i64)?;
    check(cmio_tcp_listener_bind(listener, &address, null()) as i64)?;
    check(cmio_tcp_listener_local_address(listener, &mut address) as i64)?;
    let mut bound = [0 as c_char; CMIO_ADDRESS_TEXT_MAX as usize];
    check(cmio_address_format(&address, bound.as_mut_ptr(), bound.len() as _) as i64)?;
    Ok(CStr::from_ptr(bound.as_ptr()).to_string_lossy().into_owned())
}

unsafe fn serve(text: &str) -> Result<()> {
    let (mut poll, mut events) = (null_mut(), null_mut());
    let mut listener: cmio_tcp_listener = zeroed();
    check(cmio_poll_new(&mut poll) as i64)?;
    check(cmio_events_new(&mut events, 64) as i64)?;
    let registry = cmio_poll_registry(poll);
    println!("listening on {}", listen(text, &mut listener)?);
    let readable = CMIO_READABLE as cmio_interest;
    check(cmio_registry_register(registry, &mut listener.source, 0, readable) as i64)?;
    loop {
        match check(cmio_poll_wait(poll, events, FOREVER) as i64) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        let (mut event, end) = (cmio_events_begin(events), cmio_events_end(events));
        while event != end {
            if (*event).ready != 0 {
                on_event(&*event, registry, &mut listener)?;
            }
            event = event.add(1);
        }
    }
}

fn main() {
    let text = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_string());
    if let Err(error) = unsafe { serve(&text) } {
        eprintln!("{}", error);
        std::process::exit(1);
    }
}
