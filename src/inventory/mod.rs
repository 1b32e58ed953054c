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

pub use check::{Invalid, LONGEST_HOLD_MS};
pub use codec::{FORMAT, Holding, InventoryRecord};
pub use concern::{Asking, Concerns};
pub use error::{InventoryError, Right, Unreadable};
pub use foreign::inventories_among;
pub use lease::{Holder, TTL, TakenLock};
pub use ledger::{Contents, Writer, read, read_anyway, replay};
pub use lock::{Lock, LockError, LockLost, Mark, Settling, break_lock, given_back, lock, mark};
pub use topic::create;
