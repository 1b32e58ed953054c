//! The inventory: the compacted topic on a cluster that stores the tool's own records: owners of
//! topics, holds, applied removals, instances and the lock. This module reads and writes; it makes
//! no decisions.
//!
//! The state is the last record of each key; a record without a value deletes its key. Times are
//! the broker's: the topic stamps each record when it is appended (`LogAppendTime`).

mod check;
mod codec;
mod concern;
mod envelope;
mod error;
mod foreign;
mod lease;
mod ledger;
mod lock;
mod topic;

pub use check::LONGEST_HOLD_MS;
pub use codec::{Holding, InventoryRecord};
pub use concern::Asking;
#[cfg(feature = "internals")]
pub use error::Right;
pub use error::{InventoryError, Unreadable};
pub use foreign::inventories_among;
pub use lease::{Holder, TTL, TakenLock};
#[cfg(any(test, feature = "internals"))]
pub use ledger::replay;
pub use ledger::{Contents, Writer, read, read_anyway};
pub use lock::{Lock, LockError, LockLost, Settling, break_lock, given_back, lock, mark};
pub use topic::create;
