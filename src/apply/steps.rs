//! From a plan to the order in which it is carried out.
//!
//! Creates come first, then partitions, configs and deletes. `min.insync.replicas` moves apart
//! from the other configs, so that producers with `acks=all` never stop: where it goes down, it
//! goes before anything that could cost a replica; where it goes up, it goes after everything
//! that is not a delete, and only on topics whose partitions have enough replicas in sync by then.

use std::collections::BTreeMap;

use super::batches::Cost;
use crate::kafka::AlterOp;
use crate::model::{ConfigKey, TopicName};
use crate::plan::{Action, Change, ConfigAction, ConfigChange, Plan, Subject};

/// The config that says how many replicas must have a record before it counts as written.
const MIN_ISR: &str = "min.insync.replicas";

/// One request's worth of one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The topic.
    pub topic: TopicName,
    /// What is done to it.
    pub work: Work,
}

/// What is done to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// It is made.
    Create {
        /// With so many partitions.
        partitions: u32,
        /// With so many replicas of each.
        replication_factor: u32,
        /// With these configs set on it.
        config: Vec<(ConfigKey, String)>,
    },
    /// It gets more partitions.
    Grow {
        /// What it has.
        from: u32,
        /// What it gets.
        to: u32,
    },
    /// Its configs change.
    Alter(Vec<(ConfigKey, AlterOp)>),
    /// Its `min.insync.replicas` goes up.
    RaiseMinIsr {
        /// How.
        op: AlterOp,
        /// To what, where it is known.
        to: Option<u32>,
    },
    /// It is deleted.
    Delete {
        /// The id of the topic that was planned to go: another one of its name stays.
        id: Option<String>,
    },
}

/// The phases of an apply, in the order in which they are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// New topics, with their configs.
    Create,
    /// `min.insync.replicas` where it goes down.
    LowerMinIsr,
    /// More partitions.
    Partitions,
    /// All other configs.
    Configs,
    /// `min.insync.replicas` where it goes up.
    RaiseMinIsr,
    /// Topics that go.
    Delete,
}

impl Step {
    /// The parts of the change that this step carries out.
    pub fn subjects(&self) -> Vec<Subject> {
        match &self.work {
            Work::Create { .. } | Work::Delete { .. } => vec![Subject::Topic],
            Work::Grow { .. } => vec![Subject::Partitions],
            Work::Alter(_) | Work::RaiseMinIsr { .. } => {
                let keys = self.ops().into_iter().map(|(key, _)| key);
                keys.map(Subject::Config).collect()
            }
        }
    }

    /// The configs that this step changes on a topic that exists.
    pub fn ops(&self) -> Vec<(ConfigKey, AlterOp)> {
        match &self.work {
            Work::Alter(ops) => ops.clone(),
            Work::RaiseMinIsr { op, .. } => vec![(ConfigKey::from(MIN_ISR), op.clone())],
            Work::Create { .. } | Work::Grow { .. } | Work::Delete { .. } => Vec::new(),
        }
    }

    /// What the step adds to a request.
    pub(super) fn cost(&self) -> Cost {
        match &self.work {
            Work::Create {
                partitions, config, ..
            } => Cost::of_create(*partitions, config.len()),
            Work::Grow { from, to } => Cost::of_growth(*from, *to),
            Work::Alter(ops) => Cost::of_alter(ops.len()),
            Work::RaiseMinIsr { .. } => Cost::of_alter(1),
            Work::Delete { .. } => Cost::of_delete(),
        }
    }
}

/// The steps of a plan in the phases that they belong to; phases without a step are left out.
pub fn phases(plan: &Plan) -> Vec<(Phase, Vec<Step>)> {
    let mut phases: BTreeMap<Phase, Vec<Step>> = BTreeMap::new();
    for (phase, step) in plan.changes.iter().flat_map(of_change) {
        phases.entry(phase).or_default().push(step);
    }
    phases.into_iter().collect()
}

fn of_change(change: &Change) -> Vec<(Phase, Step)> {
    let works = match change.action {
        Action::Create => create(change).into_iter().collect(),
        Action::Update => update(change),
        Action::Delete => {
            let id = change.id.clone();
            vec![(Phase::Delete, Work::Delete { id })]
        }
        Action::Adopt | Action::Release | Action::Record => Vec::new(),
    };
    let step = |work| Step {
        topic: change.topic.clone(),
        work,
    };
    let steps = works.into_iter().map(|(phase, work)| (phase, step(work)));
    steps.collect()
}

/// A plan's create names both counts; one that does not is not tried, and the report says so.
fn create(change: &Change) -> Option<(Phase, Work)> {
    let config = change.config.iter();
    let work = Work::Create {
        partitions: change.partitions.as_ref()?.to?,
        replication_factor: change.replication_factor.as_ref()?.to?,
        config: config
            .filter_map(|config| Some((config.key.clone(), config.to.clone()?)))
            .collect(),
    };
    Some((Phase::Create, work))
}

fn update(change: &Change) -> Vec<(Phase, Work)> {
    let mut works = Vec::new();
    if let Some(count) = &change.partitions
        && let (Some(from), Some(to)) = (count.from, count.to)
    {
        works.push((Phase::Partitions, Work::Grow { from, to }));
    }
    let mut others = Vec::new();
    for config in &change.config {
        let phase = config_phase(config);
        match phase {
            Phase::RaiseMinIsr => works.push((
                phase,
                Work::RaiseMinIsr {
                    op: op(config),
                    to: becomes(config),
                },
            )),
            Phase::LowerMinIsr => {
                works.push((phase, Work::Alter(vec![(config.key.clone(), op(config))])));
            }
            _ => others.push((config.key.clone(), op(config))),
        }
    }
    if !others.is_empty() {
        works.push((Phase::Configs, Work::Alter(others)));
    }
    works
}

fn op(config: &ConfigChange) -> AlterOp {
    match (config.action, &config.to) {
        (ConfigAction::Set | ConfigAction::Pin, Some(value)) => AlterOp::Set(value.clone()),
        (ConfigAction::Reset, _) | (_, None) => AlterOp::Delete,
    }
}

fn number(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}

/// The number that a config becomes, by its own value or by the broker's default behind it.
fn becomes(config: &ConfigChange) -> Option<u32> {
    match (&config.to, &config.to_default) {
        (Some(value), _) => number(value),
        (None, Some(default)) => number(&default.value),
        (None, None) => None,
    }
}

/// Where the direction of `min.insync.replicas` is not known, it counts as going up: that is the
/// one that can stop a producer.
fn config_phase(config: &ConfigChange) -> Phase {
    if config.key.as_str() != MIN_ISR {
        return Phase::Configs;
    }
    match (config.from.as_deref().and_then(number), becomes(config)) {
        (Some(from), Some(to)) if to < from => Phase::LowerMinIsr,
        (Some(from), Some(to)) if to == from => Phase::Configs,
        _ => Phase::RaiseMinIsr,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::BrokerDefault;
    use crate::live::Source;
    use crate::plan::CountChange;

    fn change(
        action: Action,
        partitions: Option<(Option<u32>, u32)>,
        config: Vec<ConfigChange>,
    ) -> Change {
        Change {
            partitions: partitions.map(|(from, to)| CountChange {
                from,
                to: Some(to),
                declared_at: None,
            }),
            replication_factor: Some(CountChange {
                from: None,
                to: Some(3),
                declared_at: None,
            }),
            config,
            ..Change::new("t".into(), action)
        }
    }

    fn config(
        key: &str,
        from: Option<&str>,
        to: Option<&str>,
        default: Option<&str>,
    ) -> ConfigChange {
        ConfigChange {
            key: key.into(),
            action: if to.is_some() {
                ConfigAction::Set
            } else {
                ConfigAction::Reset
            },
            from: from.map(str::to_owned),
            from_source: None,
            to: to.map(str::to_owned),
            to_default: default.map(|value| BrokerDefault {
                value: value.to_owned(),
                source: Source::KafkaDefault,
            }),
            declared_at: None,
        }
    }

    #[test]
    fn an_update_is_done_in_phases() {
        let change = change(
            Action::Update,
            Some((Some(3), 6)),
            vec![
                config("min.insync.replicas", Some("2"), Some("1"), None),
                config("retention.ms", Some("5"), None, Some("7")),
                config("segment.bytes", None, Some("9"), None),
            ],
        );
        let set = |key: &str, value: &str| (ConfigKey::from(key), AlterOp::Set(value.to_owned()));
        let expected = [
            (Phase::Partitions, Work::Grow { from: 3, to: 6 }),
            (
                Phase::LowerMinIsr,
                Work::Alter(vec![set("min.insync.replicas", "1")]),
            ),
            (
                Phase::Configs,
                Work::Alter(vec![
                    (ConfigKey::from("retention.ms"), AlterOp::Delete),
                    set("segment.bytes", "9"),
                ]),
            ),
        ];
        assert_eq!(update(&change), expected);
    }

    #[test]
    fn phases_keep_their_order() {
        let order = [
            Phase::Create,
            Phase::LowerMinIsr,
            Phase::Partitions,
            Phase::Configs,
            Phase::RaiseMinIsr,
            Phase::Delete,
        ];
        assert!(order.is_sorted());
    }

    #[test]
    fn min_isr_goes_down_early_and_up_late() {
        let phase = |from, to, default| config_phase(&config(MIN_ISR, from, to, default));
        assert_eq!(phase(Some("2"), Some("1"), None), Phase::LowerMinIsr);
        assert_eq!(phase(Some("1"), Some("2"), None), Phase::RaiseMinIsr);
        assert_eq!(phase(Some("2"), Some("2"), None), Phase::Configs);
        assert_eq!(phase(Some("2"), None, Some("1")), Phase::LowerMinIsr);
        assert_eq!(phase(Some("1"), None, Some("2")), Phase::RaiseMinIsr);
        assert_eq!(phase(Some("2"), None, None), Phase::RaiseMinIsr);
        assert_eq!(phase(None, Some("1"), None), Phase::RaiseMinIsr);
        let other = config("retention.ms", Some("2"), Some("1"), None);
        assert_eq!(config_phase(&other), Phase::Configs);
    }

    #[test]
    fn a_create_costs_what_kafka_writes_for_it() {
        let change = change(
            Action::Create,
            Some((None, 12)),
            vec![config("retention.ms", None, Some("5"), None)],
        );
        let steps = of_change(&change);
        let [(Phase::Create, step)] = steps.as_slice() else {
            panic!("{steps:?}");
        };
        let cost = Cost {
            records: 15,
            partitions: 12,
        };
        assert_eq!(step.cost(), cost);
        assert_eq!(step.subjects(), [Subject::Topic]);
    }
}
