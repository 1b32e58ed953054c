//! The release of Kafka that the tests run on: the newest, or the one that `TOPICSMITH_KAFKA`
//! names. A test that needs more than the oldest has says so in the list of its file, and is
//! ignored, and counted as that, where it is missing.

use std::sync::OnceLock;

/// What `broker.sh` starts where nothing else is asked for.
const NEWEST: &str = "4.3.0";

/// What a test needs of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it runs on every release.
    Nothing,
    /// What this tool's tables hold of the newest release: its texts, its topic configs.
    Newest,
}

/// The release, `2.8.2`.
pub fn release() -> &'static str {
    static RELEASE: OnceLock<String> = OnceLock::new();
    RELEASE.get_or_init(|| std::env::var("TOPICSMITH_KAFKA").unwrap_or(NEWEST.to_owned()))
}

/// The same as a plan shows it, `2.8`.
pub fn shown_release() -> String {
    let (major, minor) = numbers();
    format!("{major}.{minor}")
}

/// Whether it is this release or a newer one.
pub fn since(major: u32, minor: u32) -> bool {
    numbers() >= (major, minor)
}

/// What brokers say to five replicas where there is one broker.
pub fn too_many_replicas() -> &'static str {
    match has_zookeeper() {
        true => "Replication factor: 5 larger than available brokers: 1.",
        false => {
            "Unable to replicate the partition 5 time(s): The target replication factor of 5 cannot be reached because only 1 broker(s) "
        }
    }
}

/// A config that this tool knows and these brokers do not take as `true`: there is no tiered
/// storage, or they do not know the key. (Kafka 3.5 takes the one of tiered storage.)
pub fn refused_config() -> &'static str {
    match since(3, 6) {
        true => "remote.storage.enable",
        false => "remote.log.copy.disable",
    }
}

/// What a plan says to it.
pub fn refusal_of_config() -> &'static str {
    match since(3, 6) {
        true => "remote.storage.enable false → true: the broker refuses it: Tiered Storage",
        false => {
            "remote.log.copy.disable unknown → true: the broker refuses it: Unknown topic config name: remote.log.copy.disable (INVALID_CONFIG 40)"
        }
    }
}

/// Whether the brokers keep their metadata in ZooKeeper, as `broker.sh` has it.
pub fn has_zookeeper() -> bool {
    !since(3, 6)
}

fn numbers() -> (u32, u32) {
    let mut parts = release().split('.').map_while(|part| part.parse().ok());
    let next = |part: Option<u32>| part.expect("TOPICSMITH_KAFKA is a release, 2.8.2");
    (next(parts.next()), next(parts.next()))
}

impl Needs {
    /// Whether the release has it.
    pub fn are_met(self) -> bool {
        match self {
            Needs::Nothing => true,
            Needs::Newest => since(4, 3),
        }
    }

    /// What stands before the name of a test that needs it.
    pub fn kind(self) -> &'static str {
        match self {
            Needs::Nothing => "",
            Needs::Newest => "newest",
        }
    }
}
