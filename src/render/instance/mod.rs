//! Instances of lifecycles: what became of them, `topicsmith/instance/1`, and which there are,
//! `topicsmith/instances/1`.

pub mod document;
mod list;
mod text;

pub use list::list_text;
pub use text::text;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::live::Instance;
use crate::model::BrokerTime;

/// How a recorded instance stands at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It has not ended.
    Up,
    /// It has ended, and its topics are kept for a while.
    Ending,
    /// Its topics are to be deleted.
    Expired,
}

impl Stage {
    fn of(instance: &Instance, now: BrokerTime) -> Self {
        match (instance.over_at_ms(), instance.ended_ms) {
            (Some(at), _) if now.is_past(at) => Stage::Expired,
            (_, Some(_)) => Stage::Ending,
            (_, None) => Stage::Up,
        }
    }
}
