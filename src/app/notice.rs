//! What happens beside the result, told while it happens: to a person on a terminal, or to a log.

use std::fmt;
use std::sync::Arc;

use crate::model::text::escape;

/// Something that whoever waits should know. It is shown as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The cluster cannot be reached yet, and is tried again.
    WaitingForCluster {
        /// The environment.
        environment: String,
        /// Why the last attempt failed.
        error: String,
    },
    /// Another apply holds the lock, and is waited for.
    WaitingForLock {
        /// The environment.
        environment: String,
        /// Who holds it, and since when.
        holder: String,
    },
    /// An apply of the environment is running while it is read.
    ApplyRunning {
        /// The environment.
        environment: String,
        /// Who applies, and since when.
        holder: String,
    },
    /// The topic of the inventory is empty and nothing marks it as one.
    BlankInventory {
        /// The topic.
        topic: String,
    },
    /// This machine's clock differs from the brokers', which counts.
    ClockOff {
        /// By how much this machine's clock is ahead, in milliseconds; negative where it is behind.
        ahead_ms: i64,
        /// Whether it is that much, or at least that much.
        exact: bool,
    },
    /// A line of the Kafka client's own log, where its `debug` property is set.
    Client(String),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::WaitingForCluster { environment, error } => {
                write!(f, "waiting for {environment}: {}", escape(error))
            }
            Notice::WaitingForLock {
                environment,
                holder,
            } => write!(f, "waiting for another apply of {environment}: {holder}"),
            Notice::ApplyRunning {
                environment,
                holder,
            } => write!(f, "an apply of {environment} is running: {holder}"),
            Notice::BlankInventory { topic } => write!(
                f,
                "topic {} is empty and not marked as an inventory: the first apply uses it as one",
                escape(topic)
            ),
            Notice::ClockOff { ahead_ms, exact } => {
                let least = if *exact { "" } else { "at least " };
                let way = if *ahead_ms < 0 { "behind" } else { "ahead of" };
                let seconds = ahead_ms.unsigned_abs() / 1_000;
                write!(
                    f,
                    "warning: this machine's clock is {least}{seconds} s {way} the brokers' clock, which counts; set it by NTP"
                )
            }
            Notice::Client(line) => write!(f, "librdkafka {}", escape(line)),
        }
    }
}

/// Who hears of notices.
#[derive(Clone)]
pub struct Notices(Arc<dyn Fn(&Notice) + Send + Sync>);

impl Notices {
    /// One who is called with each, on whichever thread it comes up.
    pub fn to(hear: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hear))
    }

    /// Passes one on.
    pub fn send(&self, notice: &Notice) {
        (self.0)(notice);
    }
}

impl Default for Notices {
    /// Nobody.
    fn default() -> Self {
        Self::to(|_| ())
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notices")
    }
}
