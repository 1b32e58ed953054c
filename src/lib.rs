//! topicsmith: a declarative GitOps reconciler for Kafka topics.
//!
//! Data flows one way, and the modules are the stations on that way:
//!
//! ```text
//!  topics/, environments/ ──► desired ──┐
//!                                       ├─► diff ──► plan ──► render
//!  Kafka ──► kafka ──► observe ──► live ┘              └────► apply ──► report ──► render
//! ```

pub mod desired;
pub mod live;
pub mod model;
pub mod plan;
