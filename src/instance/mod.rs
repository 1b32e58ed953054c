//! Instances of lifecycles: topics that come and go at run time. Unlike what a plan says, an
//! instance is recorded before its topics are made and after they are deleted, so that whatever ends
//! the process, the record says what may be there.
//!
//! ```text
//!  up:     lock ─► whose are the names? ─► record, without ids ─► create ─► record the ids
//!  down:   lock ─► record the end
//!  sweep:  lock ─► over, and not in use? ─► delete, by id ─► remove the record
//! ```
//!
//! Each instance has a lock of its own: instances wait for nobody but for themselves. Time is the
//! broker's, as the records and the claims of the lock tell it.

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

/// Which instance of which lifecycle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InstanceId {
    /// The lifecycle.
    pub lifecycle: String,
    /// What tells it from the other instances.
    pub parameters: BTreeMap<String, String>,
}

impl InstanceId {
    /// The one that is recorded so.
    pub fn of(instance: &Instance) -> Self {
        Self {
            lifecycle: instance.lifecycle.clone(),
            parameters: instance.parameters.clone(),
        }
    }

    /// Its record, if there is one.
    fn recorded<'a>(&self, whose: &OwnerKey, instances: &'a [Instance]) -> Option<&'a Instance> {
        instances.iter().find(|instance| {
            instance.lifecycle == self.lifecycle
                && instance.parameters == self.parameters
                && belongs(instance, whose)
        })
    }
}

/// Whether an instance is of this scope and environment.
pub fn belongs(instance: &Instance, whose: &OwnerKey) -> bool {
    let environment = whose.environment.as_deref().unwrap_or_default();
    instance.whose.is(whose.scope.as_deref(), environment)
}

impl fmt::Display for InstanceId {
    /// `video-task task_id=abc`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.lifecycle))?;
        for (name, value) in &self.parameters {
            write!(f, " {}={}", escape(name), escape(value))?;
        }
        Ok(())
    }
}
