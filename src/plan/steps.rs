//! From a plan to the order in which it is carried out.
//!
//! Creates come first, then partitions, configs and deletes. `min.insync.replicas` moves apart
//! from the other configs, so that producers with `acks=all` never stop: where it goes down, it
//! goes before anything that could cost a replica; where it goes up, it goes after everything
//! that is not a delete, and only on topics whose partitions have enough replicas in sync by then.

use super::{Action, Change, Plan, Setting, SettingAction, SettingChange, SettingValue};
use crate::model::config::MIN_ISR;
use crate::model::step::{Operation, Phase, Step};
use crate::model::{AlterOp, ConfigKey, NewTopic};

/// The steps of a plan, in the order of their phases.
pub fn steps(plan: &Plan) -> Vec<Step> {
    let mut steps: Vec<Step> = plan.changes.iter().flat_map(of_change).collect();
    steps.sort_by_key(|step| step.phase);
    steps
}

fn of_change(change: &Change) -> Vec<Step> {
    let works = match change.action {
        Action::Create => create(change).into_iter().collect(),
        Action::Update => update(change),
        Action::Delete => {
            let id = change.id.clone();
            vec![(Phase::Delete, Operation::Delete { id })]
        }
        Action::Adopt | Action::Release | Action::UpdateInventory => Vec::new(),
    };
    let step = |(phase, work)| Step {
        phase,
        topic: change.topic.clone(),
        work,
    };
    works.into_iter().map(step).collect()
}

/// A plan's create names both counts; one that does not is not tried, and the report says so.
fn create(change: &Change) -> Option<(Phase, Operation)> {
    let count = |setting| change.setting(&setting)?.to()?.number();
    let config = change.on_topic().filter_map(|setting| {
        let value = setting.to().and_then(SettingValue::text)?;
        Some((setting.config_key()?.clone(), value.to_owned()))
    });
    let topic = NewTopic {
        name: change.topic.clone(),
        partitions: count(Setting::Partitions)?,
        replication_factor: count(Setting::ReplicationFactor)?,
        config: config.collect(),
    };
    Some((Phase::Create, Operation::Create(topic)))
}

fn update(change: &Change) -> Vec<(Phase, Operation)> {
    let mut works = Vec::new();
    let mut others = Vec::new();
    for setting in change.on_topic() {
        match &setting.setting {
            Setting::Partitions => works.extend(grow(setting)),
            Setting::Config(key) => match config_phase(key, setting) {
                phase @ Phase::RaiseMinIsr => {
                    let to = becomes(setting);
                    let op = op(setting);
                    works.push((phase, Operation::RaiseMinIsr { op, to }));
                }
                phase @ Phase::LowerMinIsr => {
                    works.push((phase, Operation::Alter(vec![(key.clone(), op(setting))])));
                }
                _ => others.push((key.clone(), op(setting))),
            },
            _ => {}
        }
    }
    if !others.is_empty() {
        works.push((Phase::Configs, Operation::Alter(others)));
    }
    works
}

fn grow(setting: &SettingChange) -> Option<(Phase, Operation)> {
    let from = setting.from.as_ref()?.number()?;
    let to = setting.to()?.number()?;
    Some((Phase::Partitions, Operation::AddPartitions { from, to }))
}

fn op(config: &SettingChange) -> AlterOp {
    match &config.action {
        SettingAction::Set(to) | SettingAction::Pin(to) => AlterOp::Set(to.to_string()),
        SettingAction::Reset(_) | SettingAction::Remove => AlterOp::Delete,
    }
}

fn number(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}

/// The number that a config becomes, by its own value or by the broker's default behind it.
fn becomes(config: &SettingChange) -> Option<u32> {
    config.becomes().and_then(number)
}

/// Where the direction of `min.insync.replicas` is not known, it counts as going up: that is the
/// one that can stop a producer.
fn config_phase(key: &ConfigKey, config: &SettingChange) -> Phase {
    if key.as_str() != MIN_ISR {
        return Phase::Configs;
    }
    match (config.current_text().and_then(number), becomes(config)) {
        (Some(from), Some(to)) if to < from => Phase::LowerMinIsr,
        (Some(from), Some(to)) if to == from => Phase::Configs,
        _ => Phase::RaiseMinIsr,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::BrokerDefault;
    use crate::live::ConfigSource;
    use crate::plan::{Options, make};
    use crate::testing::{desired, found, live, removal, topic};

    fn change(
        action: Action,
        partitions: (Option<u32>, u32),
        config: Vec<SettingChange>,
    ) -> Change {
        let (from, to) = partitions;
        let from = from.map(SettingValue::from);
        let counts = [
            SettingChange::set(Setting::Partitions, from, to.into(), None),
            SettingChange::set(Setting::ReplicationFactor, None, 3.into(), None),
        ];
        Change {
            settings: counts.into_iter().chain(config).collect(),
            ..Change::new("t".into(), action)
        }
    }

    fn config(
        key: &str,
        from: Option<&str>,
        to: Option<&str>,
        default: Option<&str>,
    ) -> SettingChange {
        let default = default.map(|value| BrokerDefault {
            value: value.to_owned(),
            source: ConfigSource::KafkaDefault,
        });
        let setting = Setting::Config(key.into());
        let from = from.map(SettingValue::from);
        SettingChange {
            action: match to {
                Some(to) => SettingAction::Set(to.into()),
                None => SettingAction::Reset(default),
            },
            ..SettingChange::set(setting, from, 0.into(), None)
        }
    }

    #[test]
    fn an_update_is_done_in_phases() {
        let change = change(
            Action::Update,
            (Some(3), 6),
            vec![
                config("min.insync.replicas", Some("2"), Some("1"), None),
                config("retention.ms", Some("5"), None, Some("7")),
                config("segment.bytes", None, Some("9"), None),
            ],
        );
        let set = |key: &str, value: &str| (ConfigKey::from(key), AlterOp::Set(value.to_owned()));
        let expected = [
            (
                Phase::Partitions,
                Operation::AddPartitions { from: 3, to: 6 },
            ),
            (
                Phase::LowerMinIsr,
                Operation::Alter(vec![set("min.insync.replicas", "1")]),
            ),
            (
                Phase::Configs,
                Operation::Alter(vec![
                    (ConfigKey::from("retention.ms"), AlterOp::Delete),
                    set("segment.bytes", "9"),
                ]),
            ),
        ];
        assert_eq!(update(&change), expected);
    }

    #[test]
    fn what_costs_replicas_comes_after_what_needs_fewer_and_deletes_come_last() {
        let mut wanted = desired([
            ("a-new", topic(1, 1, &[])),
            (
                "fewer",
                topic(6, 3, &[(MIN_ISR, "1"), ("retention.ms", "2")]),
            ),
            ("more", topic(3, 3, &[(MIN_ISR, "2")])),
        ]);
        wanted.removed.insert("a-gone".into(), removal());
        let live = live([
            ("a-gone", found(1, 1, &[])),
            (
                "fewer",
                found(3, 3, &[(MIN_ISR, "2"), ("retention.ms", "1")]),
            ),
            ("more", found(3, 3, &[(MIN_ISR, "1")])),
        ]);
        let plan = make(&wanted, &live, &Options::default());
        let steps = steps(&plan);
        let order = steps.iter().map(|step| (step.phase, step.topic.as_str()));
        let expected = [
            (Phase::Create, "a-new"),
            (Phase::LowerMinIsr, "fewer"),
            (Phase::Partitions, "fewer"),
            (Phase::Configs, "fewer"),
            (Phase::RaiseMinIsr, "more"),
            (Phase::Delete, "a-gone"),
        ];
        assert_eq!(order.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn min_isr_goes_down_early_and_up_late() {
        let phase =
            |from, to, default| config_phase(&MIN_ISR.into(), &config(MIN_ISR, from, to, default));
        assert_eq!(phase(Some("2"), Some("1"), None), Phase::LowerMinIsr);
        assert_eq!(phase(Some("1"), Some("2"), None), Phase::RaiseMinIsr);
        assert_eq!(phase(Some("2"), Some("2"), None), Phase::Configs);
        assert_eq!(phase(Some("2"), None, Some("1")), Phase::LowerMinIsr);
        assert_eq!(phase(Some("1"), None, Some("2")), Phase::RaiseMinIsr);
        assert_eq!(phase(Some("2"), None, None), Phase::RaiseMinIsr);
        assert_eq!(phase(None, Some("1"), None), Phase::RaiseMinIsr);
        let other = config("retention.ms", Some("2"), Some("1"), None);
        let key = "retention.ms".into();
        assert_eq!(config_phase(&key, &other), Phase::Configs);
    }

    #[test]
    fn a_create_is_one_step_and_the_topic_as_a_whole() {
        let config = vec![config("retention.ms", None, Some("5"), None)];
        let steps = of_change(&change(Action::Create, (None, 12), config));
        let [step] = steps.as_slice() else {
            panic!("{steps:?}");
        };
        let expected = NewTopic {
            name: "t".into(),
            partitions: 12,
            replication_factor: 3,
            config: vec![("retention.ms".into(), "5".to_owned())],
        };
        assert_eq!(step.work, Operation::Create(expected));
        assert_eq!((step.phase, step.parts()), (Phase::Create, vec![None]));
    }
}
