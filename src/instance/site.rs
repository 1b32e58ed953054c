//! The context of instance commands: a cluster, its inventory, and the owner.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{InstanceId, Proof};
use crate::apply::ApplyOptions;
use crate::inventory::{self, Asking, Contents, Holder, InventoryError, Lock, LockError};
use crate::kafka::{self, Cluster, Fault, FaultKind};
use crate::live::{OwnerKey, Stamp};
use crate::model::TopicName;
use crate::model::text::escape;

/// The context of an instance command.
pub struct Site<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The inventory topic.
    pub inventory: &'a TopicName,
    /// The scope and environment that own the instances.
    pub whose: OwnerKey,
    /// The writer of records, with the commit.
    pub stamp: Stamp,
    /// The maximum wait for a lock.
    pub lock_timeout: Duration,
    /// Time limits of changes, and the stop signal.
    pub settings: &'a ApplyOptions,
    /// The proof that instances may delete a topic.
    pub proof: Proof<'a>,
}

/// Why nothing was changed. Only claims of locks may have been written.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// The inventory could not be read or written.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
    /// The cluster could not be read.
    #[error(transparent)]
    Cluster(#[from] kafka::Error),
    /// Another process is working on it.
    #[error("{what}: {} (process {}) is at work there", escape(&.holder.by), .holder.pid)]
    Locked {
        /// The locked subject.
        what: String,
        /// The holder of the lock.
        holder: Holder,
    },
    /// One of its names is taken.
    #[error("{} {taken}", escape(.topic.as_str()))]
    Taken {
        /// The name.
        topic: TopicName,
        /// The current use.
        taken: Taken,
    },
    /// The cluster would reject one of its topics.
    #[error("{} cannot be created: {fault}", escape(.topic.as_str()))]
    Refused {
        /// The rejected topic.
        topic: TopicName,
        /// The broker's error.
        fault: Fault,
    },
    /// It is unknown whether one of its topics exists.
    #[error("whether {} exists cannot be seen: {fault}", escape(.topic.as_str()))]
    Unseen {
        /// The hidden topic.
        topic: TopicName,
        /// The broker's error.
        fault: Fault,
    },
}

/// The current use of a name that an instance needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Taken {
    /// An unowned topic that belongs to no instance.
    #[error("exists already, and belongs to no instance")]
    Nobody,
    /// A topic that replaced this instance's own.
    #[error("is not the topic that this instance created: it was recreated")]
    MadeAgain,
    /// A topic owned by a scope.
    #[error("is owned by the scope {} in {}", shown(.0.scope.as_ref()), shown(.0.environment.as_ref()))]
    Scope(OwnerKey),
    /// A topic of another instance.
    #[error("is a topic of the instance {0}")]
    Instance(InstanceId),
}

fn shown(name: Option<&String>) -> String {
    name.map_or("?".to_owned(), |name| format!("`{}`", escape(name)))
}

/// A topic's state on the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TopicPresence {
    /// It does not exist.
    Missing,
    /// It exists.
    There {
        /// The id, if the cluster returns one.
        id: Option<String>,
        /// The number of partitions.
        partitions: u32,
    },
    /// It is unknown whether it exists.
    Unseen(Fault),
}

impl Site<'_> {
    /// Reads the whole inventory; `None` if there is none. `named` are topics that concern the
    /// reader in addition to those of recorded instances.
    pub(super) async fn contents(
        &self,
        named: &[TopicName],
    ) -> Result<Option<Contents>, InstanceError> {
        let asking = self.asking(named);
        Ok(inventory::read(self.cluster, self.inventory, &asking).await?)
    }

    /// Returns the reader of the inventory.
    pub(super) fn asking<'a>(&'a self, named: &'a [TopicName]) -> Asking<'a> {
        Asking {
            scope: self.whose.scope.as_deref(),
            environment: self.whose.environment.as_deref().unwrap_or_default(),
            named,
        }
    }

    /// Acquires the lock of an instance.
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

    /// Acquires the lock of sweeps.
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

    /// Returns the name of a lock: `instance/SCOPE/ENVIRONMENT/LIFECYCLE/k=v,k=v`.
    fn resource(&self, kind: &str, path: &str) -> String {
        let OwnerKey { scope, environment } = &self.whose;
        let [scope, environment] = [scope, environment].map(|name| name.as_deref().unwrap_or("-"));
        let resource = format!("{kind}/{scope}/{environment}/{path}");
        resource.trim_end_matches('/').to_owned()
    }

    /// Reads the state of topics.
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
