//! Validation of config changes. A broker accepts or rejects those of a topic as a whole, and names
//! at most the first invalid key; after a rejection, keys are validated separately to find the
//! invalid ones.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::ask::ask;
use super::{Rejection, preflight_error};
use crate::kafka::batches::{Cost, pack};
use crate::kafka::{Alter, AlterOp, Cluster, Error, Fault, Mode};
use crate::live::{PreflightError, PreflightErrorKind};
use crate::model::text::names;
use crate::model::{ConfigKey, Setting, TopicName};

/// How many keys a message names.
const MOST_NAMED: usize = 5;

/// A key that the broker rejects.
#[derive(Debug, Clone)]
struct BadKey {
    key: ConfigKey,
    fault: Fault,
    /// The keys that conflict with it: without any one of them the broker accepts the rest.
    together: Vec<ConfigKey>,
}

/// The rejected keys of each topic.
type Bad = BTreeMap<TopicName, Vec<BadKey>>;

/// Maximum number of concurrent validations of subsets.
const AT_A_TIME: usize = 4;

pub(super) async fn preflight(
    cluster: &Cluster,
    alters: Vec<Alter>,
) -> Result<Vec<Rejection>, Error> {
    let refused = validate(cluster, alters).await?;
    let (several, mut bad) = split(refused);
    let (several, found) = leaving_one_out(cluster, several).await?;
    bad.extend(found);
    if !several.is_empty() {
        bad.extend(one_by_one(cluster, several).await?);
    }
    Ok(bad.into_iter().flat_map(rejections).collect())
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
        let kind = super::kind(fault);
        let for_a_value = matches!(
            kind,
            PreflightErrorKind::Refused | PreflightErrorKind::Failed
        );
        alter.ops.len() > 1 && for_a_value
    };
    let (several, whole): (Vec<_>, Vec<_>) = refused.into_iter().partition(for_a_key);
    let bad = whole
        .into_iter()
        .map(|(alter, fault)| (alter.topic, each(&alter.ops, &fault)));
    (several, bad.collect())
}

fn each(ops: &[(ConfigKey, AlterOp)], fault: &Fault) -> Vec<BadKey> {
    let bad = |(key, _): &(ConfigKey, AlterOp)| BadKey {
        key: key.clone(),
        fault: fault.clone(),
        together: Vec::new(),
    };
    ops.iter().map(bad).collect()
}

/// Validates parts of rejected changes and returns the rejected parts, by index. `part` is called with
/// the changes of a topic and each index below the largest number of changes: a topic can be in a
/// request once.
async fn parts(
    cluster: &Cluster,
    refused: &[(Alter, Fault)],
    part: impl Fn(&Alter, usize) -> Option<Alter>,
) -> Result<Vec<Vec<(Alter, Fault)>>, Error> {
    let most = refused.iter().map(|(alter, _)| alter.ops.len()).max();
    let questions = (0..most.unwrap_or_default()).map(|index| {
        let parts = refused.iter().filter_map(|(alter, _)| part(alter, index));
        validate(cluster, parts.collect())
    });
    stream::iter(questions)
        .buffered(AT_A_TIME)
        .try_collect()
        .await
}

/// Validates the changes of each topic without each key in turn. If the broker accepts the rest, that
/// key is at fault, alone or in conflict with the other keys of which this is true. Returns the topics
/// without such a key as well.
async fn leaving_one_out(
    cluster: &Cluster,
    refused: Vec<(Alter, Fault)>,
) -> Result<(Vec<(Alter, Fault)>, Bad), Error> {
    let without = |alter: &Alter, index: usize| {
        let mut rest = alter.clone();
        (index < rest.ops.len()).then(|| rest.ops.remove(index))?;
        Some(rest)
    };
    let answers = parts(cluster, &refused, without).await?;
    let mut still: BTreeSet<(TopicName, usize)> = BTreeSet::new();
    for (index, refused) in answers.into_iter().enumerate() {
        still.extend(refused.into_iter().map(|(alter, _)| (alter.topic, index)));
    }
    let mut bad = Bad::new();
    let mut several = Vec::new();
    for (alter, fault) in refused {
        let ops = alter.ops.iter().enumerate();
        let cures = ops.filter(|(index, _)| !still.contains(&(alter.topic.clone(), *index)));
        let keys: Vec<ConfigKey> = cures.map(|(_, (key, _))| key.clone()).collect();
        if keys.is_empty() {
            several.push((alter, fault));
            continue;
        }
        let found = keys.iter().map(|key| BadKey {
            key: key.clone(),
            fault: fault.clone(),
            together: keys.iter().filter(|other| *other != key).cloned().collect(),
        });
        bad.insert(alter.topic, found.collect());
    }
    Ok((several, bad))
}

/// Validates each key alone, then the remaining keys of each topic together. If no key is invalid
/// alone, or the remaining keys are rejected, too, the combination is invalid.
async fn one_by_one(cluster: &Cluster, refused: Vec<(Alter, Fault)>) -> Result<Bad, Error> {
    let mut bad = Bad::new();
    let alone = |alter: &Alter, index: usize| {
        Some(Alter {
            topic: alter.topic.clone(),
            ops: vec![alter.ops.get(index)?.clone()],
        })
    };
    for (alter, fault) in parts(cluster, &refused, alone).await?.concat() {
        let keys = each(&alter.ops, &fault);
        bad.entry(alter.topic).or_default().extend(keys);
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
        .retain(|(key, _)| bad.iter().all(|bad| bad.key != *key));
    alter
}

/// Groups the rejected keys of a topic by error; conflicting keys get an error each.
fn rejections((topic, mut keys): (TopicName, Vec<BadKey>)) -> Vec<Rejection> {
    keys.sort_by(|a, b| a.key.cmp(&b.key));
    let mut errors: Vec<PreflightError> = Vec::new();
    for BadKey {
        key,
        fault,
        together,
    } in keys
    {
        let part = Some(Setting::Config(key));
        let mut new = preflight_error(vec![part.clone()], part, &fault);
        if !together.is_empty() {
            new.words += &format!(", together with {}", names(&together, MOST_NAMED));
        }
        match errors.iter_mut().find(|known| known.words == new.words) {
            Some(known) => known.parts.extend(new.parts),
            None => errors.push(new),
        }
    }
    errors
        .into_iter()
        .map(|error| (topic.clone(), error))
        .collect()
}
