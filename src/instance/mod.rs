//! Lifecycle instances: ephemeral topics. An instance is recorded before its topics are created and
//! until they are deleted, so that the record always covers the topics that may exist, however the
//! process ends.
//!
//! ```text
//!  up:     lock ─► are the names free? ─► record, without ids ─► create ─► record the ids
//!  down:   lock ─► record the end
//!  sweep:  lock ─► expired, and not in use? ─► delete, by id ─► delete the record
//! ```
//!
//! Each instance has its own lock, so instances do not wait for each other. Times are the broker's,
//! from the records and the claims of the lock.

mod down;
mod proof;
mod reclaim;
mod report;
mod site;
mod sweep;
mod up;

use std::collections::BTreeMap;
use std::fmt;

pub use down::{delete_ended, down};
pub use proof::Proof;
pub use report::{InstanceOutcome, InstanceState, Report, RunResult, StayReason};
pub use site::{InstanceError, Site};
pub use sweep::{Sweep, sweep};
pub use up::{InstanceSpec, up};

use crate::live::{Instance, OwnerKey};
use crate::model::text::escape;

/// The identity of an instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InstanceId {
    /// The lifecycle's name.
    pub lifecycle: String,
    /// The parameters, unique among the instances of the lifecycle.
    pub parameters: BTreeMap<String, String>,
}

impl InstanceId {
    /// Returns the identity of a recorded instance.
    pub fn of(instance: &Instance) -> Self {
        Self {
            lifecycle: instance.lifecycle.clone(),
            parameters: instance.parameters.clone(),
        }
    }

    /// Returns the record of this instance, if it exists.
    fn recorded<'a>(&self, whose: &OwnerKey, instances: &'a [Instance]) -> Option<&'a Instance> {
        instances.iter().find(|instance| {
            instance.lifecycle == self.lifecycle
                && instance.parameters == self.parameters
                && belongs(instance, whose)
        })
    }
}

/// Returns whether an instance belongs to this scope and environment.
pub fn belongs(instance: &Instance, whose: &OwnerKey) -> bool {
    let environment = whose.environment.as_deref().unwrap_or_default();
    instance.whose.is(whose.scope.as_deref(), environment)
}

impl fmt::Display for InstanceId {
    /// Formats as `video-task task_id=abc`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.lifecycle))?;
        for (name, value) in &self.parameters {
            write!(f, " {}={}", escape(name), escape(value))?;
        }
        Ok(())
    }
}
