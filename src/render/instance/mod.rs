//! Instances of lifecycles: what became of them, `topicsmith/instance/1`, and which there are,
//! `topicsmith/instances/1`.

mod json;
mod list;
mod text;

pub use json::json;
pub use list::{LIST_FORMAT, list_json, list_text};
pub use text::text;

/// The format that [`json()`] writes.
pub const FORMAT: &str = "topicsmith/instance/1";

use crate::live::Instance;

/// How a recorded instance stands at a time.
fn state(instance: &Instance, now_ms: i64) -> &'static str {
    match (instance.over_at_ms(), instance.ended_ms) {
        (Some(at), _) if at <= now_ms => "over",
        (_, Some(_)) => "ending",
        (_, None) => "up",
    }
}
