//! What the crate shows to a Rust program: the rest of this room behind types of which every part is
//! meant to last. What they hold in detail is in their JSON documents, which have schemas and versions.

mod apply;
mod environment;
mod error;
mod result;

pub use apply::Apply;
pub use environment::{Client, Environment, Options, Snapshot};
pub use error::Error;
pub use result::{Change, Drift, Plan, Reason, Report};
