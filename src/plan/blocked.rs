//! What Kafka does not do, taken out of a change: each finding holds back its own part, and what
//! depends on it.

use super::{Blocked, Setting, SettingChange};
use crate::desired::Topic;
use crate::diff::TopicDiff;
use crate::live::{LiveTopic, ReplicationFactor};
use crate::model::config::MIN_ISR;
use crate::model::text::count;
use crate::model::{BlockCode, Place, TopicName};

/// The partition count that the topic gets, or why it cannot have it.
///
/// Kafka adds partitions and never removes one: a partition's records would have nowhere to go.
pub(super) fn partitions(
    name: &TopicName,
    found: &LiveTopic,
    diff: &TopicDiff,
) -> Result<Option<SettingChange>, Box<Blocked>> {
    let Some(wanted) = diff.partitions else {
        return Ok(None);
    };
    let (from, to) = (found.partitions, wanted.value);
    if to > from {
        return Ok(Some(SettingChange::set(
            Setting::Partitions,
            Some(from.into()),
            to.into(),
            Some(&wanted.place),
        )));
    }
    Err(Box::new(Blocked {
        topic: name.clone(),
        code: BlockCode::PartitionsDecrease,
        setting: Some(Setting::Partitions),
        message: format!("partitions {from} → {to}: Kafka cannot remove partitions"),
        help: format!(
            "Set partitions = {from}, leave them to others with unmanaged = [\"partitions\"], or move to a new topic"
        ),
        declared_at: Some(wanted.place.clone()),
        holds_back: Vec::new(),
    }))
}

/// The replication factor that the topic cannot get, where another is declared.
pub(super) fn replication_factor(
    name: &TopicName,
    found: &LiveTopic,
    diff: &TopicDiff,
) -> Option<Blocked> {
    let wanted = diff.replication_factor?;
    let from = &found.replication_factor;
    // Where partitions differ there is no one number that a file could say instead.
    let declare = match from {
        ReplicationFactor::Same(count) => format!(", set replication_factor = {count},"),
        ReplicationFactor::Mixed(_) => String::new(),
    };
    Some(Blocked {
        topic: name.clone(),
        code: BlockCode::ReplicationFactorChange,
        setting: Some(Setting::ReplicationFactor),
        message: format!(
            "replication factor {from} → {}: Kafka changes it by reassignment only",
            wanted.value
        ),
        help: format!(
            "Move the replicas with kafka-reassign-partitions{declare} or leave it to others with unmanaged = [\"replication_factor\"]"
        ),
        declared_at: Some(wanted.place.clone()),
        holds_back: Vec::new(),
    })
}

/// Holds back a `min.insync.replicas` that is more than the topic has replicas: Kafka accepts it,
/// and every acks=all write fails from then on.
pub(super) fn min_insync_replicas(
    name: &TopicName,
    wanted: &Topic,
    found: &LiveTopic,
    settings: &mut Vec<SettingChange>,
    factor: &mut Option<Blocked>,
) -> Option<Blocked> {
    let replicas = found.replication_factor.least();
    let min_isr =
        |change: &SettingChange| change.config_key().is_some_and(|k| k.as_str() == MIN_ISR);
    let index = settings
        .iter()
        .position(|change| min_isr(change) && !change.is_pin())?;
    let minimum: u32 = settings[index].becomes()?.trim().parse().ok()?;
    if minimum <= replicas {
        return None;
    }
    let change = settings.remove(index);
    let from = change.current_text().unwrap_or("?");
    if let Some(factor) = factor
        && minimum <= wanted.replication_factor.value
    {
        let waits = format!("; {MIN_ISR} {from} → {minimum} waits for it");
        factor.message.push_str(&waits);
        factor.holds_back.push(MIN_ISR.into());
        return None;
    }
    let place = change.declared_at.as_ref().unwrap_or(&wanted.declared_at);
    Some(too_few_replicas(name, replicas, minimum, from, place))
}

fn too_few_replicas(
    name: &TopicName,
    replicas: u32,
    minimum: u32,
    from: &str,
    place: &Place,
) -> Blocked {
    let has = count(replicas as usize, "replica");
    Blocked {
        topic: name.clone(),
        code: BlockCode::MinIsrAboveReplicas,
        setting: Some(Setting::Config(MIN_ISR.into())),
        message: format!(
            "{MIN_ISR} {from} → {minimum}: the topic has {has}, so every acks=all write would fail"
        ),
        help: format!(
            "Set min_insync_replicas to at most {replicas}, or give the topic more replicas with kafka-reassign-partitions"
        ),
        declared_at: Some(place.clone()),
        holds_back: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ConfigKey;
    use crate::plan::{Options, Plan, make};
    use crate::testing::{desired, found, live, topic};

    fn plan(wanted: Topic, found: LiveTopic) -> Plan {
        make(
            &desired([("a", wanted)]),
            &live([("a", found)]),
            &Options::default(),
        )
    }

    fn min_isr(value: &str) -> [(&str, &str); 1] {
        [(MIN_ISR, value)]
    }

    /// The keys that the plan changes.
    fn changed(plan: &Plan) -> Vec<&str> {
        let settings = plan.changes.iter().flat_map(|change| &change.settings);
        let keys = settings.filter_map(|change| change.config_key());
        keys.map(ConfigKey::as_str).collect()
    }

    #[test]
    fn fewer_partitions_hold_back_nothing_else() {
        let wanted = topic(3, 3, &[("retention.ms", "1209600000")]);
        let plan = plan(wanted, found(6, 3, &[]));
        let [blocked] = plan.blocked.as_slice() else {
            panic!("{plan:?}")
        };
        assert_eq!(blocked.code, BlockCode::PartitionsDecrease);
        assert_eq!(
            blocked.message,
            "partitions 6 → 3: Kafka cannot remove partitions"
        );
        assert!(blocked.help.starts_with("Set partitions = 6, "));
        assert_eq!(blocked.declared_at, Some(crate::testing::line(2)));
        assert_eq!(changed(&plan), ["retention.ms"]);
        assert_eq!(plan.changes[0].setting(&Setting::Partitions), None);
        assert_eq!(plan.unchanged, 0);
    }

    #[test]
    fn what_is_blocked_and_nothing_else_is_neither_changed_nor_unchanged() {
        let plan = plan(topic(3, 3, &[]), found(6, 1, &[]));
        assert_eq!(plan.blocked.len(), 2);
        assert!(plan.is_empty());
        assert_eq!(plan.unchanged, 0);
    }

    #[test]
    fn another_replication_factor_shows_the_way_out() {
        let plan = plan(topic(6, 3, &[]), found(3, 1, &[]));
        let blocked = &plan.blocked[0];
        assert_eq!(blocked.code, BlockCode::ReplicationFactorChange);
        assert_eq!(
            blocked.message,
            "replication factor 1 → 3: Kafka changes it by reassignment only"
        );
        assert!(blocked.help.contains("kafka-reassign-partitions"));
        assert!(
            blocked
                .help
                .contains(", set replication_factor = 1, or leave")
        );
        assert!(
            blocked
                .help
                .contains("unmanaged = [\"replication_factor\"]")
        );
        // The partitions are added all the same.
        assert!(plan.changes[0].setting(&Setting::Partitions).is_some());
    }

    #[test]
    fn different_replication_factors_are_shown_as_they_are() {
        let mut mixed = found(3, 3, &[]);
        mixed.replication_factor = ReplicationFactor::of([1, 3]);
        let plan = plan(topic(3, 3, &[]), mixed);
        assert!(
            plan.blocked[0]
                .message
                .starts_with("replication factor 1 or 3 → 3:")
        );
        assert!(!plan.blocked[0].help.contains("set replication_factor"));
    }

    #[test]
    fn a_min_isr_beyond_the_replicas_waits_for_them() {
        let plan = plan(topic(3, 2, &min_isr("2")), found(3, 1, &[]));
        let [blocked] = plan.blocked.as_slice() else {
            panic!("{plan:?}")
        };
        assert_eq!(blocked.holds_back, [ConfigKey::from(MIN_ISR)]);
        assert!(
            blocked
                .message
                .ends_with("; min.insync.replicas 1 → 2 waits for it")
        );
        assert!(plan.is_empty());
    }

    #[test]
    fn a_min_isr_within_the_replicas_does_not_wait() {
        let plan = plan(topic(3, 3, &min_isr("2")), found(3, 2, &[]));
        assert!(plan.blocked[0].holds_back.is_empty());
        assert_eq!(changed(&plan), [MIN_ISR]);
    }

    #[test]
    fn a_min_isr_beyond_replicas_that_others_decide_on_is_blocked_in_its_own_words() {
        let mut wanted = topic(3, 3, &min_isr("2"));
        wanted.unmanaged.replication_factor = true;
        let plan = plan(wanted, found(3, 1, &[]));
        let blocked = &plan.blocked[0];
        assert_eq!(blocked.code, BlockCode::MinIsrAboveReplicas);
        assert_eq!(blocked.setting, Some(Setting::Config(MIN_ISR.into())));
        assert_eq!(
            blocked.message,
            "min.insync.replicas 1 → 2: the topic has 1 replica, so every acks=all write would fail"
        );
        assert_eq!(blocked.declared_at, Some(crate::testing::line(4)));
        assert!(plan.is_empty());
    }

    #[test]
    fn a_reset_to_a_default_beyond_the_replicas_is_blocked_too() {
        let mut live = live([("a", found(3, 1, &min_isr("1")))]);
        live.broker_defaults
            .insert(MIN_ISR.into(), crate::testing::kafka_default("2"));
        let desired = desired([("a", topic(3, 1, &[]))]);
        let plan = make(&desired, &live, &Options::default());
        assert_eq!(
            plan.blocked[0].setting,
            Some(Setting::Config(MIN_ISR.into()))
        );
        assert_eq!(plan.blocked[0].declared_at, Some(crate::testing::line(1)));
        assert!(plan.is_empty());
    }

    #[test]
    fn a_default_beyond_the_declared_replicas_does_not_wait_for_them() {
        let mut live = live([("a", found(3, 1, &min_isr("1")))]);
        live.broker_defaults
            .insert(MIN_ISR.into(), crate::testing::kafka_default("3"));
        let plan = make(
            &desired([("a", topic(3, 2, &[]))]),
            &live,
            &Options::default(),
        );
        assert_eq!(plan.blocked.len(), 2);
        assert!(plan.blocked[0].holds_back.is_empty());
    }

    #[test]
    fn a_pin_of_min_isr_changes_nothing_and_is_not_blocked() {
        let mut live = live([("a", found(3, 1, &[]))]);
        live.broker_defaults
            .insert(MIN_ISR.into(), crate::testing::kafka_default("2"));
        let mut wanted = topic(3, 1, &min_isr("2"));
        wanted.unmanaged.replication_factor = true;
        let plan = make(&desired([("a", wanted)]), &live, &Options::default());
        assert!(plan.blocked.is_empty());
        assert_eq!(changed(&plan), [MIN_ISR]);
    }
}
