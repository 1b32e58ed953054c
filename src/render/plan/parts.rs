//! What a change does, part by part in a few words: for tables and annotations, where there is no
//! room for both a value and what it means. Not escaped.

use super::record;
use super::text::counted;
use crate::plan::{Action, Change, ConfigAction, ConfigChange};
use crate::render::values::short;

/// `partitions 3 → 6`, `retention.ms 7d → 2d`, …, in the order in which plans show them.
pub(super) fn parts(change: &Change) -> Vec<String> {
    let mut parts = Vec::new();
    let partitions = change.partitions.as_ref();
    parts.extend(partitions.map(|count| format!("partitions {}", counted(count))));
    let factor = change.replication_factor.as_ref();
    parts.extend(factor.map(|count| format!("replication factor {}", counted(count))));
    let (pins, others): (Vec<&ConfigChange>, Vec<&ConfigChange>) = change
        .config
        .iter()
        .partition(|config| config.action == ConfigAction::Pin);
    parts.extend(
        others
            .into_iter()
            .map(|config| of_config(change.action, config)),
    );
    let pins: Vec<&str> = pins.iter().map(|pin| pin.key.as_str()).collect();
    parts.extend((!pins.is_empty()).then(|| format!("pins {}", pins.join(", "))));
    parts.extend(change.record.iter().map(record::recorded));
    parts
}

fn of_config(action: Action, change: &ConfigChange) -> String {
    let key = &change.key;
    let to = short(key, change.becomes());
    let to = match change.action {
        ConfigAction::Reset => format!("reset to {to}"),
        ConfigAction::Set | ConfigAction::Pin => to,
    };
    match action {
        Action::Create => format!("{key} {to}"),
        _ => format!("{key} {} → {to}", short(key, change.from.as_deref())),
    }
}
