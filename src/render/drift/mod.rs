//! Where a cluster is not what the files say, `topicsmith/drift/1`.

mod facts;
mod json;
mod text;

pub use json::json;
pub use text::text;

/// The format that [`json`] writes.
pub const FORMAT: &str = "topicsmith/drift/1";

use facts::Drifted;

use crate::plan::{Action, Plan};

/// How many listed topics are as the files say. A plan counts those as unchanged, too, of which
/// everything that differs is held back.
fn as_the_files_say(plan: &Plan, drifted: &[Drifted]) -> usize {
    let changed = |action: Action| action != Action::Delete && action != Action::Create;
    let updates = plan.changes.iter().filter(|c| changed(c.action)).count();
    let differ = drifted.iter().filter(|d| d.state == facts::State::Differs);
    plan.unchanged
        .saturating_sub(differ.count().saturating_sub(updates))
}
