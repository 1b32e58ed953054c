//! What is said of a topic in a few words, on its own and beside others.

use crate::desired::{FromVariable, LayerValue, SettingStack, Written};
use crate::live::{ConfigSource, Owned};
use crate::model::text::escape;
use crate::model::{ConfigKey, Place, Setting};
use crate::plan::{self};
use crate::render::Paint;
use crate::render::columns::Cell;
use crate::render::plan::last_applied;
use crate::render::values;
use crate::view::show::{Listing, LiveValue, OwnedBy, TopicView};

/// `in sync`; where no cluster was read, what the files make of it.
pub(super) fn state(view: &TopicView) -> Cell {
    if let Some(state) = view.state {
        return Cell::new(state.paint(), state.words());
    }
    let (paint, words) = match &view.listing {
        Listing::Listed(_) => (Paint::Plain, "listed"),
        Listing::Removal(_) => (Paint::Removed, "to be removed"),
        Listing::Elsewhere(_) if view.found.is_none() => (Paint::Faint, "not here"),
        _ => match (&view.found, &view.hidden) {
            (Some(_), _) => (Paint::Info, "not listed"),
            (None, Some(_)) => (Paint::Info, "not seen"),
            (None, None) => (Paint::Faint, "not here"),
        },
    };
    Cell::new(paint, words)
}

/// `retention.ms`, `replication factor`
pub(super) fn setting(setting: &Setting) -> String {
    match setting {
        Setting::Config(key) => escape(key.as_str()).into_owned(),
        Setting::ReplicationFactor => "replication factor".to_owned(),
        Setting::OnRemove => "on remove".to_owned(),
        other => other.to_string(),
    }
}

/// A value of a setting, with human units.
pub(super) fn value(setting: &Setting, raw: &str) -> String {
    match setting {
        Setting::Config(key) => values::value(key, raw),
        _ => escape(raw).into_owned(),
    }
}

/// What is live: the value, and who gives it.
pub(super) fn live(key: Option<&ConfigKey>, live: &LiveValue) -> String {
    let value = match key {
        Some(key) => values::value(key, &live.value),
        None => escape(&live.value).into_owned(),
    };
    match live.source {
        Some(source) => format!("{value}, {}", from(source)),
        None => value,
    }
}

/// Who gives a value.
pub(super) fn from(source: ConfigSource) -> &'static str {
    match source {
        ConfigSource::Topic => "set on the topic",
        other => values::source(other),
    }
}

/// The value of a layer, with human units.
pub(super) fn layer_value(setting: &Setting, declared: &LayerValue) -> String {
    match &declared.value {
        Some(raw) => value(setting, raw),
        None => "\"default\"".to_owned(),
    }
}

/// The layers of a setting, the strongest first: where its value is declared, and what that goes
/// before.
pub(super) fn layers(stack: &SettingStack) -> Vec<String> {
    let mut values = stack.values.iter().rev();
    let top = values.next().map(declared_in);
    let over = values.map(|under| {
        let value = layer_value(&stack.setting, under);
        format!("over {value}, {}", declared_in(under))
    });
    top.into_iter().chain(over).collect()
}

/// `profile events, topics/a.toml:3; ${KAFKA_TOPIC_PARTITIONS} is set`
fn declared_in(declared: &LayerValue) -> String {
    let LayerValue {
        value: _,
        layer,
        place,
        variables,
    } = declared;
    let mut text = format!("{}, {}", escape(&layer.to_string()), at(place));
    for FromVariable { name, is_set } in variables {
        let how = match is_set {
            true => "is set",
            false => "is not set",
        };
        text.push_str(&format!("; {} {how}", escape(name)));
    }
    text
}

/// `topics/a.toml:3`
pub(super) fn at(place: &Place) -> String {
    escape(&place.file_line()).into_owned()
}

/// Where something is written, or that no file says it.
pub(super) fn written_at(written: &Written) -> String {
    match &written.place {
        Some(place) => at(place),
        None => "the built-in default".to_owned(),
    }
}

/// Whose it is, in a sentence.
pub(super) fn owned_by(by: &OwnedBy) -> String {
    match by {
        OwnedBy::Nobody => "unowned".to_owned(),
        OwnedBy::Us => "owned (this scope and environment)".to_owned(),
        OwnedBy::Remade(None) => "unowned: recreated since last apply".to_owned(),
        OwnedBy::Remade(Some(whose)) => {
            let whose = plan::owner(whose);
            let text = format!("unowned: an earlier topic of this name was owned by {whose}");
            escape(&text).into_owned()
        }
        OwnedBy::Others(whose) => format!("owned by {}", escape(&plan::owner(whose))),
        OwnedBy::Instance(instance) => format!("owned by the {}", escape(instance)),
    }
}

/// `last applied 2026-11-20T20:34:56Z, commit 4f2a…, by ann@ci`
pub(super) fn applied(record: &Owned) -> Option<String> {
    last_applied(record).map(|words| escape(&words).into_owned())
}
