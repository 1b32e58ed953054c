//! What became of instances, for a person: a line for each, and what needs attention below it.

use crate::apply::Kind;
use crate::instance::{Entry, Report, State, Why};
use crate::inventory::Holder;
use crate::live::{Hold, Instance};
use crate::model::TopicName;
use crate::model::text::{count, escape};
use crate::model::time::utc;
use crate::plan::usage_facts;
use crate::render::report::words;
use crate::render::{Paint, Style};

/// What became of each instance.
pub fn text(report: &Report, style: Style) -> String {
    let mut out = String::new();
    for entry in &report.entries {
        let (paint, line) = headline(entry);
        let id = style.paint(Paint::Strong, &entry.id.to_string());
        out.push_str(&format!("{id} {}\n", style.paint(paint, &line)));
        for line in details(entry) {
            out.push_str(&format!("    {line}\n"));
        }
    }
    if report.command == "sweep" {
        let line = summary(report);
        out.push_str(&format!("{}\n", style.paint(Paint::Strong, &line)));
    }
    out
}

fn headline(entry: &Entry) -> (Paint, String) {
    let made = match entry
        .topics
        .iter()
        .filter(|t| t.kind() == Kind::Applied)
        .count()
    {
        0 => String::new(),
        made => format!("; {} created", count(made, "topic")),
    };
    let ends = || {
        entry
            .instance
            .as_ref()
            .map_or(String::new(), ends_by_itself)
    };
    match entry.state {
        State::Started => (Paint::Added, format!("is up{made}{}", ends())),
        State::UpAgain => (
            Paint::Added,
            format!("is up again, and its end is taken back{made}{}", ends()),
        ),
        State::Up => (Paint::Plain, format!("is up already{made}{}", ends())),
        State::NotUp => (Paint::Told, "is not up".to_owned()),
        State::Ended => (Paint::Changed, format!("is ended; {}", to_go(entry))),
        State::Ending => (Paint::Told, format!("had ended already; {}", to_go(entry))),
        State::Expired => (Paint::Removed, format!("expired; {}", would_go(entry))),
        State::Deleted => (Paint::Removed, gone(entry)),
        State::Stays => (
            Paint::Held,
            "expired, and stays until the next sweep".to_owned(),
        ),
        State::Busy => {
            let holder = entry.busy.as_ref();
            let holder = holder.map_or_else(String::new, |Holder { by, pid, .. }| {
                format!(": {} (process {pid}) is at work on it", escape(by))
            });
            (Paint::Told, format!("is left to the next sweep{holder}"))
        }
        State::Incomplete => (
            Paint::Removed,
            "is not complete; do it again to go on".to_owned(),
        ),
    }
}

fn ends_by_itself(instance: &Instance) -> String {
    let over_at = instance.over_at_ms();
    over_at.map_or(String::new(), |at| format!("; it expires at {}", utc(at)))
}

fn topics(entry: &Entry) -> usize {
    let recorded = entry.instance.as_ref();
    recorded.map_or(0, |instance| instance.topics.len())
}

fn to_go(entry: &Entry) -> String {
    let topics = count(topics(entry), "topic");
    let over_at = entry.instance.as_ref().and_then(Instance::over_at_ms);
    match over_at {
        Some(at) => format!("its {topics} are eligible for deletion from {}", utc(at)),
        None => format!("its {topics} can be deleted"),
    }
}

fn would_go(entry: &Entry) -> String {
    let going = topics(entry).saturating_sub(entry.stays.len());
    format!("{} would be deleted", count(going, "topic"))
}

fn gone(entry: &Entry) -> String {
    match entry.topics.len() {
        0 => "is gone; no topic of it was left".to_owned(),
        deleted => format!("is gone; {} deleted", count(deleted, "topic")),
    }
}

/// What stays and why, and what went wrong.
fn details(entry: &Entry) -> Vec<String> {
    let mut lines = Vec::new();
    for topic in &entry.topics {
        let reasons = topic.parts.iter().filter_map(|part| {
            let reason = words::reason(part.setting.as_ref(), &part.outcome)?;
            Some(format!("{}: {reason}", words::kind(part.outcome.kind())))
        });
        let name = escape(topic.topic.as_str());
        lines.extend(reasons.map(|reason| format!("! {name}  {reason}")));
    }
    let stays = entry.stays.iter();
    lines.extend(stays.map(|(topic, why)| stay(topic, why)));
    if let Some(trouble) = &entry.trouble {
        lines.push(format!("! {}", escape(&trouble.to_string())));
    }
    lines
}

fn stay(topic: &TopicName, why: &Why) -> String {
    format!("{}  {}", escape(topic.as_str()), reason(topic, why))
}

/// Why a topic stays.
pub(super) fn reason(topic: &TopicName, why: &Why) -> String {
    match why {
        Why::InUse(usage) => {
            let mut usage = usage.clone();
            let what = match usage.is_seen_in_use() {
                true => "in use",
                false => "whether it is in use cannot be seen",
            };
            // Of an instance's topic that is not about days; the time tells.
            usage.recent = false;
            let facts = usage_facts(&usage).join("; ");
            format!("{what}: {}", escape(&facts))
        }
        Why::Held(Hold {
            until_ms, reason, ..
        }) => format!("held until {}: {}", utc(*until_ms), escape(reason)),
        Why::Unproven(why) => format!(
            "nothing proves that this instance made it: {}; to fix: put the lifecycle back into the files, or delete it with --allow unproven:{}",
            escape(why),
            escape(topic.as_str())
        ),
        Why::Forbidden(why) => format!("left alone: {why}"),
        Why::Another => "stays with the others".to_owned(),
        Why::MadeAgain => "left unchanged: recreated since the instance was started".to_owned(),
        Why::Owned => "left unchanged: owned by a scope".to_owned(),
    }
}

fn summary(report: &Report) -> String {
    let number = |test: fn(&State) -> bool| {
        let entries = report.entries.iter();
        entries.filter(|entry| test(&entry.state)).count()
    };
    let parts = [
        (number(|s| matches!(s, State::Expired)), "to delete"),
        (number(|s| matches!(s, State::Deleted)), "deleted"),
        (number(|s| matches!(s, State::Stays)), "kept"),
        (
            number(|s| matches!(s, State::Busy)),
            "left to the next sweep",
        ),
        (number(|s| matches!(s, State::Incomplete)), "not complete"),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    match parts.is_empty() {
        true => "No expired instances.".to_owned(),
        false => parts.join(", "),
    }
}
