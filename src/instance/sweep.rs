//! `instance sweep`: deletes every expired instance, from its record alone.

use std::time::Duration;

use super::reclaim::{LockedInstance, judge, reclaim};
use super::report::{InstanceOutcome, InstanceState};
use super::site::{InstanceError, Site};
use super::{InstanceId, belongs};
use crate::apply::Event;
use crate::inventory::{Contents, Holder};
use crate::live::Instance;
use crate::model::BrokerTime;
use crate::observe;
use crate::plan::Allow;

/// Maximum instances that are deleted concurrently: each has its own lock, which is renewed.
const AT_A_TIME: usize = 16;

/// The options of a sweep.
#[derive(Debug, Clone, Default)]
pub struct Sweep {
    /// Topics that may be deleted although they are in use.
    pub allow: Vec<Allow>,
    /// Whether nothing is changed.
    pub dry_run: bool,
}

/// Deletes expired instances; returns their outcomes, and the error that ended the sweep early.
/// `waiting` receives the holder of another sweep.
///
/// # Errors
/// Nothing was changed: the inventory could not be read, or another sweep is running.
pub async fn sweep(
    site: &Site<'_>,
    sweep: &Sweep,
    waiting: impl FnMut(&Holder),
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<(Vec<InstanceOutcome>, Option<InstanceError>), InstanceError> {
    let Some(contents) = site.contents(&[]).await? else {
        return Ok((Vec::new(), None));
    };
    if sweep.dry_run {
        return Ok((look(site, &contents, sweep).await?, None));
    }
    // The lock provides the broker's clock, and prevents two sweeps from competing for the same
    // locks.
    let lock = site.lock_sweep(waiting).await?;
    let over = over(site, &contents, lock.now());
    let done = delete(site, over, sweep, events).await;
    // If the release fails, the lock expires.
    let _ = lock.release().await;
    Ok(done)
}

/// Returns the owner's instances that have expired at a time.
fn over(site: &Site<'_>, contents: &Contents, now: BrokerTime) -> Vec<Instance> {
    let instances = contents.inventory.instances.iter();
    let is_over = |one: &Instance| one.over_at_ms().is_some_and(|at| now.is_past(at));
    let over = instances.filter(|one| belongs(one, &site.whose) && is_over(one));
    over.cloned().collect()
}

/// Returns what a sweep would do. Without a claim of a lock, the broker's clock is estimated from
/// the local one.
async fn look(
    site: &Site<'_>,
    contents: &Contents,
    sweep: &Sweep,
) -> Result<Vec<InstanceOutcome>, InstanceError> {
    let now = BrokerTime::estimated(contents.newest_ms);
    let over = over(site, contents, now).into_iter();
    let over = over.map(|instance| (instance, now)).collect();
    let cases = judge(site, &contents.inventory, over, &sweep.allow).await?;
    let entry = |case: super::reclaim::Case| match case.has_to_stay() {
        true => case.into_entry(InstanceState::Stays),
        false => case.into_entry(InstanceState::Expired),
    };
    Ok(cases.into_iter().map(entry).collect())
}

async fn delete(
    site: &Site<'_>,
    over: Vec<Instance>,
    sweep: &Sweep,
    events: &mut (dyn FnMut(Event) + Send),
) -> (Vec<InstanceOutcome>, Option<InstanceError>) {
    let mut entries = Vec::new();
    for some in over.chunks(AT_A_TIME) {
        if site.settings.stop.is_set() {
            break;
        }
        match delete_some(site, some, sweep, events).await {
            Ok(done) => entries.extend(done),
            Err(error) => return (entries, Some(error)),
        }
    }
    (entries, None)
}

/// Locks several instances, without those that are busy, and deletes them.
async fn delete_some(
    site: &Site<'_>,
    some: &[Instance],
    sweep: &Sweep,
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Vec<InstanceOutcome>, InstanceError> {
    let locks = some.iter().map(|instance| async move {
        let id = InstanceId::of(instance);
        let lock = site.lock(&id, Duration::ZERO, |_| ()).await;
        (instance, id, lock)
    });
    let mut entries = Vec::new();
    let mut held = Vec::new();
    let mut failed = None;
    for (instance, id, lock) in observe::side_by_side(locks).await {
        match lock {
            Ok(lock) => held.push(LockedInstance {
                id,
                lock: Some(lock),
            }),
            Err(InstanceError::Locked { holder, .. }) => {
                entries.push(InstanceOutcome {
                    busy: Some(holder),
                    ..InstanceOutcome::new(id, Some(instance.clone()), InstanceState::Busy)
                });
            }
            Err(error) => failed = Some(error),
        }
    }
    let done = match failed {
        None => reclaim(site, &mut held, &sweep.allow, events).await,
        Some(error) => Err(error),
    };
    observe::side_by_side(held.iter_mut().map(LockedInstance::release)).await;
    let done = done?.into_iter();
    // It was started or deleted by another process in the meantime.
    let is_over = |entry: &InstanceOutcome| {
        !matches!(
            entry.state,
            InstanceState::Up | InstanceState::Ending | InstanceState::NotUp
        )
    };
    entries.extend(done.filter(is_over));
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(entries)
}
