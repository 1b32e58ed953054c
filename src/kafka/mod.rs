//! The only room that knows rdkafka: the client, the admin calls, errors in words. It does what it
//! is told and decides nothing.
//!
//! Everything goes through librdkafka's own admin API (`ffi`, the crate's only `unsafe`), because
//! rdkafka's safe `AdminClient` loses the broker's messages and each item's own error, and replaces
//! a topic's whole config where one key was to change.

mod about;
mod admin;
pub mod batches;
mod broker_probe;
mod certificate;
mod client_events;
mod clients;
mod cluster;
mod error;
mod failure;
mod fault;
mod ffi;
mod newest;
mod pace;
mod probe;
mod records;
mod settings;
mod tokens;
mod types;
mod usage;
mod version;

pub use about::about;
pub use broker_probe::BrokerProbe;
pub use cluster::{Cluster, Limits};
#[cfg(feature = "internals")]
pub use error::Cause;
pub use error::Error;
pub use fault::{Fault, FaultKind};
pub use ffi::leave;
#[cfg(feature = "internals")]
pub use records::end;
pub use records::{Appender, Reader, RecordError};
#[cfg(test)]
pub use types::GroupMember;
pub use types::{
    AclOperation, Alter, AlterOp, Appended, Committed, ConfigEntry, Configs, Delivery,
    GroupDescription, Metadata, Mode, NewTopic, Node, OffsetAt, OffsetFound, Partition, Record,
    Synonym, TopicDescription, TopicMetadata,
};
pub use usage::Offsets;
