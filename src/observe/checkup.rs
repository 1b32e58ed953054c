//! Looks whether this tool can do its work on a cluster, for `doctor`. Nothing is changed: what has
//! to be tried is tried with `validate_only`. It decides nothing: what could not be asked is part
//! of what was found out.

mod brokers;
mod inventory;
mod rights;

use std::collections::{BTreeMap, BTreeSet};

use super::preflight::words;
use crate::desired::Environment;
use crate::kafka::{Cluster, Error, Fault, FaultKind};
use crate::live::checkup::{Available, Checkup, Reason, TopicAccess, Unavailable};
use crate::model::{BrokerTime, TopicName};

/// What is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Examined<'a> {
    /// Where the inventory is.
    pub environment: &'a Environment,
    /// The topics that should be there.
    pub listed: &'a BTreeSet<TopicName>,
    /// The topics that should not.
    pub removed: &'a BTreeSet<TopicName>,
}

/// Looks at a cluster that was reached.
///
/// # Errors
/// Why it does not even tell its brokers and topics.
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

/// A call that failed as a whole.
fn unanswered(error: &Error) -> Unavailable {
    Unavailable {
        why: error.to_string(),
        help: error.help(),
        kind: Reason::Silence,
    }
}

/// A question that was answered with a fault.
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

/// How topics stand to this principal, or why that is not known.
type Standings = Available<BTreeMap<TopicName, TopicAccess>>;
