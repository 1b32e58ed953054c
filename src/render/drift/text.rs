//! Drift as a person reads it.

use crate::model::Place;
use crate::model::text::{escape, names};
use crate::plan::Plan;
use crate::plan::drift::{Drift, DriftState, Drifted};
use crate::render::columns::{Cell, Sheet};
use crate::render::plan::{field_values, header, held_words, last_applied, theirs_words};
use crate::render::values::label;
use crate::render::{Paint, Style};

use super::summary;
use super::words::{self, state};

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
        sheet.text(TOPIC, Cell::new(Paint::Info, line));
    }
    if let Some(line) = theirs_words(&plan.theirs) {
        sheet.text(TOPIC, Cell::new(Paint::Info, format!("? {line}")));
    }
    for note in &plan.notes {
        let line = format!("note: {}", escape(note));
        sheet.text(TOPIC, Cell::new(Paint::Info, line));
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
        DriftState::Missing => ('+', Paint::Added),
        DriftState::Differs | DriftState::OfInstance => ('~', Paint::Changed),
        DriftState::Unwanted => ('-', Paint::Removed),
        DriftState::NotOwned | DriftState::Left | DriftState::Record => ('*', Paint::Info),
        DriftState::ForeignTopic => ('!', Paint::Held),
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
    for change in &topic.record {
        let label = Cell::new(Paint::Plain, label(&change.setting));
        let values = Cell::new(Paint::Plain, field_values(change));
        let pending = Cell::new(Paint::Faint, "pending: to be recorded");
        sheet.row(DETAIL, label, Some(values), vec![pending]);
    }
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
    for line in words::differences(topic) {
        let label = Cell::new(Paint::Plain, escape(&line.label));
        let live = Cell::new(Paint::Plain, escape(&line.live));
        let says = match line.place {
            Some(place) => format!("{}, {}", line.says, place.file_line()),
            None => line.says,
        };
        let says = Cell::new(Paint::Faint, escape(&says));
        sheet.row(DETAIL, label, Some(live), vec![says]);
    }
    for line in words::not_held(topic) {
        sheet.text(DETAIL, Cell::new(Paint::Faint, escape(&line)));
    }
}

/// `topics/playback.toml:3`, as a remark.
fn at(place: Option<&Place>) -> Vec<Cell> {
    let cell = |place: &Place| Cell::new(Paint::Faint, escape(&place.file_line()));
    place.map(cell).into_iter().collect()
}
