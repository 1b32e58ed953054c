//! topicsmith: a declarative GitOps reconciler for Kafka topics.
//!
//! Data flows in one direction, and imports follow it:
//!
//! ```text
//!  topics/, environments/ ──► desired ──┐
//!                                       ├─► diff ──► plan ──► render
//!  Kafka ──► kafka ──► observe ──► live ┘              └────► apply ──► report ──► render
//! ```

pub mod apply;
pub mod capacity;
pub mod cli;
pub mod commands;
pub mod desired;
pub mod diff;
pub mod doctor;
pub mod edit;
pub mod files;
pub mod instance;
pub mod inventory;
pub mod kafka;
pub mod listing;
pub mod live;
pub mod metrics;
pub mod model;
pub mod observe;
pub mod plan;
pub mod render;
pub mod show;
pub mod terminal;

#[cfg(test)]
mod testing;
