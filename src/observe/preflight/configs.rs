//! Validation of config changes. A broker accepts or rejects those of a topic as a whole, and names
//! at most the first invalid key; after a rejection, keys are validated separately to find the
//! invalid ones.

use std::collections::BTreeMap;

use super::ask::ask;
use super::{Rejection, preflight_error};
use crate::kafka::batches::{Cost, pack};
use crate::kafka::{Alter, AlterOp, Cluster, Error, Fault, Mode};
use crate::live::{PreflightError, PreflightErrorKind};
use crate::model::{ConfigKey, Setting, TopicName};

/// The faults of each topic's keys.
type Bad = BTreeMap<TopicName, Vec<(ConfigKey, Fault)>>;

pub(super) async fn preflight(
    cluster: &Cluster,
    alters: Vec<Alter>,
) -> Result<Vec<Rejection>, Error> {
    let refused = validate(cluster, alters).await?;
    let (several, mut bad) = split(refused);
    if !several.is_empty() {
        bad.extend(one_by_one(cluster, several).await?);
    }
    Ok(bad.into_iter().flat_map(said).collect())
}

async fn validate(cluster: &Cluster, alters: Vec<Alter>) -> Result<Vec<(Alter, Fault)>, Error> {
    let batches = pack(alters, |alter| Cost::of_alter(alter.ops.len()));
    let send = async |alters: Vec<Alter>| {
        let mode = Mode::ValidateOnly;
        cluster.incremental_alter_configs(&alters, mode).await
    };
    ask(cluster, batches, send).await
}

/// Splits rejections into those that may depend on single keys, and final ones.
fn split(refused: Vec<(Alter, Fault)>) -> (Vec<(Alter, Fault)>, Bad) {
    let for_a_key = |(alter, fault): &(Alter, Fault)| {
        alter.ops.len() > 1 && super::kind(fault) == PreflightErrorKind::Refused
    };
    let (several, whole): (Vec<_>, Vec<_>) = refused.into_iter().partition(for_a_key);
    let bad = whole
        .into_iter()
        .map(|(alter, fault)| (alter.topic, each(&alter.ops, &fault)));
    (several, bad.collect())
}

fn each(ops: &[(ConfigKey, AlterOp)], fault: &Fault) -> Vec<(ConfigKey, Fault)> {
    ops.iter()
        .map(|(key, _)| (key.clone(), fault.clone()))
        .collect()
}

/// Validates each key alone, then the remaining keys of each topic together. If no key is invalid
/// alone, or the remaining keys are rejected, too, the combination is invalid.
async fn one_by_one(cluster: &Cluster, refused: Vec<(Alter, Fault)>) -> Result<Bad, Error> {
    let most = refused.iter().map(|(alter, _)| alter.ops.len()).max();
    let mut bad = Bad::new();
    // A topic can be in a request once.
    for index in 0..most.unwrap_or_default() {
        let alone = |(alter, _): &(Alter, Fault)| {
            let op = alter.ops.get(index)?.clone();
            let topic = alter.topic.clone();
            Some(Alter {
                topic,
                ops: vec![op],
            })
        };
        let alone = refused.iter().filter_map(alone).collect();
        for (alter, fault) in validate(cluster, alone).await? {
            let keys = each(&alter.ops, &fault);
            bad.entry(alter.topic).or_default().extend(keys);
        }
    }
    let mut rest = Vec::new();
    for (alter, fault) in refused {
        let left = without(alter, &bad);
        match bad.contains_key(&left.topic) {
            true => rest.push(left),
            false => {
                bad.insert(left.topic, each(&left.ops, &fault));
            }
        }
    }
    rest.retain(|alter| !alter.ops.is_empty());
    for (alter, fault) in validate(cluster, rest).await? {
        let keys = each(&alter.ops, &fault);
        bad.entry(alter.topic).or_default().extend(keys);
    }
    Ok(bad)
}

/// Returns a topic's changes without the invalid ones.
fn without(mut alter: Alter, bad: &Bad) -> Alter {
    let bad = bad.get(&alter.topic).map_or(&[][..], Vec::as_slice);
    alter
        .ops
        .retain(|(key, _)| bad.iter().all(|(b, _)| b != key));
    alter
}

/// Groups the keys of a topic by error.
fn said((topic, mut keys): (TopicName, Vec<(ConfigKey, Fault)>)) -> Vec<Rejection> {
    keys.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut said: Vec<PreflightError> = Vec::new();
    for (key, fault) in keys {
        let part = Some(Setting::Config(key));
        let new = preflight_error(vec![part.clone()], part, &fault);
        match said.iter_mut().find(|known| known.words == new.words) {
            Some(known) => known.parts.extend(new.parts),
            None => said.push(new),
        }
    }
    said.into_iter()
        .map(|preflight_error| (topic.clone(), preflight_error))
        .collect()
}
