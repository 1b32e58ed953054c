//! What a broker, or the client on its behalf, answered instead of doing what it was asked.

use std::fmt;

use crate::model::text::escape;

/// One error with Kafka's code and the broker's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Kafka's error code; negative ones below -1 are the client's own.
    pub code: i32,
    /// The code's name, `POLICY_VIOLATION`.
    pub name: String,
    /// The broker's words, the connection's secrets redacted. Not escaped: `Display` does that.
    pub message: String,
}

/// What a caller can do about a [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The topic exists already.
    AlreadyExists,
    /// The topic does not exist, or may not be seen.
    Missing,
    /// The broker asked is not the controller (any more). Nothing was done.
    NotController,
    /// A quota holds the request back. Nothing was done.
    Throttled,
    /// A right is missing.
    NotAuthorised,
    /// No answer came: it may have been done, or not.
    Unanswered,
    /// Another error that Kafka calls retriable. Nothing was done.
    Retriable,
    /// Asking again would give the same answer.
    Permanent,
}

impl Fault {
    /// What a caller can do about it.
    ///
    /// Source: the classes of `org.apache.kafka.common.protocol.Errors` (4.3), and librdkafka's
    /// local codes.
    pub fn kind(&self) -> FaultKind {
        match self.code {
            36 => FaultKind::AlreadyExists,
            3 | 100 | -188 => FaultKind::Missing,
            41 => FaultKind::NotController,
            89 => FaultKind::Throttled,
            29 | 30 | 31 | 53 | 58 | 65 => FaultKind::NotAuthorised,
            _ => FaultKind::Permanent,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({}): {}",
            self.name,
            self.code,
            escape(&self.message)
        )
    }
}

impl std::error::Error for Fault {}
