//! A unified diff of each topic that differs: live against what the files ask for, what is blocked
//! included.

use std::collections::BTreeMap;

use similar::TextDiff;

use super::values;
use super::{Paint, Style};
use crate::desired::{Desired, Topic};
use crate::live::{Live, LiveTopic};
use crate::model::text::{cut, escape};
use crate::model::{ConfigKey, TopicName};
use crate::plan::{Action, Blocked, Change, Plan, Setting, SettingValue};

/// The most characters of a line. It is cut after the comparison, which takes all of it.
const LONGEST_LINE: usize = 2_000;

/// The diffs of all topics that the plan changes or holds something of back, by name.
pub fn text(plan: &Plan, desired: &Desired, live: &Live, style: Style) -> String {
    let mut topics: BTreeMap<&TopicName, (Option<&Change>, Vec<&Blocked>)> = BTreeMap::new();
    for change in &plan.changes {
        topics.entry(&change.topic).or_default().0 = Some(change);
    }
    for blocked in &plan.blocked {
        topics.entry(&blocked.topic).or_default().1.push(blocked);
    }
    let diff = |(name, (change, blocked)): (&TopicName, (Option<&Change>, Vec<&Blocked>))| {
        let before = live.topics.get(name).map(TopicShape::of);
        let mut after = before.clone().unwrap_or_default();
        if let Some(change) = change {
            after.apply(change);
        }
        if let Some(wanted) = desired.topics.get(name) {
            blocked
                .iter()
                .for_each(|blocked| after.grant(blocked, wanted));
        }
        unified(name, &before.unwrap_or_default(), &after, style)
    };
    let diffs: Vec<String> = topics.into_iter().map(diff).collect();
    diffs.join("\n")
}

/// What a topic is or would be; empty where there is none.
#[derive(Clone, Default)]
struct TopicShape<'a> {
    partitions: Option<u32>,
    replication_factor: Option<String>,
    config: BTreeMap<&'a ConfigKey, &'a str>,
}

impl<'a> TopicShape<'a> {
    fn of(found: &'a LiveTopic) -> Self {
        let config = found.config.iter().flatten();
        Self {
            partitions: Some(found.partitions),
            replication_factor: Some(found.replication_factor.to_string()),
            config: config.map(|(key, value)| (key, value.as_str())).collect(),
        }
    }

    fn apply(&mut self, change: &'a Change) {
        if change.action == Action::Delete {
            *self = Self::default();
            return;
        }
        for change in change.on_topic() {
            let to = change.to();
            match &change.setting {
                Setting::Partitions => self.partitions = to.and_then(SettingValue::number),
                Setting::ReplicationFactor => {
                    self.replication_factor = to.map(ToString::to_string);
                }
                Setting::Config(key) => self.put(key, to.and_then(SettingValue::text)),
                _ => {}
            }
        }
    }

    /// As if nothing stood in the way of what is blocked.
    fn grant(&mut self, blocked: &'a Blocked, wanted: &'a Topic) {
        match &blocked.setting {
            Some(Setting::Partitions) => self.partitions = Some(wanted.partitions.value),
            Some(Setting::ReplicationFactor) => {
                self.replication_factor = Some(wanted.replication_factor.value.to_string());
            }
            Some(Setting::Config(key)) => self.declare(key, wanted),
            _ => {}
        }
        for key in &blocked.holds_back {
            self.declare(key, wanted);
        }
    }

    fn declare(&mut self, key: &'a ConfigKey, wanted: &'a Topic) {
        self.put(key, wanted.config.get(key).map(|value| &*value.value));
    }

    fn put(&mut self, key: &'a ConfigKey, value: Option<&'a str>) {
        match value {
            Some(value) => self.config.insert(key, value),
            None => self.config.remove(key),
        };
    }

    /// The settings as a topics file would have them.
    fn lines(&self) -> String {
        let mut lines = String::new();
        let mut line = |text: String| lines.push_str(&(text + "\n"));
        if let Some(partitions) = self.partitions {
            line(format!("partitions = {partitions}"));
        }
        if let Some(factor) = &self.replication_factor {
            line(format!("replication_factor = {factor}"));
        }
        for (key, value) in &self.config {
            line(format!(
                "config.{} = {}",
                escape(key.as_str()),
                values::quoted(key, value)
            ));
        }
        lines
    }
}

fn unified(name: &TopicName, before: &TopicShape, after: &TopicShape, style: Style) -> String {
    let name = escape(name.as_str());
    let (before, after) = (before.lines(), after.lines());
    let heads = (&*format!("live {name}"), &*format!("files {name}"));
    painted(&before, &after, heads, style)
}

/// What changes in a file; everything in it made safe to print.
pub fn file(path: &str, before: &str, after: &str, style: Style) -> String {
    let safe = |text: &str| -> String {
        let lines = text.lines().map(|line| format!("{}\n", escape(line)));
        lines.collect()
    };
    let path = escape(path);
    let before_head = match before.is_empty() {
        true => "/dev/null",
        false => &path,
    };
    painted(&safe(before), &safe(after), (before_head, &path), style)
}

fn painted(before: &str, after: &str, (from, to): (&str, &str), style: Style) -> String {
    let diff = TextDiff::from_lines(before, after)
        .unified_diff()
        .header(from, to)
        .to_string();
    let painted = diff
        .lines()
        .map(|line| style.paint(paint(line), &cut(line, LONGEST_LINE)) + "\n");
    painted.collect()
}

fn paint(line: &str) -> Paint {
    match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Paint::Strong,
        [b'+', ..] => Paint::Added,
        [b'-', ..] => Paint::Removed,
        [b'@', ..] => Paint::Info,
        _ => Paint::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Options, make};
    use crate::testing::{desired, found, live, removal, topic};

    #[test]
    fn live_against_the_files_with_what_is_blocked() {
        let mut changed = topic(
            6,
            3,
            &[
                ("cleanup.policy", "delete,compact"),
                ("min.insync.replicas", "2"),
                ("retention.ms", "86400000"),
            ],
        );
        changed.unmanaged.config = ["preallocate".into()].into();
        let mut desired = desired([
            ("changed", changed),
            ("new", topic(1, 1, &[])),
            ("same", topic(1, 1, &[])),
        ]);
        desired.removed.insert("old".into(), removal());
        let held = [
            ("cleanup.policy", "compact,delete"),
            ("preallocate", "true"),
            ("retention.ms", "604800000"),
            ("segment.bytes", "1048576"),
            ("vendor.\u{1b}", "\"\u{202e}\""),
        ];
        let live = live([
            ("changed", found(8, 1, &held)),
            ("old", found(1, 1, &[])),
            ("same", found(1, 1, &[])),
        ]);
        let plan = make(&desired, &live, &Options::default());
        let expected = r#"--- live changed
+++ files changed
@@ -1,7 +1,7 @@
-partitions = 8
-replication_factor = 1
+partitions = 6
+replication_factor = 3
 config.cleanup.policy = "compact,delete"
+config.min.insync.replicas = "2"
 config.preallocate = "true"
-config.retention.ms = "604800000" # 7d
-config.segment.bytes = "1048576" # 1MiB
+config.retention.ms = "86400000" # 1d
 config.vendor.\u{1b} = "\"\u{202e}\""

--- live new
+++ files new
@@ -0,0 +1,2 @@
+partitions = 1
+replication_factor = 1

--- live old
+++ files old
@@ -1,2 +0,0 @@
-partitions = 1
-replication_factor = 1
"#;
        let shown = text(&plan, &desired, &live, Style::default());
        assert_eq!(shown, expected, "{shown}");
    }
}
