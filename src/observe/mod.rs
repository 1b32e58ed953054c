//! Reads the live state of a cluster, including its inventory. It makes no decisions.

mod checkup;
mod cluster_read;
mod defaults;
mod preflight;
mod side_by_side;
mod topic_detail;
mod usage;

use tracing::info;

pub use checkup::{Examined, checkup};
pub use cluster_read::ClusterRead;
pub use preflight::preflight;
pub use side_by_side::side_by_side;
pub use topic_detail::topic_detail;
pub use usage::{messages, usage};

use crate::desired::{Environment, Inventory};
use crate::inventory::{self, Asking, Contents, InventoryError, TakenLock, Unreadable};
use crate::kafka::{Cluster, Error};
use crate::live::{Live, Unknown, Unread};
use crate::model::{BrokerTime, Globs, TopicName};

/// The parts of the cluster to read.
#[derive(Clone, Copy)]
pub struct Want<'a> {
    /// The environment, with its ignored topics and inventory settings.
    pub environment: &'a Environment,
    /// The ownership scope, if known.
    pub scope: Option<&'a str>,
    /// The topics in the configuration, by name.
    pub listed: &'a [TopicName],
    /// The topics with configs to read.
    pub configs: Which<'a>,
    /// The topics with ids to read. Topics in the inventory are always included.
    pub ids: Which<'a>,
    /// Only topics that match; all if empty.
    pub only: &'a Globs,
}

/// A selection of topics.
#[derive(Clone, Copy)]
pub enum Which<'a> {
    /// These topics. They can be requested before the list of topics is known.
    Of(&'a [TopicName]),
    /// All topics.
    All,
}

impl Want<'_> {
    /// Returns the reader of the inventory.
    fn asking(&self) -> Asking<'_> {
        Asking {
            scope: self.scope,
            environment: &self.environment.name,
            named: self.listed,
        }
    }

    /// Returns whether a topic is read: not ignored, internal, or the inventory itself.
    fn topic(&self, name: &TopicName) -> bool {
        let environment = self.environment;
        !name.is_internal()
            && *name != environment.inventory.topic
            && !environment.ignore_topics.matches(name.as_str())
            && (self.only.is_empty() || self.only.matches(name.as_str()))
    }
}

impl Which<'_> {
    fn named(&self) -> &[TopicName] {
        match self {
            Which::Of(names) => names,
            Which::All => &[],
        }
    }
}

/// Why a cluster could not be observed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObserveError {
    /// The cluster could not be read.
    #[error(transparent)]
    Kafka(#[from] Error),
    /// The inventory could not be read.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
}

impl ObserveError {
    /// Returns how to fix the error.
    pub fn help(&self) -> Option<String> {
        match self {
            ObserveError::Kafka(error) => error.help(),
            ObserveError::Inventory(error) => error.help(),
        }
    }
}

/// The result of a read.
#[derive(Debug)]
pub struct Observed {
    /// The state of the cluster.
    pub live: Live,
    /// The held locks.
    pub locks: Vec<TakenLock>,
    /// Whether the inventory topic is empty and not yet marked as an inventory.
    pub is_blank: bool,
}

/// Reads the cluster, and the inventory if enabled. A topic that is deleted meanwhile is omitted;
/// other unreadable parts are in [`Live::unknown`], including topics of the configuration and the
/// inventory that are not visible for lack of authorization: Kafka returns them as missing until
/// they are requested by name.
///
/// # Errors
/// Returns why the cluster as a whole, or the inventory, could not be read.
pub async fn observe(cluster: &Cluster, want: &Want<'_>) -> Result<Observed, ObserveError> {
    // The inventory first: its requests are few and sequential.
    let contents = recorded(cluster, want);
    let (contents, cluster_read) = tokio::try_join!(contents, topics(cluster, want))?;
    together(cluster, want, cluster_read, contents).await
}

/// Reads the part of the state that does not depend on the inventory, for callers that get the
/// inventory elsewhere and combine both with [`together`].
///
/// # Errors
/// Returns why the cluster as a whole could not be read.
pub async fn topics(cluster: &Cluster, want: &Want<'_>) -> Result<ClusterRead, ObserveError> {
    Ok(ClusterRead::read(cluster, want).await?)
}

/// Combines the brokers' responses with the inventory, and reads what depends on both.
///
/// # Errors
/// Returns why the cluster as a whole could not be read.
pub async fn together(
    cluster: &Cluster,
    want: &Want<'_>,
    cluster_read: ClusterRead,
    contents: Option<Contents>,
) -> Result<Observed, ObserveError> {
    let started = cluster_read.started();
    let live = cluster_read.live(cluster, want, contents.as_ref()).await?;
    info!(topics = live.topics.len(), took = ?started.elapsed(), "read the cluster");
    let Contents {
        inventory,
        locks,
        end: _,
        newest_ms,
        unreadable,
        is_blank,
    } = contents.unwrap_or_default();
    let in_use = want.environment.inventory.enabled;
    let mut live = Live {
        inventory: in_use.then_some(inventory),
        now: in_use.then(|| BrokerTime::estimated(newest_ms)),
        ..live
    };
    live.unknown.extend(unreadable.iter().map(unread_record));
    Ok(Observed {
        live,
        locks,
        is_blank,
    })
}

/// Converts an unreadable record that does not concern the reader.
fn unread_record(record: &Unreadable) -> Unknown {
    Unknown {
        what: Unread::InventoryRecord,
        why: format!(
            "{record} (no topic of this configuration is concerned; to fix: topicsmith inventory forget --offset {})",
            record.offset
        ),
    }
}

/// Reads the inventory; `None` if it does not exist yet or is disabled.
async fn recorded(cluster: &Cluster, want: &Want<'_>) -> Result<Option<Contents>, ObserveError> {
    match &want.environment.inventory {
        Inventory { enabled: false, .. } => Ok(None),
        Inventory { topic, .. } => Ok(inventory::read(cluster, topic, &want.asking()).await?),
    }
}
