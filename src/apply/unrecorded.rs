//! Errors of an apply's writes to the inventory.

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
    /// Another scope, environment or instance has recorded the topic after planning.
    #[error("{0} recorded the topic as its own meanwhile, and keeps it")]
    Taken(String),
    /// The ids of new topics could not be read.
    #[error("the ids of new topics could not be read: {0}")]
    NoIds(crate::kafka::Error),
    /// No broker returned the id of a new topic.
    #[error("its id could not be read: {0}")]
    NoId(Fault),
}

impl Unrecorded {
    /// Converts the error of settling ownership.
    pub(super) fn unsettled(lost: LockLost) -> Self {
        match lost {
            LockLost::Unknown(error) => error.into(),
            lost => lost.into(),
        }
    }

    /// Returns whether the record may have been written nevertheless.
    pub(super) fn is_unanswered(&self) -> bool {
        matches!(self, Unrecorded::Unwritten(InventoryError::Unanswered(_)))
    }
}
