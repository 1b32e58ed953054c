//! A report as a person reads it: what needs attention, the counts, and what to do now.

use super::words;
use crate::apply::{Outcome, OutcomeKind, PartOutcome, Report, ReportEntry, SkipReason};
use crate::model::text::escape;
use crate::plan::Setting;
use crate::render::columns::{Cell, Sheet};
use crate::render::values::label;
use crate::render::{Paint, Style};

/// How far in a topic stands, and what is said of it.
const TOPIC: usize = 2;
const DETAIL: usize = 6;

/// What became of the plan of one environment.
pub fn text(report: &Report, style: Style) -> String {
    let mut sheet = Sheet::default();
    for entry in &report.entries {
        add_entry(&mut sheet, entry);
    }
    let mut out = sheet.print(style);
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&style.paint(Paint::Strong, &summary(report)));
    out.push('\n');
    for line in what_now(report) {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// Only what a person should look at: what went as planned, and what an apply that was stopped did
/// not come to, is in the summary.
fn add_entry(sheet: &mut Sheet, entry: &ReportEntry) {
    if !entry.parts.iter().any(needs_attention) {
        return;
    }
    let kind = entry.kind();
    let name = format!("! {}", escape(entry.topic.as_str()));
    let state = Cell::new(paint(kind), words::kind(kind));
    sheet.row(TOPIC, Cell::new(paint(kind), name), Some(state), Vec::new());
    for line in reasons(entry) {
        sheet.text(DETAIL, Cell::new(Paint::Plain, line));
    }
}

/// Why parts of an entry need attention, a line for each reason.
pub(super) fn reasons(entry: &ReportEntry) -> Vec<String> {
    let line = |(reason, parts): (String, Vec<&PartOutcome>)| {
        let subjects = parts
            .iter()
            .filter_map(|part| config(part.setting.as_ref()));
        let subjects: Vec<String> = subjects.collect();
        match subjects.is_empty() {
            true => reason,
            false => format!("{}: {reason}", subjects.join(", ")),
        }
    };
    by_reason(entry).into_iter().map(line).collect()
}

/// The parts that need attention, those with the same reason together: one bad value refuses all
/// of a topic's configs.
fn by_reason(entry: &ReportEntry) -> Vec<(String, Vec<&PartOutcome>)> {
    let mut reasons: Vec<(String, Vec<&PartOutcome>)> = Vec::new();
    for part in entry.parts.iter().filter(|part| needs_attention(part)) {
        let Some(reason) = said(entry, part) else {
            continue;
        };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, parts)) => parts.push(part),
            None => reasons.push((reason, vec![part])),
        }
    }
    reasons
}

/// The reason, with its kind where that is not the entry's.
fn said(entry: &ReportEntry, part: &PartOutcome) -> Option<String> {
    let reason = words::reason(part.setting.as_ref(), &part.outcome)?;
    let kind = part.outcome.kind();
    Some(match kind == entry.kind() {
        true => reason,
        false => format!("{}: {reason}", words::kind(kind)),
    })
}

fn needs_attention(part: &PartOutcome) -> bool {
    !matches!(
        part.outcome,
        Outcome::Applied | Outcome::AlreadyApplied | Outcome::Skipped(SkipReason::NotReached)
    )
}

fn paint(kind: OutcomeKind) -> Paint {
    match kind {
        OutcomeKind::Applied | OutcomeKind::AlreadyApplied => Paint::Added,
        OutcomeKind::Failed | OutcomeKind::NotEffective | OutcomeKind::Unknown => Paint::Removed,
        OutcomeKind::Blocked | OutcomeKind::Held => Paint::Held,
        OutcomeKind::Skipped => Paint::Info,
    }
}

/// The other reasons say themselves what they are about.
fn config(setting: Option<&Setting>) -> Option<String> {
    setting
        .filter(|setting| matches!(setting, Setting::Config(_)))
        .map(label)
}

/// `12 applied, 1 failed`
pub(super) fn summary(report: &Report) -> String {
    let count = report.count();
    let part = |kind: OutcomeKind| match count.of(kind) {
        0 => None,
        number => Some(format!("{number} {}", words::kind(kind))),
    };
    let parts: Vec<String> = words::ORDER.into_iter().filter_map(part).collect();
    match parts.is_empty() {
        true => "Nothing to do.".to_owned(),
        false => parts.join(", "),
    }
}

/// What to do now, a line for each kind of trouble.
pub(super) fn what_now(report: &Report) -> Vec<String> {
    let any = |test: fn(&Outcome) -> bool| {
        let parts = report.entries.iter().flat_map(|entry| &entry.parts);
        parts.into_iter().any(|part| test(&part.outcome))
    };
    let again = format!("topicsmith plan -e {}", escape(&report.environment));
    let mut lines = Vec::new();
    if report.interrupted {
        lines.push(
            "Interrupted. Run apply again to continue; completed changes are kept.".to_owned(),
        );
    }
    if any(|o| matches!(o, Outcome::Failed(_))) {
        lines.push(
            "Fix the reported errors and run apply again; completed changes are kept.".to_owned(),
        );
    }
    if any(|o| matches!(o, Outcome::Skipped(why) if *why != SkipReason::NotReached)) {
        lines.push("Skipped changes: fix the reasons above and run apply again.".to_owned());
    }
    if any(|o| matches!(o, Outcome::Unknown(_))) {
        lines.push(format!(
            "To see what became of unknown changes, run: {again}"
        ));
    }
    if any(|o| matches!(o, Outcome::Unrecorded(_))) {
        lines.push("Not in the inventory yet: run apply again to write it.".to_owned());
    }
    if any(|o| matches!(o, Outcome::NotEffective(_))) {
        lines.push(
            "Not effective: declare the value that the topic has, or list the setting in `unmanaged`."
                .to_owned(),
        );
    }
    if any(|o| matches!(o, Outcome::Blocked(..))) {
        lines.push(format!("To resolve blocked changes, run: {again}"));
    }
    lines
}
