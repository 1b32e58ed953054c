//! Error responses of a broker, or of the client on its behalf.

use std::fmt;

use super::ffi;
use crate::model::text::escape;

/// An error with Kafka's code and the broker's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Kafka's error code; codes below -1 are librdkafka's own.
    pub code: i32,
    /// The name of the code, `POLICY_VIOLATION`.
    pub name: String,
    /// The broker's message, with the connection's secrets redacted. Not escaped; `Display` escapes
    /// it.
    pub message: String,
}

/// Kinds of [`Fault`]s, by what a caller can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The topic already exists.
    AlreadyExists,
    /// The topic does not exist or is not visible.
    Missing,
    /// The partition count is invalid; possibly the topic has it already.
    InvalidPartitions,
    /// The broker is not (or no longer) the controller. Nothing was changed.
    NotController,
    /// A quota throttles the request. Nothing was changed.
    Throttled,
    /// An authorization is missing.
    NotAuthorised,
    /// No response: the request may have been carried out or not.
    Unanswered,
    /// The broker does not support the request: it is too old, or not Apache Kafka.
    Unsupported,
    /// Another error that Kafka defines as retriable. Nothing was changed.
    Retriable,
    /// A retry would return the same error.
    Permanent,
}

/// Kafka's `UNKNOWN_SERVER_ERROR`.
const UNKNOWN: i32 = -1;
/// Kafka's `UNSUPPORTED_VERSION`.
const UNSUPPORTED_VERSION: i32 = 35;
/// librdkafka's `_UNSUPPORTED_FEATURE`: the broker does not list the API among those it supports.
const UNSUPPORTED_FEATURE: i32 = -165;
/// librdkafka's `_TIMED_OUT`.
pub(super) const TIMED_OUT: i32 = -185;
/// librdkafka's `_MSG_TIMED_OUT`: a record was not acknowledged in time.
const RECORD_TIMED_OUT: i32 = -192;
/// librdkafka's `_INVALID_ARG`.
const INVALID_ARGUMENT: i32 = -186;
/// librdkafka's `_DESTROY`: the client was closed during the request.
pub(super) const CLOSED: i32 = -197;
/// librdkafka's `_BAD_COMPRESSION`: a batch of records could not be decompressed.
const BAD_COMPRESSION: i32 = -198;
/// librdkafka's `_BAD_MSG`: the response could not be parsed.
pub(super) const UNREADABLE: i32 = -199;

impl FaultKind {
    /// Returns whether nothing was changed and a later retry may succeed.
    pub fn is_worth_another_try(self) -> bool {
        matches!(
            self,
            FaultKind::NotController | FaultKind::Throttled | FaultKind::Retriable
        )
    }
}

impl Fault {
    /// Whether a batch of records could not be decompressed: librdkafka limits what a batch takes
    /// by `receive.message.max.bytes`.
    pub fn is_decompression(&self) -> bool {
        self.code == BAD_COMPRESSION
    }

    pub(crate) fn new(code: i32, message: String) -> Self {
        let name = match code {
            UNKNOWN => "UNKNOWN_SERVER_ERROR".to_owned(),
            3 => "UNKNOWN_TOPIC_OR_PARTITION".to_owned(),
            _ => ffi::code_name(code),
        };
        // librdkafka's own text, used if the broker sends none.
        let message = match message.strip_prefix("Broker: ") {
            Some(text) => text.to_owned(),
            None => message,
        };
        Self {
            code,
            name,
            message,
        }
    }

    /// Creates the fault of a request that brokers support only from `release` on.
    pub(super) fn too_old(release: &str, what: &str) -> Self {
        let message = format!("{what} needs brokers of Kafka {release} or newer");
        Self::new(UNSUPPORTED_FEATURE, message)
    }

    /// Creates the fault of a request that could not be built.
    pub(super) fn invalid(message: String) -> Self {
        Self::new(INVALID_ARGUMENT, message)
    }

    /// Adds the principal to an authorization error: `Authorization failed for User:reader.`
    pub(super) fn of(mut self, principal: Option<&str>) -> Self {
        if let Some(principal) = principal.filter(|_| self.kind() == FaultKind::NotAuthorised) {
            self.message = format!("{} for {principal}.", self.plain_words());
        }
        self
    }

    /// Adds the missing right to an authorization error: `Authorization failed; needed: Create on
    /// the topic.`
    pub(super) fn needs(mut self, right: &str) -> Self {
        if self.kind() == FaultKind::NotAuthorised {
            self.message = format!("{}; needed: {right}.", self.plain_words());
        }
        self
    }

    fn plain_words(&self) -> &str {
        match self.message.trim_end_matches('.') {
            "" => "Authorization failed",
            words => words,
        }
    }

    /// Returns the kind of the fault.
    ///
    /// Source: the classes of `org.apache.kafka.common.protocol.Errors` (4.3), and librdkafka's
    /// local codes. Codes that no admin request can return are omitted.
    pub fn kind(&self) -> FaultKind {
        match self.code {
            36 => FaultKind::AlreadyExists,
            // Also librdkafka's _UNKNOWN_PARTITION and _UNKNOWN_TOPIC.
            3 | 100 | -190 | -188 => FaultKind::Missing,
            37 => FaultKind::InvalidPartitions,
            41 => FaultKind::NotController,
            89 => FaultKind::Throttled,
            29 | 30 | 31 | 53 | 65 => FaultKind::NotAuthorised,
            // REQUEST_TIMED_OUT and NETWORK_EXCEPTION; from the client _TRANSPORT,
            // _ALL_BROKERS_DOWN, _TIMED_OUT_QUEUE, _DESTROY_BROKER. Kafka 4.3 can return UNKNOWN
            // although the change was made.
            7 | 13 | -195 | -187 | -166 | -137 => FaultKind::Unanswered,
            UNKNOWN | TIMED_OUT | RECORD_TIMED_OUT | CLOSED | UNREADABLE => FaultKind::Unanswered,
            UNSUPPORTED_VERSION | UNSUPPORTED_FEATURE => FaultKind::Unsupported,
            2 | 5 | 6 | 9 | 14 | 15 | 16 | 19 | 20 | 51 | 56 | 72 | 74 | 75 | 80 | 83 | 103 => {
                FaultKind::Retriable
            }
            _ => FaultKind::Permanent,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.code)?;
        if self.message.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", escape(&self.message))
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_nobody_listed_have_a_kind_and_a_name() {
        let fault = Fault::new(31_999, "new in Kafka 9\n".to_owned());
        assert_eq!(fault.kind(), FaultKind::Permanent);
        assert_eq!(fault.to_string(), "ERR_31999? (31999): new in Kafka 9\\n");
    }

    #[test]
    fn what_may_have_been_done_is_not_called_failed() {
        let kind = |code| Fault::new(code, String::new()).kind();
        for code in [-1, 7, 13, -185, -187, -195, -197, -199] {
            assert_eq!(kind(code), FaultKind::Unanswered, "{code}");
        }
        assert_eq!(kind(44), FaultKind::Permanent);
        assert_eq!(kind(29), FaultKind::NotAuthorised);
        assert_eq!(kind(56), FaultKind::Retriable);
        let fault = Fault::new(36, String::new());
        assert_eq!(fault.to_string(), "TOPIC_ALREADY_EXISTS (36)");
    }

    #[test]
    fn a_missing_right_is_named_and_whose_it_is() {
        let fault = Fault::new(29, "Authorization failed.".to_owned());
        let fault = fault.of(Some("User:reader")).needs("Alter on the topic");
        assert_eq!(
            fault.message,
            "Authorization failed for User:reader; needed: Alter on the topic."
        );
        let other = Fault::new(40, "No.".to_owned());
        assert_eq!(other.clone().of(Some("User:x")).needs("Alter"), other);
    }
}
