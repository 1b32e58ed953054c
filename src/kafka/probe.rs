//! Whether a port that hung up on an open connection expects TLS: librdkafka cannot tell.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

/// How long each step may take. The port has just answered somebody.
const PATIENCE: Duration = Duration::from_secs(1);

/// TLS's record types for a handshake and for an alert, and the major version of every TLS.
const HANDSHAKE: u8 = 0x16;
const ALERT: u8 = 0x15;
const MAJOR: u8 = 0x03;

/// The shortest ClientHello of TLS 1.2 (RFC 5246, 7.4.1.2), with one cipher suite. A server that
/// wants more of it says so in TLS.
const HELLO: [u8; 50] = {
    let mut hello = [0; 50];
    // The record: its type, version and length; the handshake: its type and length.
    let head = [HANDSHAKE, MAJOR, 1, 0, 45, 1, 0, 0, 41, MAJOR, 3];
    let mut index = 0;
    while index < head.len() {
        hello[index] = head[index];
        index += 1;
    }
    // 32 bytes that should be random, no session, one cipher suite of two bytes, no compression.
    hello[44] = 0;
    hello[45] = 2;
    hello[46] = 0xC0;
    hello[47] = 0x2F;
    hello[48] = 1;
    hello
};

/// Says hello to a server in TLS and looks whether it answers in TLS. It blocks for seconds at most.
pub(super) fn speaks_tls(server: &str) -> bool {
    try_hello(server).is_ok_and(|answer| matches!(answer, [HANDSHAKE | ALERT, MAJOR]))
}

fn try_hello(server: &str) -> std::io::Result<[u8; 2]> {
    let address = server.to_socket_addrs()?.next();
    let address = address.ok_or(std::io::ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&HELLO)?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}
