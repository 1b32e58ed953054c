//! What a saved plan does not approve: each part as it would be now, beside what was approved.

use crate::model::Setting;
use crate::model::text::escape;
use crate::plan::approval::{ApprovedPart, Unapproved};
use crate::plan::document::{SettingActionName, SettingDocument};
use crate::plan::usage_facts;
use crate::render::columns::{Cell, Sheet};
use crate::render::values::{self, value_or_unknown};
use crate::render::{Paint, Style};

/// How far in a topic stands, and what is said of it.
const TOPIC: usize = 2;
const DETAIL: usize = 6;

/// A line for each part, below its topic.
pub(super) fn text(unapproved: &[Unapproved], style: Style) -> String {
    let mut sheet = Sheet::default();
    let mut last = None;
    for (topic, label, now, approved) in lines(unapproved) {
        if last.replace(topic) != Some(topic) {
            let name = format!("! {}", escape(topic));
            sheet.row(TOPIC, Cell::new(Paint::Held, name), None, Vec::new());
        }
        let label = Cell::new(Paint::Plain, label);
        let now = Cell::new(Paint::Plain, now);
        sheet.row(
            DETAIL,
            label,
            Some(now),
            vec![Cell::new(Paint::Held, approved)],
        );
    }
    sheet.print(style)
}

/// The topic of each part, the part, what would be done to it now, and what was approved of that.
pub(super) fn lines(
    unapproved: &[Unapproved],
) -> impl Iterator<Item = (&str, String, String, String)> {
    unapproved.iter().map(|part| {
        let now = part.now.as_ref();
        let now = now.map_or_else(|| "left out".to_owned(), words);
        let approved = match &part.approved {
            Some(step) => format!("approved: {}", words(step)),
            None => "not approved".to_owned(),
        };
        let label = match now_or_approved(part) {
            Some(ApprovedPart::Setting(change)) => values::label(&change.setting),
            Some(ApprovedPart::Topic { .. }) => "topic id".to_owned(),
            Some(ApprovedPart::Usage { .. }) => "use".to_owned(),
            Some(ApprovedPart::Whole { .. }) | None => "topic".to_owned(),
        };
        (part.topic.as_str(), label, now, approved)
    })
}

fn now_or_approved(part: &Unapproved) -> Option<&ApprovedPart> {
    part.now.as_ref().or(part.approved.as_ref())
}

fn words(part: &ApprovedPart) -> String {
    match part {
        ApprovedPart::Whole { action, adopt } => {
            let adopt = if *adopt { "adopt and " } else { "" };
            format!("{adopt}{}", action.as_str())
        }
        ApprovedPart::Topic { id } => escape(id).into_owned(),
        ApprovedPart::Usage { usage } => escape(&usage_facts(usage).join("; ")).into_owned(),
        ApprovedPart::Setting(change) if change.inventory_only => {
            let shown = |value| match value {
                Some(value) => values::shown(&change.setting, Some(value)),
                None => "none".to_owned(),
            };
            let (from, to) = (shown(change.from.as_ref()), shown(change.to.as_ref()));
            format!("{} {from} → {to}", values::label(&change.setting))
        }
        ApprovedPart::Setting(change) => setting(change),
    }
}

fn setting(change: &SettingDocument) -> String {
    let shown = |value| values::shown(&change.setting, value);
    let to = match (&change.setting, &change.to, &change.to_default) {
        (Setting::Config(key), None, default) => value_or_unknown(key, default.as_deref()),
        (_, to, _) => shown(to.as_ref()),
    };
    let is_config = matches!(change.setting, Setting::Config(_));
    match (change.action, &change.from, &change.to) {
        (SettingActionName::Pin, ..) => format!("pinned at {to}"),
        (SettingActionName::Set, None, _) => to,
        (SettingActionName::Set, from, _) => format!("{} → {to}", shown(from.as_ref())),
        (SettingActionName::Reset, from, _) if is_config => {
            format!("{} → reset to {to}", shown(from.as_ref()))
        }
        (SettingActionName::Reset, from, _) => shown(from.as_ref()),
    }
}
