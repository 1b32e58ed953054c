//! Gathers what is live from a cluster, and what the inventory on it holds. It decides nothing.

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

/// What of the cluster is wanted.
#[derive(Clone, Copy)]
pub struct Want<'a> {
    /// Whose topics are ignored, and where the inventory is.
    pub environment: &'a Environment,
    /// Whose topics the files speak of, where that is known.
    pub scope: Option<&'a str>,
    /// The topics that files name, by name.
    pub listed: &'a [TopicName],
    /// Which topics' configs.
    pub configs: Which<'a>,
    /// Which topics' ids. What the inventory holds is read with them whatever is said here.
    pub ids: Which<'a>,
    /// Only topics that match; all where it is empty.
    pub only: &'a Globs,
}

/// Of which topics something is wanted.
#[derive(Clone, Copy)]
pub enum Which<'a> {
    /// These, by name. They can be asked for before it is known which topics there are.
    Of(&'a [TopicName]),
    /// All.
    All,
}

impl Want<'_> {
    /// Who reads the inventory.
    fn asking(&self) -> Asking<'_> {
        Asking {
            scope: self.scope,
            environment: &self.environment.name,
            named: self.listed,
        }
    }

    /// Ignored and internal topics, and the inventory's own, are as good as not there.
    fn topic(&self, name: &TopicName) -> bool {
        let environment = self.environment;
        !name.is_internal()
            && *name != environment.inventory.topic
            && !environment.ignore_topics.matches(name.as_str())
            && (self.only.is_empty() || self.only.matches(name.as_str()))
    }
}

impl Which<'_> {
    /// Those that are named.
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
    /// It could not be read.
    #[error(transparent)]
    Kafka(#[from] Error),
    /// The inventory on it could not be read.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
}

impl ObserveError {
    /// What to do now.
    pub fn help(&self) -> Option<String> {
        match self {
            ObserveError::Kafka(error) => error.help(),
            ObserveError::Inventory(error) => error.help(),
        }
    }
}

/// What was read.
#[derive(Debug)]
pub struct Observed {
    /// The state of the cluster.
    pub live: Live,
    /// The locks on it.
    pub locks: Vec<TakenLock>,
    /// Whether the inventory's topic holds nothing, and is not marked as one.
    pub is_blank: bool,
}

/// Reads the cluster, and the inventory where that is in use. A topic that vanishes meanwhile is
/// left out; what else cannot be read of a topic stands among the unknown, and so do topics of the
/// files and the inventory that do not show for lack of a right: Kafka shows them as if they did not
/// exist, until they are asked for by name.
///
/// # Errors
/// Why the cluster as a whole, or the inventory, could not be read.
pub async fn observe(cluster: &Cluster, want: &Want<'_>) -> Result<Observed, ObserveError> {
    // The inventory first: its questions are few, and wait for each other.
    let contents = recorded(cluster, want);
    let (contents, cluster_read) = tokio::try_join!(contents, topics(cluster, want))?;
    together(cluster, want, cluster_read, contents).await
}

/// The part of it that no inventory is needed for, for somebody who has the inventory from elsewhere
/// and puts both [`together`].
///
/// # Errors
/// Why the cluster as a whole could not be read.
pub async fn topics(cluster: &Cluster, want: &Want<'_>) -> Result<ClusterRead, ObserveError> {
    Ok(ClusterRead::read(cluster, want).await?)
}

/// What the brokers told and what the inventory holds, and what only both together say has to be read.
///
/// # Errors
/// Why the cluster as a whole could not be read.
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

/// A record that nobody can read, where it does not concern who asks.
fn unread_record(record: &Unreadable) -> Unknown {
    Unknown {
        what: Unread::InventoryRecord,
        why: format!(
            "{record} (no topic of this configuration is concerned; to fix: topicsmith inventory forget --offset {})",
            record.offset
        ),
    }
}

/// What the inventory holds; nothing where there is none yet, or it is not in use.
async fn recorded(cluster: &Cluster, want: &Want<'_>) -> Result<Option<Contents>, ObserveError> {
    match &want.environment.inventory {
        Inventory { enabled: false, .. } => Ok(None),
        Inventory { topic, .. } => Ok(inventory::read(cluster, topic, &want.asking()).await?),
    }
}
