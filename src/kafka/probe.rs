//! Detects whether a port that closed a plaintext connection expects TLS, which librdkafka cannot
//! detect.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

/// The time limit of each step. The port has just accepted a connection.
const PATIENCE: Duration = Duration::from_secs(1);

/// The TLS record types of handshake and alert, and the major version of all TLS versions.
const HANDSHAKE: u8 = 0x16;
const ALERT: u8 = 0x15;
const MAJOR: u8 = 0x03;

/// A short ClientHello of TLS 1.2 (RFC 5246, 7.4.1.2). It offers what every current server
/// supports: a server with stricter requirements responds with an alert, except that Kafka 2.8
/// closes the connection.
const HELLO: [&[u8]; 5] = [
    // Record: type, version and length; handshake: type, length and version.
    &[HANDSHAKE, MAJOR, 1, 0, 71, 1, 0, 0, 67, MAJOR, 3],
    // The random field.
    &[0; 32],
    // No session; ECDHE with AES and a certificate with either kind of key; no compression.
    &[0, 0, 4, 0xC0, 0x2B, 0xC0, 0x2F, 1, 0],
    // Extensions: the groups secp256r1 and x25519.
    &[0, 22, 0, 10, 0, 6, 0, 4, 0, 23, 0, 29],
    // Signature algorithms: SHA-256 with ECDSA, RSA-PSS or RSA.
    &[0, 13, 0, 8, 0, 6, 4, 3, 8, 4, 4, 1],
];

/// Sends a ClientHello and returns whether the server responds in TLS. Blocks for a few seconds at
/// most.
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
