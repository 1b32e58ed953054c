//! What became of instances, for a person: a line for each, and what needs attention below it.

use crate::apply::OutcomeKind;
use crate::instance::{InstanceOutcome, InstanceState, Report, StayReason};
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

fn headline(entry: &InstanceOutcome) -> (Paint, String) {
    let made = match entry
        .topics
        .iter()
        .filter(|t| t.kind() == OutcomeKind::Applied)
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
        InstanceState::Started => (Paint::Added, format!("is up{made}{}", ends())),
        InstanceState::UpAgain => (
            Paint::Added,
            format!("is up again, and its end is taken back{made}{}", ends()),
        ),
        InstanceState::Up => (Paint::Plain, format!("is up already{made}{}", ends())),
        InstanceState::NotUp => (Paint::Info, "is not up".to_owned()),
        InstanceState::Ended => (Paint::Changed, format!("is ended; {}", to_go(entry))),
        InstanceState::Ending => (Paint::Info, format!("had ended already; {}", to_go(entry))),
        InstanceState::Expired => (Paint::Removed, format!("expired; {}", would_go(entry))),
        InstanceState::Deleted => (Paint::Removed, gone(entry)),
        InstanceState::Stays => (
            Paint::Held,
            "expired, and stays until the next sweep".to_owned(),
        ),
        InstanceState::Busy => {
            let holder = entry.busy.as_ref();
            let holder = holder.map_or_else(String::new, |Holder { by, pid, .. }| {
                format!(": {} (process {pid}) is at work on it", escape(by))
            });
            (Paint::Info, format!("is left to the next sweep{holder}"))
        }
        InstanceState::Incomplete => (
            Paint::Removed,
            "is not complete; do it again to go on".to_owned(),
        ),
    }
}

fn ends_by_itself(instance: &Instance) -> String {
    let over_at = instance.over_at_ms();
    over_at.map_or(String::new(), |at| format!("; it expires at {}", utc(at)))
}

fn topics(entry: &InstanceOutcome) -> usize {
    let recorded = entry.instance.as_ref();
    recorded.map_or(0, |instance| instance.topics.len())
}

fn to_go(entry: &InstanceOutcome) -> String {
    let topics = count(topics(entry), "topic");
    let over_at = entry.instance.as_ref().and_then(Instance::over_at_ms);
    match over_at {
        Some(at) => format!("its {topics} are eligible for deletion from {}", utc(at)),
        None => format!("its {topics} can be deleted"),
    }
}

fn would_go(entry: &InstanceOutcome) -> String {
    let going = topics(entry).saturating_sub(entry.stays.len());
    format!("{} would be deleted", count(going, "topic"))
}

fn gone(entry: &InstanceOutcome) -> String {
    match entry.topics.len() {
        0 => "is gone; no topic of it was left".to_owned(),
        deleted => format!("is gone; {} deleted", count(deleted, "topic")),
    }
}

/// What stays and why, and what went wrong.
fn details(entry: &InstanceOutcome) -> Vec<String> {
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

fn stay(topic: &TopicName, why: &StayReason) -> String {
    format!("{}  {}", escape(topic.as_str()), reason(topic, why))
}

/// Why a topic stays.
pub(super) fn reason(topic: &TopicName, why: &StayReason) -> String {
    match why {
        StayReason::InUse(usage) => {
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
        StayReason::Held(Hold {
            until_ms, reason, ..
        }) => format!("held until {}: {}", utc(*until_ms), escape(reason)),
        StayReason::Unproven(why) => format!(
            "nothing proves that this instance made it: {}; to fix: put the lifecycle back into the files, or delete it with --allow unproven:{}",
            escape(why),
            escape(topic.as_str())
        ),
        StayReason::Forbidden(why) => format!("left alone: {why}"),
        StayReason::Another => "stays with the others".to_owned(),
        StayReason::MadeAgain => {
            "left unchanged: recreated since the instance was started".to_owned()
        }
        StayReason::Owned => "left unchanged: owned by a scope or by another instance".to_owned(),
    }
}

fn summary(report: &Report) -> String {
    let number = |test: fn(&InstanceState) -> bool| {
        let entries = report.entries.iter();
        entries.filter(|entry| test(&entry.state)).count()
    };
    let parts = [
        (number(|s| matches!(s, InstanceState::Expired)), "to delete"),
        (number(|s| matches!(s, InstanceState::Deleted)), "deleted"),
        (number(|s| matches!(s, InstanceState::Stays)), "kept"),
        (
            number(|s| matches!(s, InstanceState::Busy)),
            "left to the next sweep",
        ),
        (
            number(|s| matches!(s, InstanceState::Incomplete)),
            "not complete",
        ),
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
