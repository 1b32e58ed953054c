//! What a change can cost. A topic that is made costs nothing; a pin changes nothing and so costs
//! nothing either.
//!
//! Where it is not known what the brokers give to a topic, records are assumed to be at risk; for
//! the rest Kafka's built-in default stands in.

mod cleanup;
mod retention;
mod writes;

use super::{ConfigAction, ConfigChange, CountChange, Risk, Subject};
use crate::desired::Topic;
use crate::diff::{self, Defaults};
use crate::live::LiveTopic;
use crate::model::config::{Unit, list_items};
use crate::model::{ConfigKey, RiskCode};

/// A topic that is listed and live, with what is about to happen to it.
pub(super) struct Update<'a> {
    pub wanted: &'a Topic,
    pub found: &'a LiveTopic,
    pub defaults: &'a Defaults,
    pub partitions: Option<&'a CountChange<u32>>,
    pub config: &'a [ConfigChange],
}

/// The risks of a topic that is deleted.
pub(super) fn of_delete() -> Vec<Risk> {
    vec![Risk {
        code: RiskCode::TopicDeleted,
        message: RiskCode::TopicDeleted.meaning().to_owned(),
        subject: Subject::Topic,
    }]
}

/// The risks of a topic that becomes owned: what somebody else has set on it is lost.
pub(super) fn of_adopt(config: &[ConfigChange]) -> Vec<Risk> {
    let is_reset = |change: &&ConfigChange| change.action == ConfigAction::Reset;
    let lost = config.iter().filter(is_reset).map(|change| {
        let message = "what was set before the topic was owned is lost".to_owned();
        risk(RiskCode::ResetOnAdopt, change, message)
    });
    lost.collect()
}

/// The risks of a topic that is changed, in the order of what brings them.
pub(super) fn of_update(update: &Update) -> Vec<Risk> {
    let mut risks = cleanup::of_partitions(update);
    let changes = update.config.iter();
    risks.extend(
        changes
            .filter(|change| change.action != ConfigAction::Pin)
            .filter_map(|change| of_config(update, change)),
    );
    risks
}

fn of_config(update: &Update, change: &ConfigChange) -> Option<Risk> {
    match change.key.as_str() {
        "cleanup.policy" => cleanup::changed(change),
        "max.message.bytes" => writes::messages_refused(change),
        "message.timestamp.type" => writes::timestamps_changed(change),
        "min.insync.replicas" => writes::min_insync_replicas(update.found, change),
        "remote.storage.enable" => retention::remote_data_deleted(change),
        "retention.bytes" | "retention.ms" => retention::shortened(update, change),
        "unclean.leader.election.enable" => writes::unclean_election(change),
        _ => None,
    }
}

impl<'a> Update<'a> {
    /// The cleanup policy that the topic has now, where it is known.
    fn policy_before(&self) -> Option<&'a str> {
        let live = diff::effective(self.found, self.defaults, CLEANUP_POLICY);
        live.map(|live| live.value)
    }

    /// The cleanup policy that the topic will have, as far as it is known.
    fn policy_after(&self) -> Option<&'a str> {
        let change = self
            .config
            .iter()
            .find(|c| c.key.as_str() == CLEANUP_POLICY);
        match change {
            Some(change) => change.becomes(),
            None => self.policy_before(),
        }
    }
}

const CLEANUP_POLICY: &str = "cleanup.policy";

/// Whether a cleanup policy, `compact,delete`, has a word in it.
fn policy_has(policy: &str, word: &str) -> bool {
    list_items(policy).any(|item| item == word)
}

/// Kafka's built-in default of a key.
fn built_in(key: &ConfigKey) -> &'static str {
    key.spec().map_or("", |spec| spec.default)
}

/// What the topic has now, or Kafka's built-in default where that is not known.
fn before(change: &ConfigChange) -> &str {
    change.from.as_deref().unwrap_or(built_in(&change.key))
}

/// What the topic will have, or Kafka's built-in default where that is not known.
fn after(change: &ConfigChange) -> &str {
    change.becomes().unwrap_or(built_in(&change.key))
}

/// A value as a sentence has it: `7d`, `1500 ms`, `1GiB`, `600 bytes`.
fn in_words(key: &ConfigKey, value: &str) -> String {
    key.human(value)
        .unwrap_or_else(|| match key.spec().map(|spec| spec.unit) {
            _ if value.is_empty() => "none".to_owned(),
            Some(Unit::Ms) => format!("{value} ms"),
            Some(Unit::Bytes) => format!("{value} bytes"),
            Some(Unit::None) | None => value.to_owned(),
        })
}

/// `(so far 7d)`: what a message's new value is to be compared with.
fn so_far(change: &ConfigChange) -> String {
    match &change.from {
        Some(from) => format!("(so far {})", in_words(&change.key, from)),
        None => "(so far unknown)".to_owned(),
    }
}

fn risk(code: RiskCode, change: &ConfigChange, message: String) -> Risk {
    Risk {
        code,
        message,
        subject: Subject::Config(change.key.clone()),
    }
}

#[cfg(test)]
mod testing {
    //! One topic, live and as a file has it, and the risks of what is between.

    use crate::desired::Topic;
    use crate::live::LiveTopic;
    use crate::plan::{Options, Plan, make};
    use crate::testing::{desired, found, live, topic};

    /// Keys with their values.
    pub type Config<'a> = &'a [(&'a str, &'a str)];

    /// The plan of one topic, some broker defaults not known.
    pub fn plan(wanted: Topic, found: LiveTopic, without_default: &[&str]) -> Plan {
        let mut live = live([("a", found)]);
        for key in without_default {
            live.broker_defaults.remove(*key);
        }
        make(&desired([("a", wanted)]), &live, &Options::default())
    }

    /// `code: message` of each risk, on a topic of 3 partitions with 3 replicas.
    pub fn risks(live: Config, files: Config) -> Vec<String> {
        risks_of(&plan(topic(3, 3, files), found(3, 3, live), &[]))
    }

    /// The same where a broker default is not known.
    pub fn risks_without(default: &str, live: Config, files: Config) -> Vec<String> {
        risks_of(&plan(topic(3, 3, files), found(3, 3, live), &[default]))
    }

    /// `code: message` of each risk in a plan.
    pub fn risks_of(plan: &Plan) -> Vec<String> {
        let risks = plan.changes.iter().flat_map(|change| &change.risks);
        risks
            .map(|risk| format!("{}: {}", risk.code, risk.message))
            .collect()
    }
}
