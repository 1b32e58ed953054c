//! As much of Kafka's protocol as the proxy needs, in the versions that librdkafka speaks.
//!
//! Source: <https://kafka.apache.org/protocol>.

use std::io::Read;

/// Requests that rules speak of, with Kafka's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    ListOffsets = 2,
    Metadata = 3,
    CreateTopics = 19,
    DeleteTopics = 20,
    DescribeConfigs = 32,
    CreatePartitions = 37,
    AlterConfigs = 44,
    /// Records of an inventory are appended; the last ones with the end of its lock.
    Produce = 0,
    /// So is a claim of its lock, or the end of one, and nothing else. It has no number of its own.
    Claim = -1,
}

/// What the keys of an inventory's lock begin with.
const LOCK: &str = "lock/";

/// And those of its other records.
const OTHERS: [&str; 4] = ["topic/", "hold/", "tombstone/", "instance/"];

/// A request, without its length.
#[derive(Clone)]
pub struct Request(Vec<u8>);

/// Reads what its length announces; `None` where the connection ends.
pub fn read(stream: &mut impl Read) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).ok()?];
    stream.read_exact(&mut frame).ok()?;
    Some(frame)
}

/// With its length before it.
pub fn framed(frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).expect("it came with such a length");
    [&length.to_be_bytes(), frame].concat()
}

/// Puts another port after each mention of the local host: an address is a string and a number.
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

/// Puts one text in the place of another that is as long, everywhere.
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

    /// Whether the broker is asked to do something, not just to check whether it could.
    pub fn changes_something(&self) -> bool {
        match self.api() {
            Some(Api::DeleteTopics | Api::Produce) => true,
            Some(Api::CreateTopics | Api::CreatePartitions | Api::AlterConfigs) => {
                self.0[self.validate_only()] == 0
            }
            _ => false,
        }
    }

    /// Turns it into one that changes nothing and is answered as if it had.
    pub fn only_check(&mut self) {
        if self.api() == Some(Api::DeleteTopics) {
            // Asks to delete nothing: no names, and the time-out.
            let body = self.body();
            self.0.truncate(body);
            self.0.extend([0; 8]);
        } else {
            let flag = self.validate_only();
            self.0[flag] = 1;
        }
    }

    /// Whether a text stands somewhere in it.
    pub fn names(&self, text: &str) -> bool {
        let mut windows = self.0.windows(text.len());
        windows.any(|window| window == text.as_bytes())
    }

    /// Puts one text in the place of another that is as long.
    pub fn rename(&mut self, from: &str, to: &str) {
        rename(&mut self.0, from, to);
    }

    /// The answer to this request, with this code for each item.
    pub fn recode(&self, mut answer: Vec<u8>, code: i16) -> Vec<u8> {
        let code = code.to_be_bytes();
        match self.api() {
            Some(Api::DeleteTopics) => return self.deleted(&answer, code),
            Some(Api::AlterConfigs) => recode_altered(&mut answer, code),
            _ => recode_created(&mut answer, code),
        }
        answer
    }

    /// The broker may not have been asked for all of it: the names stand in the request.
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

    /// Where the body starts: after the kind, the version, the number and the client's id.
    fn body(&self) -> usize {
        let mut at = 8;
        skip(&self.0, &mut at);
        at
    }

    /// Where it says whether the broker only checks: at the end, before tags if there can be some.
    fn validate_only(&self) -> usize {
        let back = match (self.api(), self.version()) {
            (Some(Api::CreateTopics), 1..=4) | (Some(Api::CreatePartitions), 0..=1) => 1,
            (Some(Api::AlterConfigs), 1) => 2,
            other => panic!("librdkafka speaks a version that the proxy does not: {other:?}"),
        };
        self.0.len() - back
    }
}

/// The request's number, and how long the client is throttled.
const BEFORE_ITEMS: usize = 8;

/// Each item: the topic, a code, and words or none.
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

/// In the later encoding, each item: a code, words or none, a type, the topic and tags. There are
/// tags at the start and at the end too; nobody sends any.
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

/// Over a text that may be null.
fn skip(bytes: &[u8], at: &mut usize) {
    *at += 2 + usize::try_from(short(bytes, *at)).unwrap_or(0);
}

/// Over a text in the later encoding, whose length is one more; 0 is null.
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
