//! Drift as a person reads it.

use crate::diff::Since;
use crate::model::text::{escape, names};
use crate::model::{OnRemove, Place};
use crate::plan::drift::{Difference, Drift, Drifted, Kind, State};
use crate::plan::{Fate, Plan, Subject};
use crate::render::columns::{Cell, Sheet};
use crate::render::plan::{field, field_values, header, held_words, last_applied, theirs_words};
use crate::render::values::{label, value_or_unknown};
use crate::render::{Paint, Style};

use super::summary;

/// How far in a topic stands, and what is said of it.
const TOPIC: usize = 2;
const DETAIL: usize = 6;
/// How many unlisted topics are named.
const UNLISTED: usize = 10;

/// Where the cluster of one environment is not what was applied, or not what the files say. `drift`
/// must be of this plan.
pub fn text(plan: &Plan, drift: &Drift, style: Style) -> String {
    let mut sheet = Sheet::default();
    for topic in &drift.topics {
        add_topic(&mut sheet, topic);
    }
    add_held(&mut sheet, plan, drift);
    if !plan.unlisted.is_empty() {
        let named = names(&plan.unlisted, UNLISTED);
        let line = format!("? {} unlisted: {}", plan.unlisted.len(), escape(&named));
        sheet.text(TOPIC, Cell::new(Paint::Told, line));
    }
    if let Some(line) = theirs_words(&plan.theirs) {
        sheet.text(TOPIC, Cell::new(Paint::Told, format!("? {line}")));
    }
    for note in &plan.notes {
        let line = format!("note: {}", escape(note));
        sheet.text(TOPIC, Cell::new(Paint::Told, line));
    }
    let mut out = style.paint(Paint::Strong, &header(plan)) + "\n\n";
    if !sheet.is_empty() {
        out.push_str(&sheet.print(style));
        out.push('\n');
    }
    out.push_str(&style.paint(Paint::Strong, &summary::text(plan, drift)));
    out.push('\n');
    if let Some(refusal) = plan.wrong_cluster() {
        let line = format!("refused: {}", escape(&refusal.message));
        out.push_str(&style.paint(Paint::Held, &line));
        out.push('\n');
    }
    out
}

fn add_topic(sheet: &mut Sheet, topic: &Drifted) {
    let (sign, paint) = match topic.state {
        State::Missing => ('+', Paint::Added),
        State::Differs | State::OfInstance => ('~', Paint::Changed),
        State::Unwanted => ('-', Paint::Removed),
        State::NotOwned | State::Left | State::Record => ('*', Paint::Told),
        State::Theirs => ('!', Paint::Held),
    };
    let name = format!("{sign} {}", escape(topic.topic.as_str()));
    let state = state(topic).map(|state| Cell::new(Paint::Plain, state));
    sheet.row(TOPIC, Cell::new(paint, name), state, at(topic.declared_at));
    if let Some(line) = topic
        .applied
        .and_then(last_applied)
        .filter(|_| topic.is_drift())
    {
        sheet.text(DETAIL, Cell::new(Paint::Faint, escape(&line)));
    }
    add_differences(sheet, topic);
    for change in topic.record {
        let label = Cell::new(Paint::Plain, field(change));
        let values = Cell::new(Paint::Plain, field_values(change));
        let pending = Cell::new(Paint::Faint, "pending: to be recorded");
        sheet.row(DETAIL, label, Some(values), vec![pending]);
    }
}

fn state(topic: &Drifted) -> Option<&'static str> {
    let deletes = topic.applied.and_then(|applied| applied.on_remove) == Some(OnRemove::Delete);
    Some(match (topic.state, topic.fate, topic.since) {
        (State::Differs, ..) => return None,
        (State::Missing, Some(_), _) => "gone: deleted on the cluster since it was applied",
        (State::Missing, None, Some(Since::Pending)) => "pending: not there yet",
        (State::Missing, None, _) => "missing",
        (State::Unwanted, ..) => "there, and a tombstone wants it gone",
        (State::NotOwned, Some(_), _) => "deleted and made again since it was applied",
        (State::NotOwned, None, _) => "pending: listed, and nobody owns it yet",
        (State::Theirs, ..) => "named here, and somebody else's",
        (State::Left, Some(Fate::Gone), _) => "gone, and no file lists it any more",
        (State::Left, Some(Fate::Recreated), _) => {
            "deleted and made again, and no file lists it any more"
        }
        (State::Left, None, _) if deletes => "pending: no file lists it any more, to be deleted",
        (State::Left, None, _) => "pending: no file lists it any more, to be released",
        (State::Record, ..) => "pending: right, and not recorded so",
        (State::OfInstance, Some(Fate::Recreated), _) => {
            "of an instance: deleted and made again on the cluster"
        }
        (State::OfInstance, ..) => "of an instance: deleted on the cluster",
    })
}

fn add_held(sheet: &mut Sheet, plan: &Plan, drift: &Drift) {
    for held in &plan.held {
        let name = format!("= {}", escape(held.topic.as_str()));
        sheet.row(TOPIC, Cell::new(Paint::Held, name), None, Vec::new());
        sheet.text(DETAIL, Cell::new(Paint::Plain, held_words(held)));
        let differs = drift
            .held
            .iter()
            .find(|drifted| *drifted.topic == held.topic);
        if let Some(drifted) = differs {
            let state = state(drifted).map(|state| Cell::new(Paint::Plain, state));
            state
                .into_iter()
                .for_each(|state| sheet.text(DETAIL, state));
            add_differences(sheet, drifted);
        }
    }
}

fn add_differences(sheet: &mut Sheet, topic: &Drifted) {
    let (held, not_held): (Vec<&Difference>, Vec<&Difference>) = topic
        .differences
        .iter()
        .partition(|d| d.kind != Kind::NotHeld);
    for difference in held {
        add_difference(sheet, difference, topic.applied.is_some());
    }
    for (since, what) in [
        (Since::Pending, "right, but not set on the topic itself yet"),
        (Since::Drift, "right, but not set on the topic itself"),
    ] {
        let own = not_held
            .iter()
            .filter(|d| d.since.is_drift() == since.is_drift());
        let keys: Vec<String> = own.map(|d| label(&d.subject)).collect();
        if !keys.is_empty() {
            let line = format!("{what}: {}", keys.join(", "));
            sheet.text(DETAIL, Cell::new(Paint::Faint, line));
        }
    }
}

fn add_difference(sheet: &mut Sheet, difference: &Difference, recorded: bool) {
    let shown = |value: Option<&str>| match (&difference.subject, value) {
        (Subject::Config(key), value) => value_or_unknown(key, value),
        (_, value) => value.unwrap_or("unknown").to_owned(),
    };
    let live = Cell::new(Paint::Plain, shown(difference.live.as_deref()));
    let says = match difference.kind {
        Kind::Undeclared => "no file sets it".to_owned(),
        Kind::Value | Kind::NotHeld => {
            format!("the files say {}", shown(difference.wanted.as_deref()))
        }
    };
    let says = match difference.declared_at {
        Some(place) => format!("{says}, {}", escape(&place.file_line())),
        None => says,
    };
    let applied = match &difference.applied {
        Some(applied) => format!("{} was applied", shown(Some(applied))),
        None => "it was not set".to_owned(),
    };
    let says = match difference.since {
        _ if !recorded => says,
        Since::Drift => format!("drift: {says}"),
        Since::Pending => format!("pending: {says}"),
        Since::Both => format!("drift and pending: {applied}, {says}"),
    };
    let label = Cell::new(Paint::Plain, label(&difference.subject));
    let says = Cell::new(Paint::Faint, says);
    sheet.row(DETAIL, label, Some(live), vec![says]);
}

/// `topics/playback.toml:3`, as a remark.
fn at(place: Option<&Place>) -> Vec<Cell> {
    let cell = |place: &Place| Cell::new(Paint::Faint, escape(&place.file_line()));
    place.map(cell).into_iter().collect()
}
