//! topicsmith: a declarative GitOps reconciler for Kafka topics.
//!
//! Data flows one way, and the modules are the stations on that way:
//!
//! ```text
//!  topics/, environments/ ──► desired ──┐
//!                                       ├─► diff ──► plan ──► render
//!  Kafka ──► kafka ──► observe ──► live ┘              └────► apply ──► report ──► render
//! ```

pub mod app;
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
pub mod live;
pub mod metrics;
pub mod model;
pub mod observe;
pub mod plan;
pub mod render;
pub mod terminal;
pub mod view;

#[cfg(test)]
mod testing;
