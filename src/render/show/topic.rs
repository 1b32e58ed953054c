//! One topic for people: settings, partitions, groups, what it holds, whose it is.

use super::{look, words};
use crate::model::text::escape;
use crate::model::time::utc;
use crate::model::{ConfigKey, Setting};
use crate::render::columns::{Cell, Sheet};
use crate::render::values;
use crate::render::{Paint, Style};
use crate::view::show::{
    Comparison, Listing, OwnershipView, SettingView, TopicView, Undeclared, UndeclaredEffect,
};

const INDENT: usize = 2;

/// Everything that is known of a topic in one environment. `all_lag`: the lag of every partition,
/// however many there are.
pub fn text(view: &TopicView, all_lag: bool, style: Style) -> String {
    let mut out = style.paint(Paint::Strong, &header(view));
    out.push('\n');
    let mut section = |title: &str, body: String| {
        if !body.is_empty() {
            out.push('\n');
            out.push_str(&style.paint(Paint::Strong, title));
            out.push('\n');
            out.push_str(&body);
        }
    };
    section("Status", standing(view).print(style));
    section("Files", facts(view).print(style));
    section("Settings", settings(view).print(style));
    section(
        "Set on the topic, declared nowhere",
        undeclared(view).print(style),
    );
    if let Some(topic_detail) = &view.topic_detail {
        section("Partitions", look::partitions(view, topic_detail, style));
        section(
            "Consumer groups",
            look::groups(topic_detail, all_lag, style),
        );
        section("Data", look::held(view, topic_detail).print(style));
    }
    if let Some(ownership) = &view.ownership {
        section("Ownership", owned(ownership).print(style));
    }
    out
}

/// `prod · orders · cluster 4L6g… · Kafka 4.3`
fn header(view: &TopicView) -> String {
    let mut parts = vec![
        escape(&view.environment).into_owned(),
        escape(view.topic.as_str()).into_owned(),
    ];
    match &view.cluster {
        None => parts.push("no cluster was read".to_owned()),
        Some(cluster) => {
            let id = cluster.id.as_ref();
            parts.extend(id.map(|id| format!("cluster {}", escape(id))));
            let version = cluster.kafka_version.as_ref();
            parts.extend(version.map(|version| format!("Kafka {}", escape(version))));
        }
    }
    parts.join(" · ")
}

fn plain(text: impl Into<String>) -> Cell {
    Cell::new(Paint::Plain, text)
}

fn faint(text: impl Into<String>) -> Cell {
    Cell::new(Paint::Faint, text)
}

fn standing(view: &TopicView) -> Sheet {
    let mut sheet = Sheet::default();
    let place = match &view.listing {
        Listing::Listed(place) => Some(words::at(place)),
        Listing::Removal(place) => Some(format!("removal {}", words::at(place))),
        Listing::Elsewhere(place) => Some(format!(
            "listed for other environments, {}",
            words::at(place)
        )),
        Listing::No if view.found.is_some() => Some("no file names it".to_owned()),
        Listing::No => None,
    };
    let place = place.into_iter().map(faint).collect();
    sheet.row(INDENT, plain("state"), Some(words::state(view)), place);
    if let Some(why) = &view.hidden {
        let line = format!("what it is like cannot be seen: {}", escape(why));
        sheet.text(INDENT, Cell::new(Paint::Info, line));
    }
    for blocked in &view.blocked {
        let line = format!("blocked: {}: {}", blocked.code, escape(&blocked.message));
        sheet.text(INDENT, Cell::new(Paint::Held, line));
        let help = format!("→ {}", escape(&blocked.help));
        sheet.text(INDENT, Cell::new(Paint::Info, help));
    }
    if let Some(found) = view.found.as_ref().filter(|_| view.settings.is_empty()) {
        let partitions = found.partitions.to_string();
        sheet.row(
            INDENT,
            plain("partitions"),
            Some(plain(partitions)),
            Vec::new(),
        );
        let factor = found.replication_factor.to_string();
        let label = plain("replication factor");
        sheet.row(INDENT, label, Some(plain(factor)), Vec::new());
    }
    if let Some(id) = view.found.as_ref().and_then(|found| found.id.as_ref()) {
        let id = plain(escape(id));
        sheet.row(INDENT, plain("topic id"), Some(id), Vec::new());
    }
    sheet
}

fn facts(view: &TopicView) -> Sheet {
    let mut sheet = Sheet::default();
    for fact in &view.facts {
        let at = vec![faint(words::written_at(fact))];
        let value = plain(escape(&fact.value));
        sheet.row(INDENT, plain(escape(&fact.key)), Some(value), at);
    }
    sheet
}

fn settings(view: &TopicView) -> Sheet {
    let mut sheet = Sheet::default();
    for setting in &view.settings {
        let value = match &setting.value {
            Some(value) => plain(words::value(&setting.stack.setting, value)),
            None => faint("not declared after all"),
        };
        let label = plain(words::setting(&setting.stack.setting));
        sheet.row(INDENT, label, Some(value), remarks(setting));
    }
    sheet
}

/// Who says a value, what it goes before, and what is live.
fn remarks(view: &SettingView) -> Vec<Cell> {
    let mut remarks = Vec::new();
    let layers = words::layers(&view.stack);
    match layers.is_empty() {
        true => remarks.push(faint("no layer sets another value")),
        false => remarks.extend(layers.into_iter().map(faint)),
    }
    remarks.extend(live(view));
    remarks
}

fn live(view: &SettingView) -> Option<Cell> {
    let key: Option<&ConfigKey> = match &view.stack.setting {
        Setting::Config(key) => Some(key),
        _ => None,
    };
    let live = view.live.as_ref();
    let value = || live.map_or_else(|| "unknown".to_owned(), |live| words::live(key, live));
    let source = || live.and_then(|live| live.source).map(words::from);
    let same = || match source() {
        Some(source) => format!("live: the same, {source}"),
        None => "live: the same".to_owned(),
    };
    Some(match view.against {
        Some(Comparison::Same) => faint(same()),
        Some(Comparison::NotHeld) => {
            let text = format!("{}: not set on the topic", same());
            Cell::new(Paint::Changed, text)
        }
        Some(Comparison::Differs) => {
            Cell::new(Paint::Changed, format!("live: {}: differs", value()))
        }
        Some(Comparison::Unmanaged) => faint(format!("live: {}: left to others", value())),
        None => faint(format!("live: {}", words::live(key, live?))),
    })
}

fn undeclared(view: &TopicView) -> Sheet {
    let mut sheet = Sheet::default();
    for Undeclared {
        key,
        value,
        behind,
        effect,
    } in &view.undeclared
    {
        let (paint, effect) = match effect {
            UndeclaredEffect::Reset => {
                let to = match behind {
                    Some(behind) => words::live(Some(key), behind),
                    None => "a default that is not known".to_owned(),
                };
                (Paint::Changed, format!("an apply resets it to {to}"))
            }
            UndeclaredEffect::UnknownKey => {
                let text = "left alone: Kafka 4.3 does not know it".to_owned();
                (Paint::Info, text)
            }
            UndeclaredEffect::Ignored => (Paint::Faint, "ignored, [ignore] configs".to_owned()),
            UndeclaredEffect::Unmanaged => (Paint::Faint, "left to others, `unmanaged`".to_owned()),
            UndeclaredEffect::Throttle => {
                let text = "left alone: it throttles a replication".to_owned();
                (Paint::Faint, text)
            }
            UndeclaredEffect::NotListed => {
                let text = behind
                    .as_ref()
                    .map(|behind| format!("without it: {}", words::live(Some(key), behind)));
                (Paint::Faint, text.unwrap_or_default())
            }
        };
        let value = plain(values::value(key, value));
        let remarks = (!effect.is_empty()).then(|| Cell::new(paint, effect));
        let label = plain(escape(key.as_str()));
        sheet.row(INDENT, label, Some(value), remarks.into_iter().collect());
    }
    sheet
}

fn owned(ownership: &OwnershipView) -> Sheet {
    let OwnershipView { by, record, hold } = ownership;
    let mut sheet = Sheet::default();
    sheet.text(INDENT, plain(words::owned_by(by)));
    if let Some(record) = record {
        let applied = words::applied(record).into_iter().map(plain);
        applied.for_each(|applied| sheet.text(INDENT, applied));
        let at = record.declared_at.as_ref();
        let recorded = [
            at.map(|at| format!("listed at {}", escape(at))),
            record
                .on_remove
                .map(|on| format!("on_remove {}", on.as_str())),
        ];
        let recorded: Vec<String> = recorded.into_iter().flatten().collect();
        if !recorded.is_empty() {
            let line = format!("recorded: {}", recorded.join(", "));
            sheet.text(INDENT, faint(line));
        }
    }
    if let Some(hold) = hold {
        let by = hold.stamp.by.as_ref();
        let by = by.map_or_else(String::new, |by| format!(", by {}", escape(by)));
        let until = utc(hold.until_ms);
        let line = format!("held until {until}: {}{by}", escape(&hold.reason));
        sheet.text(INDENT, Cell::new(Paint::Held, line));
    }
    sheet
}
