//! A healthy cluster, for tests to spoil.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Check, Code, Level, Purpose, Work};
use crate::desired::Desired;
use crate::live::Operation;
use crate::live::checkup::{Broker, Checkup, Groups, Partitions, Reason, Standing, Untold, Visit};
use crate::model::{Globs, TopicName};

pub fn purpose(desired: &Desired) -> Purpose<'_> {
    static ALL: std::sync::LazyLock<Globs> = std::sync::LazyLock::new(Globs::default);
    Purpose {
        desired,
        only: &ALL,
        work: Work::Apply,
        scope_is_named: true,
    }
}

/// So many brokers, on which nothing is wrong and everything is allowed.
pub fn checkup(brokers: i32) -> Checkup {
    Checkup {
        cluster_id: Some("c1".to_owned()),
        kafka_version: Some("4.3".to_owned()),
        principal: Some("User:ci".to_owned()),
        servers: Vec::new(),
        brokers: (1..=brokers).map(broker).collect(),
        partitions: Partitions {
            topics: 1,
            all: 3,
            ..Partitions::default()
        },
        controller: Ok(Duration::from_millis(7)),
        cluster_rights: Ok(Some([Operation::Create, Operation::Describe].into())),
        topics: Ok(BTreeMap::new()),
        creating: Ok(BTreeMap::new()),
        groups: Ok(Groups::Seen),
        inventory: None,
        now_ms: 1_000_000,
        stamped: Ok(None),
    }
}

fn broker(id: i32) -> Broker {
    let settings = [
        ("auto.create.topics.enable", "false"),
        ("delete.topic.enable", "true"),
        ("default.replication.factor", "1"),
        ("min.insync.replicas", "1"),
    ];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
    Broker {
        id,
        rack: None,
        address: format!("kafka-{id}:9092"),
        answered: Ok(Visit {
            took: Duration::from_millis(12),
            release: Some("4.3".to_owned()),
            apis: [(2, 11), (3, 13), (44, 1)].into(),
            settings: Ok(settings.into()),
        }),
    }
}

/// Sets a setting of every broker.
pub fn set(found: &mut Checkup, key: &str, value: &str) {
    for broker in &mut found.brokers {
        let visit = broker.answered.as_mut().expect("it answered");
        let settings = visit.settings.as_mut().expect("they are known");
        settings.insert(key.to_owned(), value.to_owned());
    }
}

/// A topic that is there, with these rights and the right to create it.
pub fn there(found: &mut Checkup, name: &str, rights: &[Operation]) {
    let standing = Standing::There(Some(rights.iter().copied().collect()));
    stand(found, name, standing);
}

pub fn stand(found: &mut Checkup, name: &str, standing: Standing) {
    let topics = found.topics.as_mut().expect("they are known");
    topics.insert(TopicName::from(name), standing);
    let creating = found.creating.as_mut().expect("it is known");
    creating.entry(TopicName::from(name)).or_insert(Ok(()));
}

pub fn silence(why: &str) -> Untold {
    untold(why, Reason::Silence)
}

pub fn denied() -> Untold {
    untold("No. (NAME 31)", Reason::Denied)
}

pub fn untold(why: &str, kind: Reason) -> Untold {
    Untold {
        why: why.to_owned(),
        help: None,
        kind,
    }
}

/// The first check of a code.
pub fn find(checks: &[Check], code: Code) -> Check {
    let found = checks.iter().find(|check| check.code == code);
    found
        .unwrap_or_else(|| panic!("no {code:?} in {checks:?}"))
        .clone()
}

/// The codes of the checks that came out so.
pub fn codes(checks: &[Check], level: Level) -> Vec<&'static str> {
    let so = checks.iter().filter(|check| check.level == level);
    so.map(|check| check.code.as_str()).collect()
}
