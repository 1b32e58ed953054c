//! Why an apply could not write to the inventory.

use crate::inventory::{InventoryError, LockLost};
use crate::kafka::Fault;

/// Why something could not be recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unrecorded {
    /// The lock is lost.
    #[error(transparent)]
    LockLost(#[from] LockLost),
    /// The inventory could not be written.
    #[error(transparent)]
    Unwritten(#[from] InventoryError),
    /// Another scope, environment or instance recorded the topic as its own since the plan was made.
    #[error("{0} recorded the topic as its own meanwhile, and keeps it")]
    Taken(String),
    /// The ids of new topics could not be read.
    #[error("the ids of new topics could not be read: {0}")]
    NoIds(crate::kafka::Error),
    /// No broker told the id of a new topic.
    #[error("its id could not be read: {0}")]
    NoId(Fault),
}

impl Unrecorded {
    /// Why ownership is not settled.
    pub(super) fn unsettled(lost: LockLost) -> Self {
        match lost {
            LockLost::Unknown(error) => error.into(),
            lost => lost.into(),
        }
    }

    /// Whether it may be recorded after all.
    pub(super) fn is_unanswered(&self) -> bool {
        matches!(self, Unrecorded::Unwritten(InventoryError::Unanswered(_)))
    }
}
