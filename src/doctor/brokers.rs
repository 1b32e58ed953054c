//! Checks of reachability, versions, the controller and partitions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Check, Code, Purpose, fail, ok, skip, warn};
use crate::live::checkup::{Broker, BrokerAnswer, Checkup, Partitions, Server};
use crate::model::TopicName;
use crate::model::text::{count, names};

/// Maximum number of names in a message.
const MOST_NAMED: usize = 3;

pub(super) fn judge(purpose: Purpose<'_>, found: &Checkup) -> Vec<Check> {
    let mut checks = vec![
        ok(Code::Connection, connected(found)),
        cluster_id(purpose, found),
    ];
    checks.extend(servers(&found.servers));
    checks.extend(found.brokers.iter().map(broker));
    checks.extend(found.partitions.absent.iter().map(absent));
    checks.push(version(found));
    checks.extend(apis(found));
    checks.push(controller(found));
    checks.push(quorum());
    checks.extend(partitions(&found.partitions));
    checks
}

fn connected(found: &Checkup) -> String {
    let brokers = count(found.brokers.len(), "broker");
    match &found.principal {
        Some(principal) => format!("connected as {principal}; {brokers}"),
        None => format!("connected; {brokers}"),
    }
}

fn cluster_id(purpose: Purpose<'_>, found: &Checkup) -> Check {
    let code = Code::ClusterId;
    let environment = &purpose.desired.environment;
    match (&environment.cluster_id, &found.cluster_id) {
        (Some(pinned), Some(id)) if pinned.value.is(id) => ok(
            code,
            format!(
                "it is {}, as set in {}",
                pinned.value,
                pinned.place.file_line()
            ),
        ),
        (Some(pinned), id) => {
            let is = id.as_deref().map_or("a cluster without an id", |id| id);
            let message = format!(
                "it is {is}, but {} sets {}",
                pinned.place.file_line(),
                pinned.value
            );
            let help = "check where bootstrap_servers leads; if the cluster was replaced, change its id in the file";
            fail(code, message, help)
        }
        (None, Some(id)) => {
            let message = "cluster id not pinned".to_owned();
            let help = format!("refuse any other cluster: id = \"{id}\" below [cluster]");
            warn(code, message, help)
        }
        (None, None) => skip(code, "the cluster reports no id"),
    }
}

fn servers(servers: &[Server]) -> Vec<Check> {
    let code = Code::Servers;
    let silent = servers.iter().filter_map(|server| {
        let why = server.answered.as_ref().err()?;
        let help = why.help.clone().unwrap_or_default();
        Some(warn(code, why.why.clone(), help))
    });
    let silent: Vec<Check> = silent.collect();
    if !silent.is_empty() {
        return silent;
    }
    let message = match servers.len() {
        0 => "bootstrap_servers are addresses of the brokers themselves".to_owned(),
        _ => {
            let all: Vec<String> = servers.iter().map(answered).collect();
            all.join(", ")
        }
    };
    vec![ok(code, message)]
}

fn answered(server: &Server) -> String {
    let took = server.answered.as_ref().copied().unwrap_or_default();
    format!("{} answered in {}", server.address, shown(took))
}

/// Formats a duration in whole milliseconds.
fn shown(took: Duration) -> String {
    format!("{} ms", took.as_millis())
}

fn broker(broker: &Broker) -> Check {
    let Broker {
        id,
        rack,
        address,
        answered,
    } = broker;
    match answered {
        Ok(visit) => {
            let rack = rack.as_ref().map(|rack| format!(", rack {rack}"));
            let rack = rack.unwrap_or_default();
            let took = shown(visit.took);
            ok(
                Code::Broker,
                format!("broker {id}{rack}: {address} answered in {took}"),
            )
        }
        Err(why) => {
            let own = why.help.as_deref().unwrap_or("look at the broker's log");
            let help = format!(
                "{own}. {address} is what broker {id} advertises: if it cannot be reached from here, its advertised.listeners needs an address that can"
            );
            fail(Code::Broker, format!("broker {id}: {}", why.why), help)
        }
    }
}

fn absent((id, replicas): (&i32, &usize)) -> Check {
    warn(
        Code::Broker,
        format!(
            "broker {id} is not up: it holds replicas of {}",
            count(*replicas, "partition")
        ),
        format!(
            "start broker {id} again; if it is gone for good, its replicas have to be reassigned (kafka-reassign-partitions)"
        ),
    )
}

fn visits(found: &Checkup) -> impl Iterator<Item = (&Broker, &BrokerAnswer)> {
    let answered = |broker: &'_ Broker| broker.answered.is_ok();
    let answered = found.brokers.iter().filter(move |broker| answered(broker));
    answered.filter_map(|broker| Some((broker, broker.answered.as_ref().ok()?)))
}

fn version(found: &Checkup) -> Check {
    let code = Code::Version;
    let unknown: Vec<i32> = visits(found)
        .filter(|(_, visit)| visit.release.is_none())
        .map(|(broker, _)| broker.id)
        .collect();
    let releases: BTreeSet<&str> = visits(found)
        .filter_map(|(_, visit)| visit.release.as_deref())
        .collect();
    let releases: Vec<&str> = releases.into_iter().collect();
    match releases.as_slice() {
        [] if unknown.is_empty() => skip(code, "no broker answered"),
        [one] if unknown.is_empty() => ok(code, format!("Kafka {one}")),
        _ if unknown.is_empty() => warn(
            code,
            format!("brokers run different releases: {}", releases.join(", ")),
            "finish the upgrade; until then the tool goes by the oldest",
        ),
        _ => warn(
            code,
            format!(
                "the release of broker {} is unknown: newer than this version supports, or not Apache Kafka",
                names(&unknown, MOST_NAMED)
            ),
            "its abilities are checked below; plan asks it before anything changes",
        ),
    }
}

/// A Kafka feature that this tool uses, and the effect of its absence.
struct Feature {
    /// The API key, and the first version with the feature.
    api: (i16, i16),
    /// The first Kafka release with it.
    since: &'static str,
    /// Whether the tool cannot work without it.
    needed: bool,
    /// What is missing.
    what: &'static str,
    /// The effect.
    so: &'static str,
}

/// Source: `org.apache.kafka.common.protocol.ApiKeys` and the request schemas of Kafka.
const FEATURES: [Feature; 3] = [
    Feature {
        api: (44, 0),
        since: "2.3",
        needed: true,
        what: "no incremental change of configs (KIP-339)",
        so: "configs cannot be changed",
    },
    Feature {
        api: (3, 8),
        since: "2.3",
        needed: true,
        what: "rights cannot be asked for (KIP-430)",
        so: "topics cannot be described",
    },
    Feature {
        api: (3, 10),
        since: "2.8",
        needed: false,
        what: "no topic ids (KIP-516)",
        so: "a recreated topic is taken for the old one",
    },
];

fn apis(found: &Checkup) -> Vec<Check> {
    let code = Code::Apis;
    let known: Vec<_> = visits(found).filter(|(_, v)| !v.apis.is_empty()).collect();
    if known.is_empty() {
        return vec![skip(code, "no broker reported its API versions")];
    }
    let lacks = |feature: &Feature| {
        let (key, version) = feature.api;
        let mut brokers = known.iter();
        brokers.any(|(_, visit)| {
            visit
                .apis
                .get(&key)
                .is_none_or(|highest| *highest < version)
        })
    };
    let lacking = FEATURES.iter().filter(|feature| lacks(feature));
    let checks: Vec<Check> = lacking
        .map(|feature| {
            let Feature { what, so, .. } = feature;
            let message = format!("{what}: {so}");
            let help = format!("Kafka {} or newer has it", feature.since);
            match feature.needed {
                true => fail(code, message, help),
                false => warn(code, message, help),
            }
        })
        .collect();
    match checks.is_empty() {
        true => vec![ok(code, "the brokers know everything that this tool uses")],
        false => checks,
    }
}

fn controller(found: &Checkup) -> Check {
    let code = Code::Controller;
    match &found.controller {
        Ok(took) => ok(
            code,
            format!("answered in {} (a dry-run create)", shown(*took)),
        ),
        Err(why) => fail(
            code,
            format!(
                "no controller answers, so that nothing can be created, changed or deleted: {}",
                why.why
            ),
            "look at the controllers' logs, and at kafka-metadata-quorum describe --status",
        ),
    }
}

fn quorum() -> Check {
    skip(
        Code::Quorum,
        "voters and their lag are not available through librdkafka (DescribeQuorum); to read them: kafka-metadata-quorum describe --status",
    )
}

fn partitions(found: &Partitions) -> Vec<Check> {
    let code = Code::Partitions;
    let of = |topics: &BTreeMap<TopicName, usize>| {
        let topic_names: Vec<_> = topics.keys().collect();
        let partitions = count(topics.values().sum(), "partition");
        (partitions, names(&topic_names, MOST_NAMED))
    };
    let mut checks = Vec::new();
    if !found.offline.is_empty() {
        let (partitions, topics) = of(&found.offline);
        let message = format!("{partitions} without a leader, of {topics}");
        let help = "reads and writes fail: start the brokers that hold these partitions";
        checks.push(fail(code, message, help));
    }
    if !found.under_replicated.is_empty() {
        let (partitions, topics) = of(&found.under_replicated);
        let message = format!("{partitions} with replicas out of sync, of {topics}");
        let help = "wait until they have caught up, or look for the broker that does not";
        checks.push(warn(code, message, help));
    }
    if checks.is_empty() {
        let message = match found.all {
            0 => "no topic is there, or none may be seen".to_owned(),
            all => format!(
                "{} of {} that can be seen: all with a leader and all replicas in sync",
                count(all, "partition"),
                count(found.topics, "topic")
            ),
        };
        checks.push(ok(code, message));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::super::testing::{checkup, codes, find, purpose, silence};
    use super::super::{CheckStatus, judge};
    use super::*;
    use crate::testing::{at, desired};

    #[test]
    fn a_healthy_cluster() {
        let desired = desired([]);
        let found = checkup(3);
        let checks = super::judge(purpose(&desired), &found);
        let bad: Vec<_> = checks
            .iter()
            .filter(|c| c.level == CheckStatus::Fail)
            .collect();
        assert!(bad.is_empty(), "{bad:?}");
        assert_eq!(codes(&checks, CheckStatus::Warn), ["cluster-id"]);
        assert_eq!(codes(&checks, CheckStatus::Skip), ["quorum"]);
    }

    #[test]
    fn the_pinned_cluster_and_another() {
        let mut desired = desired([]);
        desired.environment.cluster_id = Some(at(5, "c1".into()));
        let found = checkup(1);
        let check = find(&super::judge(purpose(&desired), &found), Code::ClusterId);
        assert_eq!(check.level, CheckStatus::Ok);
        desired.environment.cluster_id = Some(at(5, "c2".into()));
        let check = find(&super::judge(purpose(&desired), &found), Code::ClusterId);
        assert_eq!(check.level, CheckStatus::Fail);
        assert_eq!(check.message, "it is c1, but topics/a.toml:5 sets c2");
    }

    #[test]
    fn brokers_that_cannot_be_reached_or_are_gone() {
        let desired = desired([]);
        let mut found = checkup(2);
        found.brokers[1].answered = Err(silence("cannot reach Kafka at b:2: refused"));
        found.partitions.absent = [(3, 2)].into();
        let checks = judge(purpose(&desired), &found);
        let brokers: Vec<_> = checks.iter().filter(|c| c.code == Code::Broker).collect();
        let levels: Vec<CheckStatus> = brokers.iter().map(|check| check.level).collect();
        assert_eq!(
            levels,
            [CheckStatus::Ok, CheckStatus::Fail, CheckStatus::Warn]
        );
        assert_eq!(
            brokers[0].message,
            "broker 1: kafka-1:9092 answered in 12 ms"
        );
        assert_eq!(
            brokers[2].message,
            "broker 3 is not up: it holds replicas of 2 partitions"
        );
    }

    #[test]
    fn old_and_mixed_releases() {
        let desired = desired([]);
        let mut found = checkup(2);
        let visit = |found: &mut Checkup, release: &str, metadata: i16| {
            let visit = found.brokers[1].answered.as_mut().expect("it answered");
            visit.release = Some(release.to_owned());
            visit.apis.insert(3, metadata);
        };
        visit(&mut found, "2.7", 9);
        let checks = super::judge(purpose(&desired), &found);
        assert_eq!(
            find(&checks, Code::Version).message,
            "brokers run different releases: 2.7, 4.3"
        );
        let apis: Vec<_> = checks.iter().filter(|c| c.code == Code::Apis).collect();
        assert_eq!(apis.len(), 1);
        assert_eq!(apis[0].level, CheckStatus::Warn);
        assert!(apis[0].message.starts_with("no topic ids"));
        visit(&mut found, "4.3", 13);
        assert_eq!(found, checkup(2));
    }

    #[test]
    fn partitions_in_trouble() {
        let desired = desired([]);
        let mut found = checkup(1);
        found.partitions.offline = [("a".into(), 2)].into();
        found.partitions.under_replicated = [("b".into(), 1), ("c".into(), 1)].into();
        let checks = super::judge(purpose(&desired), &found);
        let of: Vec<_> = checks
            .iter()
            .filter(|c| c.code == Code::Partitions)
            .collect();
        assert_eq!(of[0].message, "2 partitions without a leader, of a");
        assert_eq!(of[0].level, CheckStatus::Fail);
        assert_eq!(
            of[1].message,
            "2 partitions with replicas out of sync, of b, c"
        );
    }

    #[test]
    fn a_controller_that_is_gone() {
        let desired = desired([]);
        let mut found = checkup(1);
        found.controller = Err(silence("timed out"));
        let check = find(&super::judge(purpose(&desired), &found), Code::Controller);
        assert_eq!(check.level, CheckStatus::Fail);
        assert!(check.message.ends_with(": timed out"), "{}", check.message);
    }
}
