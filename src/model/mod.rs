//! The vocabulary that all modules share: names, config keys and equality of their values, units,
//! places in files, findings, risks, secrets and connections. This module does no I/O and depends
//! on no other module.

pub mod client_property;
pub mod clock;
pub mod config;
pub mod connection;
pub mod document;
pub mod finding;
pub mod globs;
pub mod in_order;
pub mod inert;
pub mod name;
pub mod on_remove;
pub mod place;
pub mod risk;
pub mod schema;
pub mod secret;
pub mod setting;
pub mod step;
pub mod text;
pub mod time;
pub mod toml;
pub mod units;

pub use clock::BrokerTime;
pub use config::{ConfigKey, ConfigMap, ConfigSpec};
pub use finding::{Finding, Severity};
pub use globs::Globs;
pub use in_order::InOrder;
pub use name::TopicName;
pub use on_remove::OnRemove;
pub use place::{Layer, Place, SourceText, Sourced, Sources};
pub use risk::{BlockCode, RiskCode, RiskLevel};
pub use secret::Secret;
pub use setting::{Setting, SettingValue};
pub use step::{AlterOp, NewTopic, Operation, Phase, Step};
