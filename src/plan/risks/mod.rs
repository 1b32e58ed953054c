//! What a change can cost. A topic that is created loses no data; a pin changes nothing and so costs
//! nothing either.
//!
//! Where it is not known what the brokers give to a topic, records are assumed to be at risk; for
//! the rest Kafka's built-in default stands in.

mod cleanup;
mod retention;
mod writes;

use super::{Risk, Setting, SettingAction, SettingChange};
use crate::desired::Topic;
use crate::live::{Defaults, LiveTopic, effective};
use crate::model::config::{MIN_ISR, Unit, list_items};
use crate::model::{ConfigKey, RiskCode};

/// A topic that is listed and live, with what is about to happen to it.
struct Update<'a> {
    found: &'a LiveTopic,
    defaults: &'a Defaults,
    settings: &'a [SettingChange],
}

/// A config with its value now and then, as far as they are known.
struct ValueChange<'a> {
    key: &'a ConfigKey,
    from: Option<&'a str>,
    becomes: Option<&'a str>,
}

/// The risks of a topic that is deleted.
pub(super) fn of_delete() -> Vec<Risk> {
    let code = RiskCode::TopicDeleted;
    vec![risk(code, code.meaning().to_owned())]
}

/// Adds the risks of a topic that becomes owned: what somebody else has set on it is lost.
pub(super) fn of_adopt(settings: &mut [SettingChange]) {
    for change in settings {
        if matches!(change.action, SettingAction::Reset(_)) {
            let message = "what was set before the topic was owned is lost".to_owned();
            change.risks.push(risk(RiskCode::ResetOnAdopt, message));
        }
    }
}

/// Returns the risk of a topic that is created: fewer replicas than the brokers' default for
/// `min.insync.replicas` asks for. A declared value is checked with the files.
pub(super) fn of_create(topic: &Topic, defaults: &Defaults) -> Option<Risk> {
    let declared = topic.config.get(MIN_ISR).map(|value| &*value.value);
    let default = || defaults.get(MIN_ISR).map(|default| default.value.as_str());
    writes::stopped(topic.replication_factor.value, declared.or_else(default)?)
}

/// Returns the risk of a topic that has fewer replicas than must be in sync once it is changed.
pub(super) fn of_state(
    found: &LiveTopic,
    defaults: &Defaults,
    settings: &[SettingChange],
) -> Option<Risk> {
    let is_min_isr = |change: &&SettingChange| {
        change
            .config_key()
            .is_some_and(|key| key.as_str() == MIN_ISR)
    };
    let minimum = match settings.iter().find(is_min_isr) {
        Some(change) => change.becomes()?,
        None => effective(found, defaults, MIN_ISR)?.value,
    };
    writes::stopped(found.replication_factor.least(), minimum)
}

/// Adds the risks of a topic that is changed to what brings them.
pub(super) fn of_update(found: &LiveTopic, defaults: &Defaults, settings: &mut [SettingChange]) {
    let update = Update {
        found,
        defaults,
        settings,
    };
    let risks: Vec<Vec<Risk>> = update
        .settings
        .iter()
        .map(|change| update.risks(change))
        .collect();
    for (change, risks) in settings.iter_mut().zip(risks) {
        change.risks = risks;
    }
}

impl<'a> Update<'a> {
    fn risks(&self, change: &SettingChange) -> Vec<Risk> {
        match &change.setting {
            Setting::Partitions => cleanup::of_partitions(self),
            Setting::Config(key) if !change.is_pin() => {
                let change = ValueChange {
                    key,
                    from: change.current_text(),
                    becomes: change.becomes(),
                };
                self.of_config(&change).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn of_config(&self, change: &ValueChange) -> Option<Risk> {
        match change.key.as_str() {
            "cleanup.policy" => cleanup::changed(change),
            "max.message.bytes" => writes::messages_refused(change),
            "message.timestamp.type" => writes::timestamps_changed(change),
            "min.insync.replicas" => writes::min_insync_replicas(self.found, change),
            "remote.storage.enable" => retention::remote_data_deleted(change),
            "retention.bytes" | "retention.ms" => retention::shortened(self, change),
            "unclean.leader.election.enable" => writes::unclean_election(change),
            _ => None,
        }
    }

    /// The cleanup policy that the topic has now, where it is known.
    fn policy_before(&self) -> Option<&'a str> {
        let live = effective(self.found, self.defaults, CLEANUP_POLICY);
        live.map(|live| live.value)
    }

    /// The cleanup policy that the topic will have, as far as it is known.
    fn policy_after(&self) -> Option<&'a str> {
        let is_policy = |key: &ConfigKey| key.as_str() == CLEANUP_POLICY;
        let change = self
            .settings
            .iter()
            .find(|change| change.config_key().is_some_and(is_policy));
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
fn before<'a>(change: &ValueChange<'a>) -> &'a str {
    change.from.unwrap_or(built_in(change.key))
}

/// What the topic will have, or Kafka's built-in default where that is not known.
fn after<'a>(change: &ValueChange<'a>) -> &'a str {
    change.becomes.unwrap_or(built_in(change.key))
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

/// `(currently 7d)`: what a message's new value is to be compared with.
fn so_far(change: &ValueChange) -> String {
    match change.from {
        Some(from) => format!("(currently {})", in_words(change.key, from)),
        None => "(currently unknown)".to_owned(),
    }
}

fn risk(code: RiskCode, message: String) -> Risk {
    Risk { code, message }
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
        let risks = plan.changes.iter().flat_map(|change| change.all_risks());
        risks
            .map(|(_, risk)| format!("{}: {}", risk.code, risk.message))
            .collect()
    }
}
