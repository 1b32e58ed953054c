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

/// A short ClientHello of TLS 1.2 (RFC 5246, 7.4.1.2). It asks for what every server of today has:
/// one that wants more says so in TLS, but Kafka 2.8 then hangs up without a word.
const HELLO: [&[u8]; 5] = [
    // The record, its type, version and length; the handshake, its type, length and version.
    &[HANDSHAKE, MAJOR, 1, 0, 71, 1, 0, 0, 67, MAJOR, 3],
    // What should be random.
    &[0; 32],
    // No session; ECDHE with AES and a certificate of either kind of key; no compression.
    &[0, 0, 4, 0xC0, 0x2B, 0xC0, 0x2F, 1, 0],
    // Extensions: the groups secp256r1 and x25519.
    &[0, 22, 0, 10, 0, 6, 0, 4, 0, 23, 0, 29],
    // SHA-256 signed with ECDSA, RSA-PSS or RSA.
    &[0, 13, 0, 8, 0, 6, 4, 3, 8, 4, 4, 1],
];

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
    stream.write_all(&HELLO.concat())?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}
