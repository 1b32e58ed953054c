//! A report for a comment on a pull request, or the summary of a job.

use super::text::{reasons, summary, what_now};
use super::words;
use crate::apply::{OutcomeKind, Report, ReportEntry as Done};
use crate::plan::Action;
use crate::plan::Plan;
use crate::render::markdown::{Section, TableEntry, code_of, html_code, prose};
use crate::render::plan::{alerts, remarks};

/// What became of the plan of one environment: what needs the most attention first, then by name.
/// `report` must be of this plan.
pub fn section(report: &Report, plan: &Plan) -> Section {
    let mut done: Vec<&Done> = report.entries.iter().collect();
    done.sort_by_key(|entry| std::cmp::Reverse(entry.kind()));
    let refused = if plan.refused.is_empty() {
        Vec::new()
    } else {
        alerts(plan)
    };
    let now = what_now(report);
    Section {
        heading: format!(
            "Apply to {}: {}",
            prose(&report.environment),
            summary(report)
        ),
        alerts: refused
            .into_iter()
            .chain(now.iter().map(|line| prose(line)))
            .collect(),
        columns: &["", "Topic", "Change", "Why"],
        entries: done.into_iter().map(of_entry).collect(),
        remarks: remarks(plan),
        shown_by: "`apply --report FILE` keeps the whole report".to_owned(),
    }
}

fn of_entry(entry: &Done) -> TableEntry {
    let topic = entry.topic.as_str();
    let kind = entry.kind();
    let shown = match kind {
        OutcomeKind::Applied | OutcomeKind::AlreadyApplied | OutcomeKind::Held => {
            words::kind(kind).to_owned()
        }
        _ => format!("**{}**", words::kind(kind)),
    };
    let reasons: Vec<String> = reasons(entry).iter().map(|reason| prose(reason)).collect();
    let change = entry.action.map_or("", Action::as_str).to_owned();
    let more = reasons.len().saturating_sub(1);
    let first = reasons.first().cloned().unwrap_or_default();
    let why = match more {
        0 => first,
        more => format!("{first}<br>and {more} more"),
    };
    TableEntry {
        cells: vec![shown, code_of(topic, 249), change, why],
        title: format!("{} {}", words::kind(kind), html_code(topic)),
        // One reason stands in the row already.
        details: if more > 0 { reasons } else { Vec::new() },
    }
}
