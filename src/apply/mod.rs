//! Carries out a plan: batches, retries, verification. It emits events and returns a report; it
//! makes no decision that is not in the plan, and formats no output.
//!
//! ```text
//!  steps ──► batches ──► execute ──► verify ──► inventory ──► report
//!            (packing)   (retries)   (read-back)
//! ```
//!
//! Preflight (`validate_only`) is complete before a plan gets here: the plan module converts
//! rejections to blocked changes.

mod adopt;
pub mod direct;
mod execute;
mod inventory_writer;
mod preconditions;
mod readback;
mod record;
mod report;
mod unrecorded;
mod verify;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

pub use crate::kafka::Fault;
pub use inventory_writer::InventoryWriter;
pub use readback::ids_of_made;
use report::Outcomes;
pub use report::{
    ActualState, Count, OperationKind, Outcome, OutcomeKind, PartOutcome, Report, ReportEntry,
    RunResult, SkipReason, UnknownReason,
};

use crate::kafka::{Cluster, batches};
use crate::model::{Phase, Step};
use crate::plan::{self, Plan};

/// The time limits of an apply, and its stop signal.
#[derive(Clone)]
pub struct ApplyOptions {
    /// The time for which a request is retried after a retriable error, counted from the last
    /// progress.
    pub retry_for: Duration,
    /// The maximum time until an accepted change is visible. Changes that create or delete logs get
    /// more time, by their number.
    pub visible_within: Duration,
    /// Set to end the apply after the requests in flight.
    pub stop: Stop,
    /// The inventory under its lock, without which no request is sent. `None` if the inventory is
    /// disabled.
    pub inventory_writer: Option<InventoryWriter>,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        Self {
            retry_for: Duration::from_secs(60),
            visible_within: Duration::from_secs(20),
            stop: Stop::default(),
            inventory_writer: None,
        }
    }
}

/// A flag that ends an apply after the requests in flight. Clones share the flag.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    /// Requests the end of the apply.
    pub fn set(&self) {
        self.0.send_replace(true);
    }

    /// Returns whether the end was requested.
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for `pause`, or until the end is requested.
    pub async fn or_after(&self, pause: Duration) {
        let mut changes = self.0.subscribe();
        // The sender lives as long as `self`, so the channel cannot close.
        let _ = tokio::time::timeout(pause, changes.wait_for(|stop| *stop)).await;
    }
}

/// A progress event of an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A phase with this number of steps starts.
    Phase(Phase, usize),
    /// This number of steps has a response.
    Answered(usize),
    /// Changes are read back; this number of steps is not visible yet.
    Reading(usize),
}

/// Carries out a plan. All outcomes, including errors, are in the report.
pub async fn run(
    plan: &Plan,
    cluster: &Cluster,
    settings: &ApplyOptions,
    events: &mut (dyn FnMut(Event) + Send),
) -> Report {
    let mut outcomes = Outcomes::default();
    let mut touched = Vec::new();
    let mut ended = None;
    let stay = match &settings.inventory_writer {
        Some(inventory_writer) if !settings.stop.is_set() => {
            inventory_writer.adopt(plan, cluster, &mut outcomes).await
        }
        _ => BTreeSet::new(),
    };
    let steps = plan::steps(plan);
    for steps in steps.chunk_by(|a, b| a.phase == b.phase) {
        let phase = steps[0].phase;
        let may = steps.iter().filter(|step| !stay.contains(&step.topic));
        let steps: Vec<Step> = may.cloned().collect();
        events(Event::Phase(phase, steps.len()));
        let mut steps =
            preconditions::to_send(cluster, phase, steps, settings, &mut outcomes).await;
        if let (Phase::Delete, Some(inventory_writer)) = (phase, &settings.inventory_writer)
            && let Err(why) = inventory_writer.spend(plan, &steps).await
        {
            preconditions::keep_back(&mut steps, &SkipReason::Unrecorded(why), &mut outcomes);
        }
        let answered = execute::phase(cluster, steps, settings, events).await;
        touched.extend(answered.sent);
        ended = answered.ended;
        if ended.is_some() {
            break;
        }
    }
    let ids = verify::settle(cluster, touched, settings, events, &mut outcomes).await;
    let interrupted = settings.stop.is_set();
    let ended = match interrupted {
        true => Some(SkipReason::NotReached),
        false => ended,
    };
    if let Some(inventory_writer) = &settings.inventory_writer {
        let stopped = ended.as_ref();
        let known = inventory_writer::ApplyResults { ids, stay, stopped };
        inventory_writer
            .write_down(plan, cluster, settings, known, &mut outcomes)
            .await;
    }
    let skip_reason = ended.unwrap_or(SkipReason::NotReached);
    Report::new(plan, outcomes, &skip_reason, interrupted)
}
