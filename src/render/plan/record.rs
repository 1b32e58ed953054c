//! What a change has to do with the inventory, in words.

use std::collections::BTreeMap;

use crate::live::{Owned, Stamp};
use crate::model::text::{escape, names};
use crate::model::time::utc;
use crate::model::{ConfigKey, SettingValue, TopicName};
use crate::plan::{
    Action, Change, ExternalChange, ForeignTopic, HeldTopic, Plan, Setting, SettingChange, owner,
};
use crate::render::values::{self, label};

/// What a reader must know of a topic's ownership, a sentence each.
pub(super) fn remarks(change: &Change) -> Vec<String> {
    let mut remarks = Vec::new();
    let remade = change.external_change == Some(ExternalChange::Recreated);
    remarks.extend(
        change
            .external_change
            .map(|external_change| became(external_change).to_owned()),
    );
    let what = match change.action {
        Action::Adopt if remade => Some("adopt unchanged"),
        Action::Adopt => Some("adopt unchanged: currently unowned"),
        Action::Update if change.adopt && remade => Some("adopt, and update"),
        Action::Update if change.adopt => Some("adopt and update: currently unowned"),
        Action::Release if change.external_change.is_none() => {
            Some("release: kept on the cluster, no longer managed")
        }
        Action::Release => Some("release: what is recorded of it goes"),
        Action::Delete if change.declared_at.is_none() => {
            Some("no longer in any file, and on_remove = \"delete\" was recorded")
        }
        _ => None,
    };
    remarks.extend(what.map(str::to_owned));
    let leaves = matches!(change.action, Action::Delete | Action::Release);
    if leaves || change.external_change.is_some() {
        remarks.extend(change.recorded.as_deref().and_then(last_applied));
    }
    remarks
}

/// What became of a topic without an apply.
pub(in crate::render) fn became(external_change: ExternalChange) -> &'static str {
    match external_change {
        ExternalChange::Deleted => "it was deleted on the cluster since it was applied",
        ExternalChange::Recreated => "recreated since last apply",
    }
}

/// `last applied 2026-11-20T20:34:56Z, commit 4f2a…, by ann@ci`, as far as that is recorded.
pub(in crate::render) fn last_applied(recorded: &Owned) -> Option<String> {
    let Stamp { commit, by, at_ms } = &recorded.stamp;
    let parts = [
        at_ms.map(utc),
        commit.as_ref().map(|commit| format!("commit {commit}")),
        by.as_ref().map(|by| format!("by {by}")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("last applied {}", parts.join(", ")))
}

/// `left topics/a.toml:3`: where a topic was listed last.
pub(super) fn left(change: &Change) -> Option<String> {
    let place = change.recorded.as_ref()?.declared_at.as_ref()?;
    let left = change.declared_at.is_none() && change.action != Action::UpdateInventory;
    left.then(|| format!("left {place}"))
}

/// `on_remove retain → delete`
pub(super) fn recorded(change: &SettingChange) -> String {
    format!("{} {}", label(&change.setting), values(change))
}

/// From what to what it changes in the inventory.
pub(in crate::render) fn values(change: &SettingChange) -> String {
    let shown = |value: Option<&SettingValue>| match value {
        Some(value) => values::shown(&change.setting, Some(value)),
        None => "none".to_owned(),
    };
    let to = shown(change.to());
    match (&change.from, &change.setting) {
        (None, Setting::OnRemove) => to,
        (from, _) => format!("{} → {to}", shown(from.as_ref())),
    }
}

/// What it means that the inventory changes.
pub(super) fn meaning(change: &SettingChange) -> &'static str {
    match (&change.setting, change.to().and_then(SettingValue::text)) {
        (Setting::OnRemove, Some("delete")) => "it will be deleted once no file lists it",
        (Setting::OnRemove, Some(_)) => "it will be released once no file lists it",
        (Setting::Removal, _) => "the removal is gone; a new one deletes again",
        (Setting::Record, _) => "nothing of it stays recorded",
        _ => "inventory only",
    }
}

/// `held until 2026-11-21T20:34:56Z by ann@ci: incident 4711`
pub(in crate::render) fn held(held: &HeldTopic) -> String {
    let by = held
        .by
        .as_ref()
        .map_or_else(String::new, |by| format!(" by {by}"));
    let text = format!("held until {}{by}: {}", utc(held.until_ms), held.reason);
    escape(&text).into_owned()
}

/// What waits for the end of a hold: `update waits: partitions, retention.ms`.
pub(super) fn waiting(held: &HeldTopic) -> Option<String> {
    let change = held.change.as_ref()?;
    let parts: Vec<String> = match change.action {
        Action::Update => {
            let settings = change.on_topic();
            settings.map(|part| label(&part.setting)).collect()
        }
        Action::UpdateInventory => change.inventory_only().map(recorded).collect(),
        _ => Vec::new(),
    };
    let action = change.action.as_str();
    Some(match parts.is_empty() {
        true => format!("waits: {action}"),
        false => format!("waits: {action} {}", parts.join(", ")),
    })
}

/// `3 owned elsewhere: 2 by scope shop, 1 by environment dev`
pub(in crate::render) fn theirs(theirs: &[ForeignTopic]) -> Option<String> {
    let mut owners: BTreeMap<String, usize> = BTreeMap::new();
    for one in theirs {
        *owners.entry(owner(&one.whose)).or_default() += 1;
    }
    let owners = owners
        .into_iter()
        .map(|(owner, topics)| format!("{topics} by {owner}"));
    let owners: Vec<String> = owners.collect();
    let line = format!("{} owned elsewhere: {}", theirs.len(), owners.join(", "));
    (!theirs.is_empty()).then(|| escape(&line).into_owned())
}

/// A line for each key that is left alone, with the topics that have it.
pub(super) fn unknown_configs(plan: &Plan) -> Vec<String> {
    let mut alone: BTreeMap<&ConfigKey, Vec<&TopicName>> = BTreeMap::new();
    for left in &plan.unknown_configs {
        for key in &left.keys {
            alone.entry(key).or_default().push(&left.topic);
        }
    }
    let line = |(key, topics): (&ConfigKey, Vec<&TopicName>)| {
        format!(
            "left alone: {key} on {}: no file sets it, and Kafka 4.3 does not know it",
            names(&topics, 3)
        )
    };
    alone.into_iter().map(line).collect()
}
