//! The Kafka release of the tests: the newest, or the one in `TOPICSMITH_KAFKA`. A test that needs
//! more than the oldest release declares it in the list of its file, and is ignored, and counted as
//! such, on releases without it.

use std::sync::OnceLock;

/// The default release of `broker.sh`.
const NEWEST: &str = "4.3.0";

/// The requirement of a test on the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// None: it runs on every release.
    Nothing,
    /// The newest release, on which this tool's tables are based: messages, topic configs.
    Newest,
}

/// Returns the release, `2.8.2`.
pub fn release() -> &'static str {
    static RELEASE: OnceLock<String> = OnceLock::new();
    RELEASE.get_or_init(|| std::env::var("TOPICSMITH_KAFKA").unwrap_or(NEWEST.to_owned()))
}

/// Returns the release as in plans, `2.8`.
pub fn shown_release() -> String {
    let (major, minor) = numbers();
    format!("{major}.{minor}")
}

/// Returns whether the release is this one or newer.
pub fn since(major: u32, minor: u32) -> bool {
    numbers() >= (major, minor)
}

/// Returns the broker's message on five replicas with one broker.
pub fn too_many_replicas() -> &'static str {
    match has_zookeeper() {
        true => "Replication factor: 5 larger than available brokers: 1.",
        false => {
            "Unable to replicate the partition 5 time(s): The target replication factor of 5 cannot be reached because only 1 broker(s) "
        }
    }
}

/// Returns a config that this tool knows and these brokers reject as `true`: without tiered
/// storage, or because the key is unknown. (Kafka 3.5 accepts the one of tiered storage.)
pub fn refused_config() -> &'static str {
    match since(3, 6) {
        true => "remote.storage.enable",
        false => "remote.log.copy.disable",
    }
}

/// Returns the plan's message for it.
pub fn refusal_of_config() -> &'static str {
    match since(3, 6) {
        true => "remote.storage.enable false → true: the broker refuses it: Tiered Storage",
        false => {
            "remote.log.copy.disable unknown → true: the broker refuses it: Unknown topic config name: remote.log.copy.disable (INVALID_CONFIG 40)"
        }
    }
}

/// Returns whether `broker.sh` starts this release with ZooKeeper.
pub fn has_zookeeper() -> bool {
    !since(3, 6)
}

fn numbers() -> (u32, u32) {
    let mut parts = release().split('.').map_while(|part| part.parse().ok());
    let next = |part: Option<u32>| part.expect("TOPICSMITH_KAFKA is a release, 2.8.2");
    (next(parts.next()), next(parts.next()))
}

impl Needs {
    /// Returns whether the release meets the requirement.
    pub fn are_met(self) -> bool {
        match self {
            Needs::Nothing => true,
            Needs::Newest => since(4, 3),
        }
    }

    /// Returns the prefix of the name of a test with this requirement.
    pub fn kind(self) -> &'static str {
        match self {
            Needs::Nothing => "",
            Needs::Newest => "newest",
        }
    }
}
