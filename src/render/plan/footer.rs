//! The end of a plan: the summary, and what an apply would need.

use super::unapproved;
use crate::model::RiskCode;
use crate::model::text::{count, escape};
use crate::plan::approval::NOT_APPROVED;
use crate::plan::{Action, Plan, Refusal, Summary};
use crate::render::{Paint, Style};

/// What an apply would run into: the risks that nobody allowed, and everything else.
pub(super) fn refusals(plan: &Plan) -> (Vec<&Refusal>, Vec<&Refusal>) {
    let is_risk = |refusal: &&Refusal| refusal.code.parse::<RiskCode>().is_ok();
    plan.refused.iter().partition(is_risk)
}

/// One summary line, then a line for each thing that an apply would run into.
pub(super) fn text(plan: &Plan, style: Style) -> String {
    let summary = plan.summary();
    let mut out = style.paint(Paint::Strong, &line(plan, &summary));
    out.push('\n');
    let (risks, others) = refusals(plan);
    for refusal in others {
        let text = format!("refused: {}", escape(&refusal.message));
        out.push_str(&style.paint(Paint::Held, &text));
        out.push('\n');
        if refusal.code == NOT_APPROVED {
            out.push_str(&unapproved::text(&plan.unapproved, style));
        }
        out.push_str(&format!("  {}.\n", escape(&refusal.help)));
    }
    if let Some(Needs { words, flags }) = needs(&summary, &risks, plan.refused.is_empty()) {
        let text = format!("{words} {flags}");
        out.push_str(&style.paint(Paint::Held, text.trim_end()));
        out.push('\n');
    }
    out
}

/// `1 to create, 2 blocked; 14 unchanged`
pub(super) fn line(plan: &Plan, summary: &Summary) -> String {
    let Summary {
        create,
        update,
        delete,
        adopt,
        release,
        update_inventory,
        unlisted,
        unchanged,
        not_visible,
        blocked,
        destructive: _,
    } = *summary;
    let changes = plan.changes.iter();
    let both = changes.filter(|change| change.action == Action::Update && change.adopt);
    let both = both.count();
    let parts = |parts: &[(usize, &str)]| -> Vec<String> {
        let some = parts.iter().filter(|(number, _)| *number > 0);
        some.map(|(number, what)| format!("{number} {what}"))
            .collect()
    };
    let work = parts(&[
        (create, "to create"),
        (update - both, "to update"),
        (delete, "to delete"),
        (both, "to adopt and update"),
        (adopt - both, "to adopt"),
        (release, "to release"),
        (update_inventory, "to record"),
        (blocked, "blocked"),
    ]);
    if work.is_empty() {
        return no_changes(summary, plan.held.len());
    }
    let rest = parts(&[
        (not_visible, "not visible"),
        (plan.held.len(), "held"),
        (unlisted, "unlisted"),
        (unchanged, "unchanged"),
    ]);
    let line = work.join(", ");
    match rest.is_empty() {
        true => line,
        false => format!("{line}; {}", rest.join(", ")),
    }
}

/// Without changes; whether there are none is not known where a topic is not visible.
fn no_changes(summary: &Summary, held: usize) -> String {
    let as_said = match summary.unchanged {
        0 if held > 0 || summary.not_visible > 0 => None,
        0 => Some("No topics declared".to_owned()),
        1 => Some("1 topic in sync".to_owned()),
        many => Some(format!("{many} topics in sync")),
    };
    let some = |number: usize, what: &str| (number > 0).then(|| format!("{number} {what}"));
    let rest = [
        some(summary.not_visible, "not visible"),
        some(held, "held"),
        some(summary.unlisted, "unlisted"),
    ];
    let rest = rest.into_iter().flatten();
    let parts: Vec<String> = as_said.into_iter().chain(rest).collect();
    let parts = parts.join(", ");
    match summary.not_visible {
        0 => format!("No changes. {parts}."),
        _ => format!("Incomplete: {parts}."),
    }
}

/// What an apply of destructive or cautious changes needs.
pub(super) struct Needs {
    /// `2 destructive changes: apply needs`, or that what is destructive goes ahead as it is.
    pub words: String,
    /// The flags, which follow the words; empty where it needs none.
    pub flags: String,
}

/// The flags that an apply needs, or that what is destructive goes ahead without any.
pub(super) fn needs(summary: &Summary, risks: &[&Refusal], goes_ahead: bool) -> Option<Needs> {
    let destructive =
        (summary.destructive > 0).then(|| count(summary.destructive, "destructive change"));
    let flags: Vec<&str> = risks.iter().map(|risk| risk.help.as_str()).collect();
    let words = match (destructive, risks.is_empty()) {
        (Some(changes), true) if goes_ahead => format!("{changes}, allowed"),
        (_, true) => return None,
        (Some(changes), false) => format!("{changes}: apply needs"),
        (None, false) => "apply needs".to_owned(),
    };
    Some(Needs {
        words,
        flags: flags.join(" "),
    })
}
