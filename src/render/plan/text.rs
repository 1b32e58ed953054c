//! A plan as a person reads it in a review.

use crate::model::text::{count, cut, escape, names};
use crate::model::{Place, RiskLevel, TopicName};
use crate::plan::{
    Action, Blocked, Change, HeldTopic, Plan, Risk, SettingAction, SettingChange, usage_facts,
};
use crate::render::columns::{Cell, Sheet};
use crate::render::values::{becomes, label, shown, source};
use crate::render::{Paint, Style};

use super::{footer, record};

/// How far in a topic stands, and what is said of it.
const TOPIC: usize = 2;
const DETAIL: usize = 6;
/// What is said of a topic takes so many lines, about.
const LINES: usize = 8;
/// How many unlisted topics are named.
const UNLISTED: usize = 10;
/// The most characters of a value.
const LONGEST_VALUE: usize = 500;

/// The plan of one environment.
pub fn text(plan: &Plan, style: Style) -> String {
    let mut sheet = Sheet::with_room(plan.changes.len() * LINES);
    for change in &plan.changes {
        add_change(&mut sheet, change);
    }
    for blocked in &plan.blocked {
        add_blocked(&mut sheet, blocked);
    }
    for held in &plan.held {
        add_held(&mut sheet, held);
    }
    add_unlisted(&mut sheet, &plan.unlisted);
    if let Some(line) = record::theirs(&plan.theirs) {
        sheet.text(TOPIC, Cell::new(Paint::Info, format!("? {line}")));
    }
    add_remarks(&mut sheet, plan);
    let mut out = style.paint(Paint::Strong, &header(plan));
    out.push_str("\n\n");
    if !sheet.is_empty() {
        sheet.print_to(&mut out, style);
        out.push('\n');
    }
    out.push_str(&footer::text(plan, style));
    out
}

/// `prod · cluster 4L6g3nShT-eMCtK--X86sw · 3 brokers · Kafka 4.3`
pub(in crate::render) fn header(plan: &Plan) -> String {
    let cluster = &plan.cluster;
    let mut parts = vec![escape(&plan.environment).into_owned()];
    parts.extend(
        cluster
            .id
            .as_ref()
            .map(|id| format!("cluster {}", escape(id))),
    );
    parts.extend((cluster.brokers > 0).then(|| count(cluster.brokers, "broker")));
    parts.extend(
        cluster
            .kafka_version
            .as_ref()
            .map(|v| format!("Kafka {}", escape(v))),
    );
    parts.join(" · ")
}

fn add_change(sheet: &mut Sheet, change: &Change) {
    let (sign, paint, removal) = match change.action {
        Action::Create => ('+', Paint::Added, ""),
        Action::Update => ('~', Paint::Changed, ""),
        Action::Delete => ('-', Paint::Removed, "removal "),
        Action::Adopt => ('*', Paint::Added, ""),
        Action::Release => ('*', Paint::Changed, ""),
        Action::UpdateInventory => ('*', Paint::Info, ""),
    };
    let name = format!("{sign} {}", escape(change.topic.as_str()));
    let left = record::left(change).map(|left| Cell::new(Paint::Faint, escape(&left)));
    let place = at(change.declared_at.as_ref(), removal)
        .into_iter()
        .chain(left);
    sheet.row(TOPIC, Cell::new(paint, name), None, place.collect());
    for remark in record::remarks(change) {
        sheet.text(DETAIL, Cell::new(Paint::Faint, escape(&remark)));
    }
    let configs = || change.on_topic().filter(|c| c.config_key().is_some());
    for count in change.on_topic().filter(|c| c.config_key().is_none()) {
        add_setting(sheet, count, counted(count));
    }
    for risk in &change.risks {
        sheet.text(DETAIL, remark(risk));
    }
    for fact in change.usage.iter().flat_map(usage_facts) {
        sheet.text(DETAIL, Cell::new(Paint::Plain, escape(&fact)));
    }
    for config in configs().filter(|config| !config.is_pin()) {
        // Each by itself: a long old value must not leave the new one out.
        let to = becomes(config);
        let to = cut(&to, LONGEST_VALUE);
        let values = match change.action {
            Action::Create => to.into_owned(),
            _ => {
                let from = shown(&config.setting, config.from.as_ref());
                format!("{} → {to}", cut(&from, LONGEST_VALUE))
            }
        };
        add_setting(sheet, config, values);
    }
    add_pins(sheet, configs().filter(|config| config.is_pin()));
    for field in change.inventory_only() {
        let label = Cell::new(Paint::Plain, label(&field.setting));
        let values = Cell::new(Paint::Plain, record::values(field));
        let meaning = Cell::new(Paint::Faint, record::meaning(field));
        sheet.row(DETAIL, label, Some(values), vec![meaning]);
    }
}

/// A setting, and beside it what it can cost and why it changes.
fn add_setting(sheet: &mut Sheet, change: &SettingChange, values: String) {
    let mut beside: Vec<Cell> = change.risks.iter().map(remark).collect();
    let undoes = change.drifted;
    beside.extend(undoes.then(|| Cell::new(Paint::Faint, "reverts a manual change")));
    beside.extend(reset(change).map(|reset| Cell::new(Paint::Faint, reset)));
    let label = Cell::new(Paint::Plain, label(&change.setting));
    sheet.row(DETAIL, label, Some(Cell::new(Paint::Plain, values)), beside);
}

/// Where a config goes back to.
pub(super) fn reset(change: &SettingChange) -> Option<String> {
    let SettingAction::Reset(default) = &change.action else {
        return None;
    };
    let whose = default
        .as_ref()
        .map_or("the broker's default, which is not known", |default| {
            source(default.source)
        });
    Some(format!("reset to {whose}: no file sets it"))
}

/// `3 → 6`, and the only number there is where a topic is made or deleted.
pub(super) fn counted(change: &SettingChange) -> String {
    let values = [change.from.as_ref(), change.to()];
    let values = values.into_iter().flatten();
    let values: Vec<String> = values.map(ToString::to_string).collect();
    values.join(" → ")
}

/// The pins change nothing now: one line for all of them.
fn add_pins<'a>(sheet: &mut Sheet, pins: impl Iterator<Item = &'a SettingChange>) {
    let keys: Vec<_> = pins.map(|pin| label(&pin.setting)).collect();
    let Some(last) = keys.len().checked_sub(1) else {
        return;
    };
    let values = if last == 0 { "value" } else { "values" };
    let line = format!(
        "pinned: {}, at the broker's current {values}",
        keys.join(", ")
    );
    sheet.text(DETAIL, Cell::new(Paint::Faint, line));
}

fn add_blocked(sheet: &mut Sheet, blocked: &Blocked) {
    let name = format!("! {}", escape(blocked.topic.as_str()));
    let place = at(blocked.declared_at.as_ref(), "");
    sheet.row(TOPIC, Cell::new(Paint::Held, name), None, place);
    let reason = format!("blocked: {}", escape(&blocked.message));
    sheet.text(DETAIL, Cell::new(Paint::Plain, reason));
    let help = format!("{}.", escape(&blocked.help));
    sheet.text(DETAIL, Cell::new(Paint::Plain, help));
}

fn add_held(sheet: &mut Sheet, held: &HeldTopic) {
    let name = format!("= {}", escape(held.topic.as_str()));
    let listed = held
        .change
        .as_ref()
        .and_then(|change| change.declared_at.as_ref());
    sheet.row(TOPIC, Cell::new(Paint::Held, name), None, at(listed, ""));
    sheet.text(DETAIL, Cell::new(Paint::Plain, record::held(held)));
    let blocked = held
        .blocked
        .iter()
        .map(|blocked| format!("blocked: {}", blocked.message));
    for line in record::waiting(held).into_iter().chain(blocked) {
        sheet.text(DETAIL, Cell::new(Paint::Faint, escape(&line)));
    }
}

fn add_unlisted(sheet: &mut Sheet, unlisted: &[TopicName]) {
    if unlisted.is_empty() {
        return;
    }
    let named = names(unlisted, UNLISTED);
    let line = format!("? {} unlisted: {}", unlisted.len(), escape(&named));
    sheet.text(TOPIC, Cell::new(Paint::Info, line));
}

/// Keys that are left alone, and notes.
fn add_remarks(sheet: &mut Sheet, plan: &Plan) {
    let alone = record::unknown_configs(plan);
    let nothing = alone.is_empty() && plan.notes.is_empty();
    if !sheet.is_empty() && !nothing {
        sheet.blank();
    }
    for line in alone {
        sheet.text(TOPIC, Cell::new(Paint::Faint, escape(&line)));
    }
    for note in &plan.notes {
        let line = format!("note: {note}");
        sheet.text(TOPIC, Cell::new(Paint::Info, escape(&line)));
    }
}

/// `topics/playback.toml:3`, as a remark.
fn at(place: Option<&Place>, before: &str) -> Vec<Cell> {
    let text = |place: &Place| format!("{before}{}", escape(&place.file_line()));
    let cell = place.map(|place| Cell::new(Paint::Faint, text(place)));
    cell.into_iter().collect()
}

fn remark(risk: &Risk) -> Cell {
    let level = risk.code.level();
    let paint = match level {
        RiskLevel::Destructive => Paint::Removed,
        RiskLevel::Caution => Paint::Changed,
    };
    let text = format!("{}: {}", level.as_str(), risk.message);
    Cell::new(paint, escape(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Options, make};
    use crate::testing::{desired, found, live, removal, topic};

    fn example() -> Plan {
        let mut desired = desired([
            (
                "playback-events",
                topic(12, 3, &[("retention.ms", "604800000")]),
            ),
            (
                "content-updated",
                topic(
                    6,
                    3,
                    &[("retention.ms", "172800000"), ("cleanup.policy", "delete")],
                ),
            ),
            ("search-queries", topic(3, 3, &[])),
            ("same", topic(3, 3, &[])),
        ]);
        desired.removed.insert("old-audit".into(), removal());
        let held = [
            ("retention.ms", "604800000"),
            ("segment.bytes", "536870912"),
            ("vendor.x", "1"),
        ];
        let live = live([
            ("content-updated", found(3, 3, &held)),
            ("search-queries", found(6, 3, &[])),
            ("same", found(3, 3, &[])),
            ("old-audit", found(3, 3, &[])),
            ("debezium-heartbeat", found(3, 3, &[])),
        ]);
        make(&desired, &live, &Options::default())
    }

    #[test]
    fn a_plan_reads_as_in_a_review() {
        let expected = "\
prod · cluster c1 · 3 brokers · Kafka 4.3

  ~ content-updated                                                topics/a.toml:1
      partitions          3 → 6                                    caution: keys move to other partitions
      retention.ms        7d (604800000) → 2d (172800000)          destructive: records older than 2d are deleted (currently 7d)
      segment.bytes       512MiB (536870912) → 1GiB (1073741824)   reset to Kafka's default: no file sets it
      pinned: cleanup.policy, at the broker's current value
  - old-audit                                                      removal topics/a.toml:40
      partitions          3
      replication factor  3
      destructive: the topic and all its records are deleted
  + playback-events                                                topics/a.toml:1
      partitions          12
      replication factor  3
      retention.ms        7d (604800000)
  ! search-queries                                                 topics/a.toml:2
      blocked: partitions 6 → 3: Kafka cannot remove partitions
      Set partitions = 6, leave them to others with unmanaged = [\"partitions\"], or move to a new topic.
  ? 1 unlisted: debezium-heartbeat

  left alone: vendor.x on content-updated: no file sets it, and Kafka 4.3 does not know it

1 to create, 1 to update, 1 to delete, 1 blocked; 1 unlisted, 1 unchanged
2 destructive changes: apply needs --allow topic-deleted --allow retention-shortened
";
        let shown = text(&example(), Style::default());
        assert_eq!(shown, expected, "{shown}");
    }
}
