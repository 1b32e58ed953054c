//! Why a cluster could not be reached, or a whole call failed, in words.

/// Connecting, or a whole call, failed. `Display` is one sentence with the address and the cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Error {
    sentence: String,
    help: Option<String>,
    cause: Cause,
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Nothing listens at the address, or nothing answers there at all.
    Unreachable,
    /// The name of the host is not known.
    Unresolved,
    /// Something listens, but does not speak Kafka's protocol, or not on this port.
    NotKafka,
    /// TLS: versions, certificates, or TLS on one side alone.
    Tls,
    /// The user, the password, the token or the mechanism is wrong.
    Authentication,
    /// The client's own settings cannot be used: a file that is not there, say.
    Settings,
    /// No answer in time.
    TimedOut,
    /// The cluster answered with an error.
    Refused,
}

impl Error {
    /// What to do now.
    pub fn help(&self) -> Option<String> {
        self.help.clone()
    }

    /// Why.
    pub fn cause(&self) -> Cause {
        self.cause
    }
}
