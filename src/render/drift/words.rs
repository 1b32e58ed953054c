//! How a topic differs, in words.

use crate::diff::Since;
use crate::model::{OnRemove, Place};
use crate::plan::drift::{Difference, DifferenceKind, DriftState, Drifted};
use crate::plan::{ExternalChange, Setting};
use crate::render::values::{label, value_or_unknown};

/// In what way a topic differs as a whole; `None` where only its settings do.
pub(super) fn state(topic: &Drifted) -> Option<&'static str> {
    let deletes = topic.applied.and_then(|applied| applied.on_remove) == Some(OnRemove::Delete);
    Some(match (topic.state, topic.external_change, topic.since) {
        (DriftState::Differs, ..) => return None,
        (DriftState::Missing, Some(_), _) => "missing: deleted since last apply",
        (DriftState::Missing, None, Some(Since::Pending)) => "pending: not there yet",
        (DriftState::Missing, None, _) => "missing",
        (DriftState::Unwanted, ..) => "exists, but has a removal",
        (DriftState::NotOwned, Some(_), _) => "recreated since last apply",
        (DriftState::NotOwned, None, _) => "pending: listed, currently unowned",
        (DriftState::ForeignTopic, ..) => "listed here, but owned elsewhere",
        (DriftState::Left, Some(ExternalChange::Deleted), _) => {
            "missing, and no longer in any file"
        }
        (DriftState::Left, Some(ExternalChange::Recreated), _) => {
            "recreated, and no longer in any file"
        }
        (DriftState::Left, None, _) if deletes => "pending: no longer in any file, to be deleted",
        (DriftState::Left, None, _) => "pending: no longer in any file, to be released",
        (DriftState::Record, ..) => "pending: right, and not recorded so",
        (DriftState::OfInstance, Some(ExternalChange::Recreated), _) => {
            "of an instance: recreated on the cluster"
        }
        (DriftState::OfInstance, ..) => "of an instance: deleted on the cluster",
    })
}

/// One setting that differs.
pub(super) struct Line<'a> {
    /// The setting.
    pub(super) label: String,
    /// What is live.
    pub(super) live: String,
    /// On which side it changed, and what the files say.
    pub(super) says: String,
    /// Where they say it.
    pub(super) place: Option<&'a Place>,
}

/// The settings of a topic that have another value.
pub(super) fn differences<'a>(topic: &'a Drifted<'a>) -> impl Iterator<Item = Line<'a>> {
    let held = topic
        .differences
        .iter()
        .filter(|d| d.kind != DifferenceKind::NotHeld);
    held.map(|difference| line(difference, topic.applied.is_some()))
}

fn line<'a>(difference: &'a Difference<'a>, recorded: bool) -> Line<'a> {
    let shown = |value: Option<&str>| match (&difference.setting, value) {
        (Setting::Config(key), value) => value_or_unknown(key, value),
        (_, value) => value.unwrap_or("unknown").to_owned(),
    };
    let says = match difference.kind {
        DifferenceKind::Undeclared => "no file sets it".to_owned(),
        DifferenceKind::Value | DifferenceKind::NotHeld => {
            format!("the files say {}", shown(difference.wanted.as_deref()))
        }
    };
    let applied = match &difference.applied {
        Some(applied) => format!("{} was applied", shown(Some(applied))),
        None => "it was not set".to_owned(),
    };
    Line {
        label: label(&difference.setting),
        live: shown(difference.live.as_deref()),
        says: match difference.since {
            _ if !recorded => says,
            Since::Drift => format!("drift: {says}"),
            Since::Pending => format!("pending: {says}"),
            Since::Both => format!("drift and pending: {applied}, {says}"),
        },
        place: difference.declared_at,
    }
}

/// The settings whose value is right, and a broker's: a line for those of each side.
pub(super) fn not_held(topic: &Drifted) -> Vec<String> {
    let not_held = || {
        topic
            .differences
            .iter()
            .filter(|d| d.kind == DifferenceKind::NotHeld)
    };
    let sides = [
        (
            Since::Pending,
            "matches through the broker default; not set explicitly yet",
        ),
        (
            Since::Drift,
            "matches through the broker default; not set explicitly",
        ),
    ];
    let line = |(since, what): (Since, &str)| {
        let own = not_held().filter(|d| d.since.is_drift() == since.is_drift());
        let keys: Vec<String> = own.map(|d| label(&d.setting)).collect();
        (!keys.is_empty()).then(|| format!("{what}: {}", keys.join(", ")))
    };
    sides.into_iter().filter_map(line).collect()
}
