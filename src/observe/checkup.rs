//! Reads the facts for `doctor`. Nothing is changed: trials use `validate_only`. It makes no
//! decisions: unavailable facts are part of the result.

mod brokers;
mod inventory;
mod rights;

use std::collections::{BTreeMap, BTreeSet};

use super::preflight::words;
use crate::desired::Environment;
use crate::kafka::{Cluster, Error, Fault, FaultKind};
use crate::live::checkup::{Available, Checkup, Reason, TopicAccess, Unavailable};
use crate::model::{BrokerTime, TopicName};

/// The subjects of the checkup.
#[derive(Debug, Clone, Copy)]
pub struct Examined<'a> {
    /// The environment, with its inventory settings.
    pub environment: &'a Environment,
    /// The listed topics.
    pub listed: &'a BTreeSet<TopicName>,
    /// The topics with a removal.
    pub removed: &'a BTreeSet<TopicName>,
}

/// Reads the facts of a reachable cluster.
///
/// # Errors
/// Returns an error if the cluster's metadata could not be read.
pub async fn checkup(cluster: &Cluster, examined: &Examined<'_>) -> Result<Checkup, Error> {
    let metadata = cluster.metadata().await?;
    let (servers, brokers, cluster_rights, topics, created, groups) = tokio::join!(
        brokers::servers(cluster, &metadata),
        brokers::visit_all(cluster, &metadata),
        cluster.operations(),
        rights::topics(cluster, examined),
        rights::creating(cluster, examined),
        rights::groups(cluster),
    );
    let inventory = inventory::look(cluster, &metadata, examined.environment, &topics).await;
    let stamped = inventory::stamped(cluster, &metadata, inventory.as_ref()).await;
    let (controller, creating) = created;
    Ok(Checkup {
        cluster_id: metadata.cluster_id.clone(),
        kafka_version: cluster.kafka_version(),
        principal: cluster.principal(),
        servers,
        brokers,
        partitions: brokers::partitions(&metadata),
        controller,
        cluster_rights: cluster_rights.map_err(|error| unanswered(&error)),
        topics,
        creating,
        groups,
        inventory: inventory.map(|(_, found)| found),
        now_ms: BrokerTime::estimated(None).now_ms(),
        stamped,
    })
}

/// Converts an error of a whole call.
fn unanswered(error: &Error) -> Unavailable {
    Unavailable {
        why: error.to_string(),
        help: error.help(),
        kind: Reason::Silence,
    }
}

/// Converts a fault.
fn refused(fault: &Fault) -> Unavailable {
    let kind = match fault.kind() {
        FaultKind::NotAuthorised => Reason::Denied,
        FaultKind::Throttled => Reason::Throttled,
        FaultKind::Unanswered => Reason::Silence,
        FaultKind::AlreadyExists
        | FaultKind::Missing
        | FaultKind::InvalidPartitions
        | FaultKind::NotController
        | FaultKind::Retriable
        | FaultKind::Unsupported
        | FaultKind::Permanent => Reason::Refused,
    };
    Unavailable {
        why: words(fault),
        help: None,
        kind,
    }
}

/// The principal's access to topics, or why it is unknown.
type Standings = Available<BTreeMap<TopicName, TopicAccess>>;
