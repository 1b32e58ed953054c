//! The only module that uses rdkafka: client, admin calls, error messages. It carries out requests
//! and makes no decisions.
//!
//! All calls use librdkafka's own admin API (`ffi`, the crate's only `unsafe`), because rdkafka's
//! safe `AdminClient` drops the brokers' messages and the errors of single items, and replaces a
//! topic's whole config when one key changes.

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
