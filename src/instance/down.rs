//! `instance down`: ends an instance and, if requested, waits and deletes it.

use std::time::Duration;

use super::InstanceId;
use super::reclaim::{LockedInstance, reclaim};
use super::report::{InstanceFailure, InstanceOutcome, InstanceState};
use super::site::{InstanceError, Site};
use crate::apply::Event;
use crate::inventory::{self, Holder, Writer};
use crate::live::Instance;
use crate::plan::Allow;

/// Ends an instance; its topics are deleted after a delay. `waiting` receives the current holder of
/// its lock.
///
/// # Errors
/// Returns an error if something could not be read or written.
pub async fn down(
    site: &Site<'_>,
    id: &InstanceId,
    waiting: impl FnMut(&Holder),
) -> Result<InstanceOutcome, InstanceError> {
    if site.contents(&[]).await?.is_none() {
        return Ok(InstanceOutcome::new(id.clone(), None, InstanceState::NotUp));
    }
    let lock = site.lock(id, site.lock_timeout, waiting).await?;
    let done = end(site, id).await;
    // If the release fails, the lock expires.
    let _ = lock.release().await;
    done
}

async fn end(site: &Site<'_>, id: &InstanceId) -> Result<InstanceOutcome, InstanceError> {
    let inventory = site.contents(&[]).await?.unwrap_or_default().inventory;
    let recorded = id.recorded(&site.whose, &inventory.instances);
    let Some(recorded) = recorded.cloned() else {
        return Ok(InstanceOutcome::new(id.clone(), None, InstanceState::NotUp));
    };
    if recorded.ended_ms.is_some() {
        return Ok(InstanceOutcome::new(
            id.clone(),
            Some(recorded),
            InstanceState::Ending,
        ));
    }
    let mut instance = Instance {
        stamp: site.stamp.clone(),
        ..recorded
    };
    let writer = Writer::open(site.cluster, site.inventory).await?;
    let ended = inventory::InventoryRecord::Ended(instance.clone());
    let mut entry = InstanceOutcome::new(id.clone(), None, InstanceState::Ended);
    match writer.write(&[ended]).await {
        Ok(appended) => {
            instance.ended_ms = appended.first().and_then(|one| one.appended_ms);
        }
        Err(error) => {
            entry.trouble = Some(InstanceFailure::of_record(error)?);
            entry.state = InstanceState::Incomplete;
        }
    }
    entry.instance = Some(instance);
    Ok(entry)
}

/// Waits until an ended instance expires, and deletes it. Returns its state if it was started again
/// meanwhile or the wait was interrupted.
///
/// # Errors
/// Nothing was deleted: something could not be read or written.
pub async fn delete_ended(
    site: &Site<'_>,
    ended: InstanceOutcome,
    allow: &[Allow],
    mut waiting: impl FnMut(&Holder),
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<InstanceOutcome, InstanceError> {
    let mut last = ended;
    loop {
        let lock = site.lock(&last.id, site.lock_timeout, &mut waiting).await?;
        let now_ms = lock.now().now_ms();
        let id = last.id.clone();
        let mut held = [LockedInstance {
            id,
            lock: Some(lock),
        }];
        let entries = reclaim(site, &mut held, allow, events).await;
        for held in &mut held {
            held.release().await;
        }
        let Some(entry) = entries?.pop() else {
            return Ok(last);
        };
        let over_at = entry.instance.as_ref().and_then(Instance::over_at_ms);
        let (InstanceState::Ending, Some(over_at)) = (&entry.state, over_at) else {
            return Ok(entry);
        };
        let left = u64::try_from(over_at.saturating_sub(now_ms)).unwrap_or_default();
        last = entry;
        site.settings
            .stop
            .or_after(Duration::from_millis(left))
            .await;
        if site.settings.stop.is_set() {
            return Ok(last);
        }
    }
}
