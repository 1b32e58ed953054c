//! What a change does, part by part in a few words: for tables and annotations, where there is no
//! room for both a value and what it means. Not escaped.

use super::record;
use super::text::counted;
use crate::model::ConfigKey;
use crate::plan::{Action, Change, SettingAction, SettingChange};
use crate::render::values::{label, short};

/// `partitions 3 → 6`, `retention.ms 7d → 2d`, …, in the order in which plans show them.
pub(super) fn parts(change: &Change) -> Vec<String> {
    let (pins, others): (Vec<&SettingChange>, Vec<&SettingChange>) =
        change.on_topic().partition(|setting| setting.is_pin());
    let of = |setting: &SettingChange| match setting.config_key() {
        Some(key) => of_config(change.action, key, setting),
        None => format!("{} {}", label(&setting.setting), counted(setting)),
    };
    let mut parts: Vec<String> = others.into_iter().map(of).collect();
    let pins = pins.into_iter().filter_map(SettingChange::config_key);
    let pins: Vec<&str> = pins.map(ConfigKey::as_str).collect();
    parts.extend((!pins.is_empty()).then(|| format!("pins {}", pins.join(", "))));
    parts.extend(change.inventory_only().map(record::recorded));
    parts
}

fn of_config(action: Action, key: &ConfigKey, change: &SettingChange) -> String {
    let to = short(key, change.becomes());
    let to = match change.action {
        SettingAction::Reset(_) => format!("reset to {to}"),
        SettingAction::Set(_) | SettingAction::Pin(_) | SettingAction::Remove => to,
    };
    match action {
        Action::Create => format!("{key} {to}"),
        _ => format!("{key} {} → {to}", short(key, change.current_text())),
    }
}
