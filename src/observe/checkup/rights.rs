//! Reads this principal's authorization without changes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::super::preflight::ask::ask;
use super::super::usage::sees_all_groups;
use super::{Examined, Standings, refused, unanswered};
use crate::kafka::batches::{Cost, pack};
use crate::kafka::{Cluster, Error, Fault, FaultKind, Mode, NewTopic};
use crate::live::checkup::{Available, Groups, TopicAccess};
use crate::model::TopicName;

/// The topic name of the dry-run create if the configuration has no topic.
const PROBE: &str = "topicsmith.doctor";

/// Reads this principal's access to the topics of the configuration and to the inventory.
pub(super) async fn topics(cluster: &Cluster, examined: &Examined<'_>) -> Standings {
    let files = examined.listed.iter().chain(examined.removed).cloned();
    let names: Vec<TopicName> = files.chain(inventory_topic(examined)).collect();
    let described = cluster.describe_topics_and_rights(&names).await;
    let described = described.map_err(|error| unanswered(&error))?;
    let topic_access = |description| match description {
        Ok(crate::kafka::TopicDescription { operations, .. }) => TopicAccess::There(operations),
        Err(fault) => absent(&fault),
    };
    let each = described.into_iter();
    Ok(each
        .map(|(name, told)| (name, topic_access(told)))
        .collect())
}

fn absent(fault: &Fault) -> TopicAccess {
    match fault.kind() {
        FaultKind::Missing => TopicAccess::Missing,
        FaultKind::NotAuthorised => TopicAccess::Hidden,
        _ => TopicAccess::Unavailable(refused(fault)),
    }
}

fn inventory_topic(examined: &Examined<'_>) -> Option<TopicName> {
    let inventory = &examined.environment.inventory;
    inventory.enabled.then(|| inventory.topic.clone())
}

type Created = (
    Available<Duration>,
    Available<BTreeMap<TopicName, Available<()>>>,
);

/// Validates creates of topics. Brokers check the right first: without it, they do not return that
/// a topic exists.
///
/// Only the controller responds, so that the first response shows whether there is one.
pub(super) async fn creating(cluster: &Cluster, examined: &Examined<'_>) -> Created {
    let listed = examined.listed.iter().cloned();
    let names: Vec<TopicName> = listed.chain(inventory_topic(examined)).collect();
    let start = Instant::now();
    let probe = names.first().cloned();
    let probe = probe.unwrap_or_else(|| TopicName::from(PROBE));
    let first = validate(cluster, vec![probe]).await;
    let took = start.elapsed();
    match first {
        Err(error) => (Err(unanswered(&error)), Err(unanswered(&error))),
        Ok(_) => {
            let rest = validate(cluster, names).await;
            (Ok(took), rest.map_err(|error| unanswered(&error)))
        }
    }
}

async fn validate(
    cluster: &Cluster,
    names: Vec<TopicName>,
) -> Result<BTreeMap<TopicName, Available<()>>, Error> {
    let new = |name: &TopicName| NewTopic {
        name: name.clone(),
        partitions: 1,
        replication_factor: 1,
        config: Vec::new(),
    };
    let batches = pack(names.iter().map(new).collect(), |_| Cost::of_create(1, 0));
    let send =
        async |topics: Vec<NewTopic>| cluster.create_topics(&topics, Mode::ValidateOnly).await;
    let faults = ask(cluster, batches, send).await?;
    let mut told: BTreeMap<TopicName, Available<()>> =
        names.into_iter().map(|name| (name, Ok(()))).collect();
    for (topic, fault) in faults {
        told.insert(topic.name, may_create(&fault));
    }
    Ok(told)
}

/// Converts the fault of a dry-run create. Other faults, such as an existing topic or a policy
/// violation, are returned only to authorized principals.
fn may_create(fault: &Fault) -> Available<()> {
    match fault.kind() {
        FaultKind::NotAuthorised
        | FaultKind::Throttled
        | FaultKind::Unanswered
        | FaultKind::Unsupported => Err(refused(fault)),
        _ => Ok(()),
    }
}

/// Reads whether all consumer groups are visible to this principal.
pub(super) async fn groups(cluster: &Cluster) -> Available<Groups> {
    match sees_all_groups(cluster).await {
        Err(error) => Err(unanswered(&error)),
        Ok(None) => Ok(Groups::NeverAny),
        Ok(Some(Ok(()))) => Ok(Groups::Seen),
        Ok(Some(Err(fault))) => Err(refused(&fault)),
    }
}
