//! A healthy cluster for tests, which they modify.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Check, CheckStatus, Code, Purpose, TargetCommand};
use crate::desired::Desired;
use crate::live::AclOperation;
use crate::live::checkup::{
    Broker, BrokerAnswer, Checkup, Groups, Partitions, Reason, TopicAccess, Unavailable,
};
use crate::model::{Globs, TopicName};

pub fn purpose(desired: &Desired) -> Purpose<'_> {
    static ALL: std::sync::LazyLock<Globs> = std::sync::LazyLock::new(Globs::default);
    Purpose {
        desired,
        only: &ALL,
        work: TargetCommand::Apply,
        scope_is_named: true,
    }
}

/// Returns a cluster with this number of brokers, no problems and all rights.
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
        cluster_rights: Ok(Some([AclOperation::Create, AclOperation::Describe].into())),
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
        answered: Ok(BrokerAnswer {
            took: Duration::from_millis(12),
            release: Some("4.3".to_owned()),
            apis: [(2, 11), (3, 13), (44, 1)].into(),
            settings: Ok(settings.into()),
        }),
    }
}

/// Sets a config of every broker.
pub fn set(found: &mut Checkup, key: &str, value: &str) {
    for broker in &mut found.brokers {
        let visit = broker.answered.as_mut().expect("it answered");
        let settings = visit.settings.as_mut().expect("they are known");
        settings.insert(key.to_owned(), value.to_owned());
    }
}

/// Adds an existing topic with these rights, and the right to create it.
pub fn there(found: &mut Checkup, name: &str, rights: &[AclOperation]) {
    let topic_access = TopicAccess::There(Some(rights.iter().copied().collect()));
    stand(found, name, topic_access);
}

pub fn stand(found: &mut Checkup, name: &str, topic_access: TopicAccess) {
    let topics = found.topics.as_mut().expect("they are known");
    topics.insert(TopicName::from(name), topic_access);
    let creating = found.creating.as_mut().expect("it is known");
    creating.entry(TopicName::from(name)).or_insert(Ok(()));
}

pub fn silence(why: &str) -> Unavailable {
    unavailable(why, Reason::Silence)
}

pub fn denied() -> Unavailable {
    unavailable("No. (NAME 31)", Reason::Denied)
}

pub fn unavailable(why: &str, kind: Reason) -> Unavailable {
    Unavailable {
        why: why.to_owned(),
        help: None,
        kind,
    }
}

/// Returns the first check with a code.
pub fn find(checks: &[Check], code: Code) -> Check {
    let found = checks.iter().find(|check| check.code == code);
    found
        .unwrap_or_else(|| panic!("no {code:?} in {checks:?}"))
        .clone()
}

/// Returns the codes of the checks with a status.
pub fn codes(checks: &[Check], level: CheckStatus) -> Vec<&'static str> {
    let so = checks.iter().filter(|check| check.level == level);
    so.map(|check| check.code.as_str()).collect()
}
