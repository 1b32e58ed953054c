//! Where instances are: a cluster, the inventory on it, and whose they are.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{InstanceId, Proof};
use crate::apply::ApplyOptions;
use crate::inventory::{self, Asking, Contents, Holder, InventoryError, Lock, LockError};
use crate::kafka::{self, Cluster, Fault, FaultKind};
use crate::live::{OwnerKey, Stamp};
use crate::model::TopicName;
use crate::model::text::escape;

/// Where instances are recorded and made.
pub struct Site<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The topic that holds the inventory.
    pub inventory: &'a TopicName,
    /// The scope and environment that the instances are of.
    pub whose: OwnerKey,
    /// Who asks, and from which commit.
    pub stamp: Stamp,
    /// How long a lock is waited for.
    pub lock_timeout: Duration,
    /// How long changes are waited for, and what stops them.
    pub settings: &'a ApplyOptions,
    /// What proves that a topic is an instance's to delete.
    pub proof: Proof<'a>,
}

/// Why nothing was done about an instance. Nothing but claims of its lock was written then.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// The inventory could not be read or written.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The cluster could not be read.
    #[error(transparent)]
    Cluster(#[from] kafka::Error),
    /// Somebody else is at work on it.
    #[error("{what}: {} (process {}) is at work there", escape(&.holder.by), .holder.pid)]
    Locked {
        /// What it is locked for.
        what: String,
        /// Who holds the lock.
        holder: Holder,
    },
    /// One of its names is taken.
    #[error("{} {taken}", escape(.topic.as_str()))]
    Taken {
        /// The name.
        topic: TopicName,
        /// By whom.
        taken: Taken,
    },
    /// The cluster would not make one of its topics.
    #[error("{} cannot be created: {fault}", escape(.topic.as_str()))]
    Refused {
        /// The topic.
        topic: TopicName,
        /// What the cluster says.
        fault: Fault,
    },
    /// Whether one of its topics exists cannot be seen.
    #[error("whether {} exists cannot be seen: {fault}", escape(.topic.as_str()))]
    Unseen {
        /// The topic.
        topic: TopicName,
        /// What the cluster says.
        fault: Fault,
    },
}

/// Who has a name that an instance would need.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Taken {
    /// A topic that nobody recorded.
    #[error("exists already, and belongs to no instance")]
    Nobody,
    /// A topic that was made in the place of this instance's own.
    #[error("is not the topic that this instance created: it was recreated")]
    MadeAgain,
    /// A topic that a scope owns.
    #[error("is owned by the scope {} in {}", shown(.0.scope.as_ref()), shown(.0.environment.as_ref()))]
    Scope(OwnerKey),
    /// A topic of another instance.
    #[error("is a topic of the instance {0}")]
    Instance(InstanceId),
}

fn shown(name: Option<&String>) -> String {
    name.map_or("?".to_owned(), |name| format!("`{}`", escape(name)))
}

/// A topic as the cluster shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TopicPresence {
    /// It is not there.
    Missing,
    /// It is there.
    There {
        /// Its id, where the cluster gives one.
        id: Option<String>,
        /// How many partitions it has.
        partitions: u32,
    },
    /// It may be there.
    Unseen(Fault),
}

impl Site<'_> {
    /// Everything that is recorded; `None` where there is no inventory. `named` are the topics that
    /// count besides those of recorded instances, by name.
    pub(super) async fn contents(
        &self,
        named: &[TopicName],
    ) -> Result<Option<Contents>, InstanceError> {
        let asking = self.asking(named);
        Ok(inventory::read(self.cluster, self.inventory, &asking).await?)
    }

    /// Who reads the inventory.
    pub(super) fn asking<'a>(&'a self, named: &'a [TopicName]) -> Asking<'a> {
        Asking {
            scope: self.whose.scope.as_deref(),
            environment: self.whose.environment.as_deref().unwrap_or_default(),
            named,
        }
    }

    /// Takes the lock of an instance.
    pub(super) async fn lock(
        &self,
        id: &InstanceId,
        timeout: Duration,
        waiting: impl FnMut(&Holder),
    ) -> Result<Lock, InstanceError> {
        let parameters = id.parameters.iter();
        let parameters: Vec<String> = parameters.map(|(k, v)| format!("{k}={v}")).collect();
        let path = format!("{}/{}", id.lifecycle, parameters.join(","));
        let resource = self.resource("instance", &path);
        self.take(&resource, id.to_string(), timeout, waiting).await
    }

    /// Takes the lock of the sweeps.
    pub(super) async fn lock_sweep(
        &self,
        waiting: impl FnMut(&Holder),
    ) -> Result<Lock, InstanceError> {
        let resource = self.resource("sweep", "");
        let what = "the instances that are over".to_owned();
        self.take(&resource, what, self.lock_timeout, waiting).await
    }

    async fn take(
        &self,
        resource: &str,
        what: String,
        timeout: Duration,
        waiting: impl FnMut(&Holder),
    ) -> Result<Lock, InstanceError> {
        let me = Holder {
            by: self.stamp.by.clone().unwrap_or_default(),
            pid: std::process::id(),
            commit: self.stamp.commit.clone(),
            since_ms: 0,
        };
        let lock = inventory::lock(self.cluster, self.inventory, resource, me, timeout, waiting);
        lock.await.map_err(|error| match error {
            LockError::Held(holder) => InstanceError::Locked { what, holder },
            LockError::Inventory(error) => error.into(),
        })
    }

    /// What a lock is called: `instance/SCOPE/ENVIRONMENT/LIFECYCLE/k=v,k=v`.
    fn resource(&self, kind: &str, path: &str) -> String {
        let OwnerKey { scope, environment } = &self.whose;
        let [scope, environment] = [scope, environment].map(|name| name.as_deref().unwrap_or("-"));
        let resource = format!("{kind}/{scope}/{environment}/{path}");
        resource.trim_end_matches('/').to_owned()
    }

    /// How these topics stand.
    pub(super) async fn look(
        &self,
        topics: &[TopicName],
    ) -> Result<BTreeMap<TopicName, TopicPresence>, InstanceError> {
        if topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        let described = self.cluster.describe_topics(topics).await?;
        let seen = described.into_iter().map(|(name, described)| {
            let seen = match described {
                Ok(found) => TopicPresence::There {
                    id: found.id,
                    partitions: found.partitions,
                },
                Err(fault) if fault.kind() == FaultKind::Missing => TopicPresence::Missing,
                Err(fault) => TopicPresence::Unseen(fault),
            };
            (name, seen)
        });
        Ok(seen.collect())
    }
}
