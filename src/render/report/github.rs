//! A report as annotations of a workflow's run.

use super::text::{reasons, summary};
use super::words;
use crate::apply::{OutcomeKind, Report, ReportEntry};
use crate::model::Place;
use crate::plan::Plan;
use crate::render::github::{AnnotationLevel, Annotations};
use crate::render::plan::refusal_annotations;

/// What became of the plan of one environment, as far as somebody should look at it. `report` must be
/// of this plan.
pub fn annotations(report: &Report, plan: &Plan) -> Annotations {
    let environment = &report.environment;
    let mut said = Annotations {
        summary: format!("{environment}: {}", summary(report)),
        ..Annotations::default()
    };
    refusal_annotations(plan, &mut said);
    // Here it has refused.
    said.all
        .iter_mut()
        .for_each(|refusal| refusal.level = AnnotationLevel::Error);
    for entry in &report.entries {
        let kind = entry.kind();
        let level = match kind {
            OutcomeKind::Applied | OutcomeKind::AlreadyApplied => continue,
            OutcomeKind::Held => AnnotationLevel::Notice,
            OutcomeKind::Skipped if !plan.refused.is_empty() => AnnotationLevel::Notice,
            _ => AnnotationLevel::Error,
        };
        let title = format!("{environment}: {} {}", entry.topic, words::kind(kind));
        said.add(level, place(entry, plan), title, reasons(entry));
    }
    said
}

/// The topic's entry, or where what is blocked is written.
fn place<'a>(entry: &ReportEntry, plan: &'a Plan) -> Option<&'a Place> {
    let blocked = plan
        .blocked
        .iter()
        .find(|blocked| blocked.topic == entry.topic);
    let change = plan
        .changes
        .iter()
        .find(|change| change.topic == entry.topic);
    match entry.action {
        None => blocked?.declared_at.as_ref(),
        Some(_) => change?.declared_at.as_ref(),
    }
}
