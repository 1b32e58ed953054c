//! Checks of the configuration against the brokers: replicas, racks, in-sync replicas.

use std::collections::{BTreeMap, BTreeSet};

use super::settings::setting;
use super::{Check, Code, Purpose, fail, ok, skip, warn};
use crate::desired::Topic;
use crate::live::checkup::Checkup;
use crate::model::config::MIN_ISR;
use crate::model::text::{count, names};

/// Maximum number of topics in a message.
const MOST_NAMED: usize = 3;

pub(super) fn judge(purpose: Purpose<'_>, found: &Checkup) -> Vec<Check> {
    let wanted = wanted(purpose);
    vec![
        replication(purpose, &wanted, found),
        racks(&wanted, found),
        min_isr(&wanted, found),
    ]
}

/// A declared topic, or a lifecycle's topic template.
struct DeclaredTopic<'a> {
    name: String,
    topic: &'a Topic,
}

impl DeclaredTopic<'_> {
    fn factor(&self) -> usize {
        self.topic.replication_factor.value as usize
    }

    /// Formats the topic with the place of its replication factor, `orders
    /// (environments/prod.toml:5)`.
    fn with_place(&self) -> String {
        let place = self.topic.replication_factor.place.file_line();
        format!("{} ({place})", self.name)
    }
}

fn wanted(purpose: Purpose<'_>) -> Vec<DeclaredTopic<'_>> {
    let listed = purpose.topics().map(|(name, topic)| DeclaredTopic {
        name: name.to_string(),
        topic,
    });
    let lifecycles = purpose.desired.lifecycles.values();
    let templates = lifecycles.flat_map(|lifecycle| &lifecycle.topics);
    let templates = templates.map(|topic| DeclaredTopic {
        name: topic.name.to_string(),
        topic: &topic.settings,
    });
    listed.chain(templates).collect()
}

fn replication(purpose: Purpose<'_>, wanted: &[DeclaredTopic<'_>], found: &Checkup) -> Check {
    let code = Code::Replication;
    let up = found.brokers.len();
    let known = up + found.partitions.absent.len();
    let Some(most) = wanted.iter().map(DeclaredTopic::factor).max() else {
        return skip(code, "the files list no topic here");
    };
    let brokers = count(up, "broker");
    if most <= up {
        let message = format!("at most {} wanted; {brokers} up", count(most, "replica"));
        return ok(code, message);
    }
    let beyond: Vec<&DeclaredTopic<'_>> = wanted.iter().filter(|w| w.factor() > up).collect();
    let places: Vec<String> = beyond.iter().map(|wanted| wanted.with_place()).collect();
    let topics = match beyond.len() {
        1 => "1 topic wants".to_owned(),
        many => format!("{many} topics want"),
    };
    let message = format!(
        "{topics} more replicas than there are brokers, up to {most} with {brokers} up: {}",
        names(&places, MOST_NAMED)
    );
    match most <= known {
        true => {
            let help = "start the brokers that are down";
            warn(code, message, help)
        }
        false => {
            let environment = &purpose.desired.environment.name;
            let help = format!(
                "add brokers, or set a lower replication_factor for {environment}: in its [defaults], or in [topics.NAME.env.{environment}]"
            );
            fail(code, message, help)
        }
    }
}

fn racks(wanted: &[DeclaredTopic<'_>], found: &Checkup) -> Check {
    let code = Code::Racks;
    let racks: BTreeSet<&str> = found
        .brokers
        .iter()
        .filter_map(|b| b.rack.as_deref())
        .collect();
    let without: Vec<i32> = found
        .brokers
        .iter()
        .filter(|broker| broker.rack.is_none())
        .map(|broker| broker.id)
        .collect();
    if racks.is_empty() {
        return ok(code, "no broker names a rack");
    }
    if !without.is_empty() {
        let message = format!(
            "broker {} names no rack, and others do: replicas are not spread over racks",
            names(&without, MOST_NAMED)
        );
        return warn(code, message, "set broker.rack on every broker");
    }
    let most = wanted
        .iter()
        .map(DeclaredTopic::factor)
        .max()
        .unwrap_or_default();
    let all: Vec<&str> = racks.iter().copied().collect();
    let message = format!(
        "{}: {}",
        count(racks.len(), "rack"),
        names(&all, MOST_NAMED)
    );
    if racks.len() >= most {
        return ok(code, message);
    }
    warn(
        code,
        format!("{message}; with up to {most} replicas some of a partition's share a rack"),
        "keep min_insync_replicas within what is left when a rack is lost, or add racks",
    )
}

/// Kafka accepts a topic with more required in-sync replicas than replicas, and then rejects its
/// acks=all writes. Declared values are checked on loading; this checks the brokers' default.
fn min_isr(wanted: &[DeclaredTopic<'_>], found: &Checkup) -> Check {
    let code = Code::MinIsr;
    let values = match setting(found, code, MIN_ISR) {
        Ok(values) => values,
        Err(check) => return check,
    };
    let numbers = values.iter().filter_map(|(_, value)| value.parse().ok());
    let Some(default): Option<usize> = numbers.max() else {
        return skip(code, format!("{MIN_ISR} is no number on any broker"));
    };
    let silent = wanted
        .iter()
        .filter(|w| !w.topic.config.contains_key(MIN_ISR));
    let mut by_kind: BTreeMap<DefaultEffect, Vec<&str>> = BTreeMap::new();
    for wanted in silent {
        let kind = DefaultEffect::of(default, wanted.factor());
        by_kind.entry(kind).or_default().push(&wanted.name);
    }
    // The worst one: the map is sorted by severity.
    let Some((kind, topics)) = by_kind.first_key_value() else {
        let message = format!("{MIN_ISR} is {default} by default; every topic declares its own");
        return ok(code, message);
    };
    let Some(so) = kind.so() else {
        return ok(code, format!("{MIN_ISR} is {default} by default"));
    };
    let silent = match topics.len() {
        1 => "1 topic does not declare it".to_owned(),
        many => format!("{many} topics do not declare it"),
    };
    let topics = names(topics, MOST_NAMED);
    let message = format!("{MIN_ISR} is {default} by default, and {silent} ({topics}): {so}");
    let help = "declare min_insync_replicas, in [defaults] say";
    match kind {
        DefaultEffect::Never => fail(code, message, help),
        DefaultEffect::Stops | DefaultEffect::Alone | DefaultEffect::Fine => {
            warn(code, message, help)
        }
    }
}

/// The effect of the default on a topic with a number of replicas, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum DefaultEffect {
    Never,
    Stops,
    Alone,
    Fine,
}

impl DefaultEffect {
    /// Returns the effect in words; `None` if there is no problem.
    fn so(self) -> Option<&'static str> {
        match self {
            DefaultEffect::Never => Some("with fewer replicas, no acks=all write succeeds"),
            DefaultEffect::Stops => {
                Some("acks=all writes stop with the first replica that is out of sync")
            }
            DefaultEffect::Alone => Some("an acks=all write may be on one broker alone"),
            DefaultEffect::Fine => None,
        }
    }

    fn of(default: usize, factor: usize) -> Self {
        match factor {
            1 if default <= 1 => DefaultEffect::Fine,
            factor if factor < default => DefaultEffect::Never,
            factor if factor == default => DefaultEffect::Stops,
            factor if default == 1 && factor >= 3 => DefaultEffect::Alone,
            _ => DefaultEffect::Fine,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::CheckStatus;
    use super::super::testing::{checkup, find, purpose, set};
    use super::*;
    use crate::testing::{desired, topic};

    fn one(desired: &crate::desired::Desired, found: &Checkup, code: Code) -> Check {
        find(&judge(purpose(desired), found), code)
    }

    #[test]
    fn more_replicas_than_brokers() {
        let desired = desired([("a", topic(1, 3, &[])), ("b", topic(1, 1, &[]))]);
        assert_eq!(
            one(&desired, &checkup(3), Code::Replication).level,
            CheckStatus::Ok
        );
        let check = one(&desired, &checkup(2), Code::Replication);
        assert_eq!(check.level, CheckStatus::Fail);
        assert_eq!(
            check.message,
            "1 topic wants more replicas than there are brokers, up to 3 with 2 brokers up: a (topics/a.toml:3)"
        );
        let mut found = checkup(2);
        found.partitions.absent = [(3, 1)].into();
        assert_eq!(
            one(&desired, &found, Code::Replication).level,
            CheckStatus::Warn
        );
    }

    #[test]
    fn replicas_over_racks() {
        let desired = desired([("a", topic(1, 3, &[]))]);
        let with = |racks: &[Option<&str>]| {
            let mut found = checkup(i32::try_from(racks.len()).expect("a few"));
            for (broker, rack) in found.brokers.iter_mut().zip(racks) {
                broker.rack = rack.map(str::to_owned);
            }
            one(&desired, &found, Code::Racks)
        };
        assert_eq!(with(&[None, None, None]).level, CheckStatus::Ok);
        assert_eq!(
            with(&[Some("a"), Some("b"), Some("c")]).message,
            "3 racks: a, b, c"
        );
        assert_eq!(
            with(&[Some("a"), Some("b"), Some("b")]).level,
            CheckStatus::Warn
        );
        assert_eq!(with(&[Some("a"), Some("b"), None]).level, CheckStatus::Warn);
    }

    #[test]
    fn in_sync_replicas_by_default() {
        let level = |default: &str, factor, declared: &[(&str, &str)]| {
            let desired = desired([("a", topic(1, factor, declared))]);
            let mut found = checkup(3);
            set(&mut found, MIN_ISR, default);
            one(&desired, &found, Code::MinIsr).level
        };
        assert_eq!(level("1", 1, &[]), CheckStatus::Ok);
        assert_eq!(level("1", 3, &[]), CheckStatus::Warn);
        assert_eq!(level("2", 3, &[]), CheckStatus::Ok);
        assert_eq!(level("3", 3, &[]), CheckStatus::Warn);
        assert_eq!(level("2", 1, &[]), CheckStatus::Fail);
        assert_eq!(level("2", 1, &[(MIN_ISR, "1")]), CheckStatus::Ok);
    }
}
