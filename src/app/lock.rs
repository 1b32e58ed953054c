//! The lock that keeps two applies of one environment apart, as commands take and name it.

use std::time::{Duration, Instant};

use anyhow::Result;
use tracing::info;

use super::context::who;
use super::notice::{Notice, Notices};
use super::problem::Problem;
use crate::desired::{Desired, Environment};
use crate::inventory::{self, Holder, InventoryError, Lock, LockError, TakenLock};
use crate::kafka::Cluster;
use crate::model::TopicName;
use crate::plan::{self, Options, Refusal};
use crate::render::inventory::holder as shown;

/// What an apply locks.
pub fn resource(scope: &str, environment: &str) -> String {
    format!("apply/{scope}/{environment}")
}

/// Whether a lock is that of some apply of an environment.
pub(super) fn is_of(lock: &TakenLock, environment: &str) -> bool {
    let of_apply = lock.resource.strip_prefix("apply/");
    let of = of_apply.and_then(|of| of.rsplit_once('/'));
    of.is_some_and(|(_, of)| of == environment)
}

/// Another cluster than the environment's is none of our business: nothing is written there.
///
/// # Errors
/// It is another one, or does not tell.
pub async fn check_cluster(environment: &Environment, cluster: &Cluster) -> Result<()> {
    match wrong_cluster(environment, cluster).await? {
        None => Ok(()),
        Some(Refusal { message, help, .. }) => Err(Problem::refused(message, help).into()),
    }
}

async fn wrong_cluster(environment: &Environment, cluster: &Cluster) -> Result<Option<Refusal>> {
    if environment.cluster_id.is_none() {
        return Ok(None);
    }
    let id = cluster.metadata().await?.cluster_id;
    Ok(plan::wrong_cluster(environment, id.as_deref()))
}

/// Takes the lock of an apply of an environment; `None` where the inventory is not in use, or not
/// there yet.
///
/// # Errors
/// Another apply holds the lock for longer than this one waits, or the inventory cannot be read or
/// written.
pub async fn take_lock(
    notices: &Notices,
    cluster: &Cluster,
    desired: &Desired,
    options: &Options,
    patience: Duration,
) -> Result<Option<Lock>> {
    let environment = &desired.environment;
    let scope = options.scope.as_ref();
    let scope = scope.or(environment.inventory.scope.as_ref());
    let Some(scope) = scope.filter(|_| environment.inventory.enabled) else {
        return Ok(None);
    };
    // The plan says so, and is refused.
    if wrong_cluster(environment, cluster).await?.is_some() {
        return Ok(None);
    }
    let (name, topic) = (&environment.name, &environment.inventory.topic);
    let me = Holder {
        by: who(),
        pid: std::process::id(),
        commit: options.commit.clone(),
        since_ms: 0,
    };
    let waiting = |holder: &Holder| {
        notices.send(&Notice::WaitingForLock {
            environment: name.to_string(),
            holder: shown(holder),
        });
    };
    let resource = resource(scope, name);
    let started = Instant::now();
    let lock = inventory::lock(cluster, topic, &resource, me, patience, waiting);
    let lock = match lock.await {
        Ok(lock) => lock,
        Err(LockError::Inventory(InventoryError::Missing { .. })) => return Ok(None),
        Err(LockError::Inventory(error)) => return Err(error.into()),
        Err(LockError::Held(holder)) => return Err(taken(name, &holder).into()),
    };
    info!(took = ?started.elapsed(), "took the lock");
    Ok(Some(lock))
}

/// Keeps the applies of a scope and environment off, or says whom it met.
///
/// # Errors
/// An apply is running, or the inventory cannot be read or written.
pub async fn lock_of(
    cluster: &Cluster,
    topic: &TopicName,
    (scope, environment): (&str, &str),
) -> Result<Lock> {
    let me = Holder {
        by: who(),
        pid: std::process::id(),
        ..Holder::default()
    };
    let resource = resource(scope, environment);
    let lock = inventory::lock(cluster, topic, &resource, me, Duration::ZERO, |_| ());
    lock.await.map_err(|error| match error {
        LockError::Held(holder) => taken(environment, &holder).into(),
        LockError::Inventory(error) => error.into(),
    })
}

fn taken(environment: &str, holder: &Holder) -> Problem {
    let message = format!(
        "another apply of {environment} is running: {}",
        shown(holder)
    );
    let ttl = inventory::TTL.as_secs();
    let help = format!(
        "wait for it with --lock-timeout 10m; if it crashed, its lock expires within {ttl} s; \
         `topicsmith inventory unlock -e {environment}` takes it away"
    );
    Problem::locked(message, help)
}
