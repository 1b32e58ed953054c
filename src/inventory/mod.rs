//! What the tool records on a cluster, in a compacted topic of its own: who owns which topic, holds,
//! spent tombstones, instances, and the lock. This room reads and writes; it decides nothing.
//!
//! The state is the last record of each key; a record without a value removes its key. Time is the
//! broker's: the topic stamps each record when it is appended (`LogAppendTime`).

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
