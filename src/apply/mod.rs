//! Carries a plan out as it stands: batches, retries, verification. It emits events and gives a
//! report; it takes no decision that the plan has not taken, and knows no words and no terminal.
//!
//! ```text
//!  steps ──► batches ──► execute ──► verify ──► books ──► report
//!            (packing)   (retries)   (read-back) (inventory)
//! ```
//!
//! What a broker is asked about beforehand (`validate_only`) is settled before a plan gets here:
//! refusals are facts, and the plan room turns them into blocked changes.

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

/// How long an apply is patient, and what stops it early.
#[derive(Clone)]
pub struct ApplyOptions {
    /// How long a request is repeated while Kafka says that a retry can help, counted from the
    /// last one that got anything done.
    pub retry_for: Duration,
    /// How long a change that was accepted may take to show. Where logs are made or deleted it is
    /// more, by their number.
    pub visible_within: Duration,
    /// Set when the apply should end after the requests in flight.
    pub stop: Stop,
    /// Where it is recorded who owns what, under a lock without which nothing is sent. `None`
    /// where the inventory is not in use.
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

/// A flag that ends an apply after the requests in flight. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Stop {
    /// Ends the apply.
    pub fn set(&self) {
        self.0.send_replace(true);
    }

    /// Whether the apply should end.
    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for a while, or until the apply should end if that comes first.
    pub async fn or_after(&self, pause: Duration) {
        let mut changes = self.0.subscribe();
        // Its sender lives as long as this does, so that only the two can end it.
        let _ = tokio::time::timeout(pause, changes.wait_for(|stop| *stop)).await;
    }
}

/// What an apply says while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A phase with so many steps begins.
    Phase(Phase, usize),
    /// So many steps of the phase were answered.
    Answered(usize),
    /// What was touched is read back; so many steps do not show yet.
    Reading(usize),
}

/// Carries the plan out. Everything that happens on the way, errors included, is in the report.
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
