//! The part of Kafka's protocol that the proxy needs, in the versions of librdkafka.
//!
//! Source: <https://kafka.apache.org/protocol>.

use std::io::Read;

/// The requests in rules, with Kafka's API keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    ListOffsets = 2,
    Metadata = 3,
    CreateTopics = 19,
    DeleteTopics = 20,
    DescribeConfigs = 32,
    CreatePartitions = 37,
    AlterConfigs = 44,
    /// Appends records of an inventory; the last ones together with the release of its lock.
    Produce = 0,
    /// Appends only a claim of its lock, or a release. Has no API key of its own.
    Claim = -1,
}

/// The key prefix of an inventory's lock.
const LOCK: &str = "lock/";

/// The key prefixes of its other records.
const OTHERS: [&str; 4] = ["topic/", "hold/", "tombstone/", "instance/"];

/// A request, without its length.
#[derive(Clone)]
pub struct Request(Vec<u8>);

/// Reads a frame by its length; `None` when the connection ends.
pub fn read(stream: &mut impl Read) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).ok()?];
    stream.read_exact(&mut frame).ok()?;
    Some(frame)
}

/// Adds the length to a frame.
pub fn framed(frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).expect("it came with such a length");
    [&length.to_be_bytes(), frame].concat()
}

/// Replaces the port after each occurrence of the local host: an address is a string and a number.
pub fn readdress(answer: &mut [u8], from: u16, to: u16) {
    let address = |port: u16| [b"127.0.0.1", &u32::from(port).to_be_bytes()[..]].concat();
    let (from, to) = (address(from), address(to));
    let starts: Vec<usize> = answer
        .windows(from.len())
        .enumerate()
        .filter_map(|(start, window)| (window == from).then_some(start))
        .collect();
    for start in starts {
        answer[start..start + to.len()].copy_from_slice(&to);
    }
}

/// Replaces a text by another of the same length, everywhere.
pub fn rename(bytes: &mut [u8], from: &str, to: &str) {
    let (from, to) = (from.as_bytes(), to.as_bytes());
    assert_eq!(from.len(), to.len());
    for at in 0..=bytes.len().saturating_sub(from.len()) {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
}

impl Request {
    pub fn new(frame: Vec<u8>) -> Self {
        Self(frame)
    }

    pub fn framed(&self) -> Vec<u8> {
        framed(&self.0)
    }

    pub fn api(&self) -> Option<Api> {
        use Api::*;
        let known = [
            ListOffsets,
            Metadata,
            CreateTopics,
            DeleteTopics,
            DescribeConfigs,
            CreatePartitions,
            AlterConfigs,
        ];
        let number = short(&self.0, 0);
        if number == Produce as i16 {
            let of_lock = self.names(LOCK) && !OTHERS.iter().any(|key| self.names(key));
            return Some(if of_lock { Claim } else { Produce });
        }
        known.into_iter().find(|api| *api as i16 == number)
    }

    /// Returns whether the request changes the cluster, as opposed to a validation.
    pub fn changes_something(&self) -> bool {
        match self.api() {
            Some(Api::DeleteTopics | Api::Produce) => true,
            Some(Api::CreateTopics | Api::CreatePartitions | Api::AlterConfigs) => {
                self.0[self.validate_only()] == 0
            }
            _ => false,
        }
    }

    /// Converts the request to one that changes nothing and has the same form of response.
    pub fn only_check(&mut self) {
        if self.api() == Some(Api::DeleteTopics) {
            // Deletes nothing: no names, and the timeout.
            let body = self.body();
            self.0.truncate(body);
            self.0.extend([0; 8]);
        } else {
            let flag = self.validate_only();
            self.0[flag] = 1;
        }
    }

    /// Returns whether the request contains a text.
    pub fn names(&self, text: &str) -> bool {
        let mut windows = self.0.windows(text.len());
        windows.any(|window| window == text.as_bytes())
    }

    /// Replaces a text by another of the same length.
    pub fn rename(&mut self, from: &str, to: &str) {
        rename(&mut self.0, from, to);
    }

    /// Returns the response to this request with this code for each item.
    pub fn recode(&self, mut answer: Vec<u8>, code: i16) -> Vec<u8> {
        let code = code.to_be_bytes();
        match self.api() {
            Some(Api::DeleteTopics) => return self.deleted(&answer, code),
            Some(Api::AlterConfigs) => recode_altered(&mut answer, code),
            _ => recode_created(&mut answer, code),
        }
        answer
    }

    /// The broker may have received fewer names: all names are in the request.
    fn deleted(&self, answer: &[u8], code: [u8; 2]) -> Vec<u8> {
        let body = self.body();
        let mut deleted = [&answer[..BEFORE_ITEMS], &self.0[body..body + 4]].concat();
        let mut at = body + 4;
        for _ in 0..short(&self.0, body + 2) {
            let name = at;
            skip(&self.0, &mut at);
            deleted.extend(&self.0[name..at]);
            deleted.extend(code);
        }
        deleted
    }

    fn version(&self) -> i16 {
        short(&self.0, 2)
    }

    /// Returns the start of the body: after API key, version, correlation id and client id.
    fn body(&self) -> usize {
        let mut at = 8;
        skip(&self.0, &mut at);
        at
    }

    /// Returns the position of the validate-only flag: at the end, before optional tags.
    fn validate_only(&self) -> usize {
        let back = match (self.api(), self.version()) {
            (Some(Api::CreateTopics), 1..=4) | (Some(Api::CreatePartitions), 0..=1) => 1,
            (Some(Api::AlterConfigs), 1) => 2,
            other => panic!("librdkafka speaks a version that the proxy does not: {other:?}"),
        };
        self.0.len() - back
    }
}

/// Correlation id and throttle time.
const BEFORE_ITEMS: usize = 8;

/// Each item: the topic, a code, and an optional message.
fn recode_created(answer: &mut [u8], code: [u8; 2]) {
    let mut at = BEFORE_ITEMS + 4;
    for _ in 0..short(answer, BEFORE_ITEMS + 2) {
        skip(answer, &mut at);
        answer[at..at + 2].copy_from_slice(&code);
        at += 2;
        skip(answer, &mut at);
    }
    assert_eq!(at, answer.len(), "the answer is read to its end");
}

/// In the flexible encoding, each item: a code, an optional message, a type, the topic and tags.
/// Tags at the start and the end are always empty.
fn recode_altered(answer: &mut [u8], code: [u8; 2]) {
    let mut at = BEFORE_ITEMS + 1;
    for _ in 1..varint(answer, &mut at) {
        answer[at..at + 2].copy_from_slice(&code);
        at += 2;
        skip_compact(answer, &mut at);
        at += 1;
        skip_compact(answer, &mut at);
        at += 1;
    }
    assert_eq!(at + 1, answer.len(), "the answer is read to its end");
}

fn short(bytes: &[u8], at: usize) -> i16 {
    i16::from_be_bytes([bytes[at], bytes[at + 1]])
}

/// Skips a nullable string.
fn skip(bytes: &[u8], at: &mut usize) {
    *at += 2 + usize::try_from(short(bytes, *at)).unwrap_or(0);
}

/// Skips a string in the flexible encoding, with length plus one; 0 is null.
fn skip_compact(bytes: &[u8], at: &mut usize) {
    let length = varint(bytes, at);
    *at += length.saturating_sub(1);
}

fn varint(bytes: &[u8], at: &mut usize) -> usize {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        value |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return value;
        }
    }
}
