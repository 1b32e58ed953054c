//! Checks whether this tool can work on a cluster, from the facts in a [`Checkup`] and the
//! configuration. Pure: it sends no requests, and the same facts yield the same checks in the same
//! order.

mod brokers;
mod files;
mod inventory;
mod rights;
mod settings;
#[cfg(test)]
mod testing;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::desired::{Desired, Topic};
use crate::live::checkup::{Checkup, Unavailable};
use crate::model::{Globs, TopicName};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// What was looked at.
    #[serde(rename = "check")]
    pub code: Code,
    /// How it is.
    pub level: CheckStatus,
    /// What was found, as a sentence. Not escaped.
    pub message: String,
    /// What to do now, where there is something to do.
    pub help: Option<String>,
}

/// How a check came out.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum CheckStatus {
    /// It is as it should be.
    Ok,
    /// It works, and something should be known or mended.
    Warn,
    /// Something does not work.
    Fail,
    /// It could not be looked at.
    Skip,
}

impl CheckStatus {
    /// Returns the status in text output.
    pub fn as_str(self) -> &'static str {
        match self {
            CheckStatus::Ok => "ok",
            CheckStatus::Warn => "warn",
            CheckStatus::Fail => "fail",
            CheckStatus::Skip => "skip",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident: $text:literal,)+) => {
        /// What is looked at, in the order in which it is told.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
        )]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $name,)+
        }

        impl Code {
            /// Returns the code in text output.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => $text,)+
                }
            }
        }
    };
}

codes! {
    /// Whether the cluster can be reached.
    Connection: "connection",
    /// Whether it is the environment's cluster.
    ClusterId: "cluster-id",
    /// The servers that the connection begins with.
    Servers: "servers",
    /// Each broker at its own address.
    Broker: "broker",
    /// The release of Kafka.
    Version: "version",
    /// What this tool uses of Kafka's APIs.
    Apis: "apis",
    /// Whether a controller works.
    Controller: "controller",
    /// The controllers' quorum.
    Quorum: "quorum",
    /// Leaders and replicas in sync.
    Partitions: "partitions",
    /// `auto.create.topics.enable`
    AutoCreate: "auto-create",
    /// `delete.topic.enable`
    DeleteEnabled: "delete-enabled",
    /// Brokers against the replication factors of the files.
    Replication: "replication",
    /// Racks against the replication factors of the files.
    Racks: "racks",
    /// `default.replication.factor`
    DefaultReplication: "default-replication",
    /// `min.insync.replicas` against the replication factors of the files.
    MinIsr: "min-isr",
    /// The controller mutation quota.
    Quota: "quota",
    /// The right to see the files' topics.
    PlanTopics: "plan-topics",
    /// The right to read their configs.
    PlanConfigs: "plan-configs",
    /// The right to read the brokers' settings.
    PlanBrokers: "plan-brokers",
    /// The right to see consumer groups.
    PlanGroups: "plan-groups",
    /// The right to read the inventory.
    PlanInventory: "plan-inventory",
    /// The right to create topics.
    ApplyCreate: "apply-create",
    /// The right to add partitions.
    ApplyPartitions: "apply-partitions",
    /// The right to change configs.
    ApplyConfigs: "apply-configs",
    /// The right to delete topics.
    ApplyDelete: "apply-delete",
    /// The right to write the inventory.
    ApplyInventory: "apply-inventory",
    /// The topic in which ownership is recorded.
    Inventory: "inventory",
    /// The lock that keeps applies apart.
    Lock: "lock",
    /// This machine's clock beside the brokers'.
    Clock: "clock",
}

/// Which of the tool's work is to be done.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum TargetCommand {
    /// Reading alone: `plan`, `drift`, `list`, `snapshot`.
    Plan,
    /// Changing the cluster too.
    Apply,
}

/// The intended use of a cluster.
#[derive(Debug, Clone, Copy)]
pub struct Purpose<'a> {
    /// The environment and its topics.
    pub desired: &'a Desired,
    /// Only topics that match; all if empty.
    pub only: &'a Globs,
    /// The commands to run.
    pub work: TargetCommand,
    /// Whether the runner sets a scope, if the configuration sets none.
    pub scope_is_named: bool,
}

impl<'a> Purpose<'a> {
    fn covers(self, name: &TopicName) -> bool {
        self.only.is_empty() || self.only.matches(name.as_str())
    }

    /// Returns the names of the listed topics.
    pub fn listed(self) -> BTreeSet<TopicName> {
        self.topics().map(|(name, _)| name.clone()).collect()
    }

    /// Returns the names of the topics with a removal.
    pub fn removed_names(self) -> BTreeSet<TopicName> {
        self.removed().cloned().collect()
    }

    fn topics(self) -> impl Iterator<Item = (&'a TopicName, &'a Topic)> {
        let topics = self.desired.topics.iter();
        topics.filter(move |(name, _)| self.covers(name))
    }

    fn removed(self) -> impl Iterator<Item = &'a TopicName> {
        let removed = self.desired.removed.keys();
        removed.filter(move |name| self.covers(name))
    }
}

/// Checks a cluster that was reached.
pub fn judge(purpose: Purpose<'_>, found: &Checkup) -> Vec<Check> {
    let mut checks = brokers::judge(purpose, found);
    checks.extend(settings::judge(purpose, found));
    checks.extend(files::judge(purpose, found));
    checks.extend(rights::judge(purpose, found));
    checks.extend(inventory::judge(purpose, found));
    // Stable: several checks with the same code keep their order.
    checks.sort_by_key(|check| check.code);
    checks
}

/// Returns the checks of a cluster that was not reached.
pub fn unreached(why: &str, help: Option<String>) -> Vec<Check> {
    let rest = "nothing else was checked: the cluster was not reached";
    vec![
        Check {
            code: Code::Connection,
            level: CheckStatus::Fail,
            message: why.to_owned(),
            help,
        },
        skip(Code::Broker, rest),
    ]
}

fn ok(code: Code, message: impl Into<String>) -> Check {
    Check {
        code,
        level: CheckStatus::Ok,
        message: message.into(),
        help: None,
    }
}

fn skip(code: Code, message: impl Into<String>) -> Check {
    Check {
        level: CheckStatus::Skip,
        ..ok(code, message)
    }
}

fn warn(code: Code, message: impl Into<String>, help: impl Into<String>) -> Check {
    Check {
        level: CheckStatus::Warn,
        help: Some(help.into()),
        ..ok(code, message)
    }
}

fn fail(code: Code, message: impl Into<String>, help: impl Into<String>) -> Check {
    Check {
        level: CheckStatus::Fail,
        ..warn(code, message, help)
    }
}

/// Creates a skipped check with the reason.
fn unavailable(code: Code, what: &str, unavailable: &Unavailable) -> Check {
    Check {
        help: unavailable.help.clone(),
        ..skip(code, format!("{what}: {}", unavailable.why))
    }
}

/// Returns the principal, if known.
fn who(found: &Checkup) -> &str {
    found.principal.as_deref().unwrap_or("this principal")
}
