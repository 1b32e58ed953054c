//! A plan as annotations of a workflow's run: what is refused or blocked, what each change can cost,
//! and what it does, at the place that says so.

use super::parts::parts;
use super::{footer, record};
use crate::model::RiskLevel;
use crate::model::text::names;
use crate::plan::{Blocked, Change, Plan, Risk, Setting};
use crate::render::github::{AnnotationLevel, Annotations};

/// The plan of one environment.
pub fn annotations(plan: &Plan) -> Annotations {
    let environment = &plan.environment;
    let mut said = Annotations {
        summary: format!("{environment}: {}", footer::line(plan, &plan.summary())),
        ..Annotations::default()
    };
    refusals(plan, &mut said);
    for blocked in &plan.blocked {
        let title = format!("{environment}: {} blocked: {}", blocked.topic, blocked.code);
        said.add(
            AnnotationLevel::Error,
            blocked.declared_at.as_ref(),
            title,
            lines(blocked),
        );
    }
    for level in [RiskLevel::Destructive, RiskLevel::Caution] {
        for change in &plan.changes {
            let risks = change.all_risks();
            let risks = risks.filter(|(_, risk)| risk.code.level() == level);
            risks.for_each(|(setting, risk)| {
                add_risk(&mut said, environment, change, (setting, risk));
            });
        }
    }
    for change in &plan.changes {
        let action = change.action.as_str();
        let title = format!("{environment}: {action} {}", change.topic);
        let what = parts(change).join(", ");
        let remarks = record::remarks(change);
        let lines = std::iter::once(what)
            .filter(|what| !what.is_empty())
            .chain(remarks);
        said.add(
            AnnotationLevel::Notice,
            change.declared_at.as_ref(),
            title,
            lines.collect(),
        );
    }
    for held in &plan.held {
        let title = format!("{environment}: {} is held", held.topic);
        let place = held
            .change
            .as_ref()
            .and_then(|change| change.declared_at.as_ref());
        let waiting = record::waiting(held);
        let lines = std::iter::once(record::held(held)).chain(waiting).collect();
        said.add(AnnotationLevel::Notice, place, title, lines);
    }
    beside(plan, &mut said);
    said
}

/// What is no change: topics that no file names, and notes.
pub(in crate::render) fn beside(plan: &Plan, said: &mut Annotations) {
    let environment = &plan.environment;
    if !plan.unlisted.is_empty() {
        let title = format!("{environment}: {} unlisted", plan.unlisted.len());
        said.add(
            AnnotationLevel::Notice,
            None,
            title,
            vec![names(&plan.unlisted, 10)],
        );
    }
    for note in &plan.notes {
        said.add(
            AnnotationLevel::Notice,
            None,
            format!("{environment}: note"),
            vec![note.clone()],
        );
    }
}

/// What an apply would run into. Another cluster is an error already, a guard or gate is one for an
/// apply.
pub(in crate::render) fn refusals(plan: &Plan, said: &mut Annotations) {
    let wrong_cluster = plan.wrong_cluster();
    for refusal in &plan.refused {
        let level = match wrong_cluster == Some(refusal) {
            true => AnnotationLevel::Error,
            false => AnnotationLevel::Warning,
        };
        let title = format!("{}: apply refuses: {}", plan.environment, refusal.code);
        let help = match refusal.help.starts_with("--") {
            true => format!("apply needs {}", refusal.help),
            false => format!("{}.", refusal.help),
        };
        said.add(level, None, title, vec![refusal.message.clone(), help]);
    }
}

fn lines(blocked: &Blocked) -> Vec<String> {
    vec![blocked.message.clone(), format!("{}.", blocked.help)]
}

fn add_risk(
    said: &mut Annotations,
    environment: &str,
    change: &Change,
    (setting, risk): (Option<&Setting>, &Risk),
) {
    let level = risk.code.level().as_str();
    let title = format!("{environment}: {} {level}: {}", change.topic, risk.code);
    let own = setting.and_then(|setting| change.setting(setting)?.declared_at.as_ref());
    let place = own.or(change.declared_at.as_ref());
    said.add(
        AnnotationLevel::Warning,
        place,
        title,
        vec![risk.message.clone()],
    );
}
