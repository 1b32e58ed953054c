//! One topic in several environments, a column each.

use std::collections::{BTreeMap, BTreeSet};

use super::words;
use crate::live::TopicDetail;
use crate::model::Setting;
use crate::model::text::{count, escape, grouped};
use crate::render::columns::{Cell, print_table};
use crate::render::values;
use crate::render::{Paint, Style};
use crate::view::show::{Comparison, SettingView, TopicView};

/// Beside the name of what is not the same in every environment.
const DIFFERS: &str = "≠ ";
const SAME: &str = "  ";

/// What there is nothing to say of.
const NOTHING: &str = "-";

/// A table with a column for each environment. What is not the same in all of them is marked.
pub fn beside(views: &[TopicView], style: Style) -> String {
    let Some(first) = views.first() else {
        return String::new();
    };
    let title = format!("{SAME}{}", escape(first.topic.as_str()));
    let heads = views
        .iter()
        .map(|view| escape(&view.environment).into_owned());
    let head = std::iter::once(title).chain(heads);
    let head = head.map(|title| Cell::new(Paint::Strong, title)).collect();
    let rows = rows(views);
    let rows = rows.into_iter().map(|(label, cells)| line(label, cells));
    let table: Vec<Vec<Cell>> = [head].into_iter().chain(rows).collect();
    print_table(&table, style)
}

fn line(label: String, cells: Vec<String>) -> Vec<Cell> {
    let same = cells.windows(2).all(|pair| pair[0] == pair[1]);
    let (mark, paint) = match same {
        true => (SAME, Paint::Plain),
        false => (DIFFERS, Paint::Changed),
    };
    let label = Cell::new(paint, format!("{mark}{label}"));
    let cells = cells.into_iter().map(|cell| Cell::new(paint, cell));
    std::iter::once(label).chain(cells).collect()
}

type Row = (String, Vec<String>);

fn rows(views: &[TopicView]) -> Vec<Row> {
    let row = |label: &str, cell: &dyn Fn(&TopicView) -> Option<String>| {
        let cell = |view| cell(view).unwrap_or_else(|| NOTHING.to_owned());
        (label.to_owned(), views.iter().map(cell).collect::<Vec<_>>())
    };
    let mut rows = vec![row("state", &|view| Some(words::state(view).into_text()))];
    rows.extend(facts(views));
    rows.extend(settings(views));
    rows.extend(undeclared(views));
    let looked = [
        row("under-replicated", &|view| {
            let partitions = &view.topic_detail.as_ref()?.partitions;
            let under = partitions.iter().filter(|p| p.is_under_replicated());
            Some(under.count().to_string())
        }),
        row("without a leader", &|view| {
            let partitions = &view.topic_detail.as_ref()?.partitions;
            let none = partitions.iter().filter(|p| p.leader.is_none());
            Some(none.count().to_string())
        }),
        row("consumer groups", &|view| {
            Some(groups(view.topic_detail.as_ref()?))
        }),
        row("messages up to", &|view| {
            Some(number(view.topic_detail.as_ref()?.messages()))
        }),
        row("ownership", &|view| {
            Some(words::owned_by(&view.ownership.as_ref()?.by))
        }),
        row("applied", &|view| {
            let record = view.ownership.as_ref()?.record.as_ref()?;
            words::applied(record)
        }),
    ];
    let says_something = |(_, cells): &Row| cells.iter().any(|cell| cell != NOTHING);
    rows.extend(looked.into_iter().filter(says_something));
    rows
}

fn number(number: Option<u64>) -> String {
    let shown = number.and_then(|number| usize::try_from(number).ok());
    shown.map_or_else(|| "?".to_owned(), grouped)
}

/// `2 groups, lag 1,234`
fn groups(topic_detail: &TopicDetail) -> String {
    let lag = topic_detail
        .groups
        .iter()
        .filter_map(|g| topic_detail.total_lag(g));
    let lag = lag.reduce(u64::saturating_add);
    match (
        topic_detail.groups.len(),
        topic_detail.unseen_groups.is_empty(),
    ) {
        (0, true) => "none".to_owned(),
        (0, false) => "not seen".to_owned(),
        (some, _) => format!("{}, lag {}", count(some, "group"), number(lag)),
    }
}

/// A row for each of these keys, in their order.
fn by_key<K: Ord>(
    views: &[TopicView],
    entries: impl Fn(&TopicView) -> Vec<(K, String)>,
    label: impl Fn(&K) -> String,
) -> Vec<Row> {
    let columns: Vec<BTreeMap<K, String>> = views
        .iter()
        .map(|view| entries(view).into_iter().collect())
        .collect();
    let keys: BTreeSet<&K> = columns.iter().flat_map(BTreeMap::keys).collect();
    let row = |key: &K| {
        let cell = |column: &BTreeMap<K, String>| column.get(key).cloned();
        let cells = columns
            .iter()
            .map(|c| cell(c).unwrap_or_else(|| NOTHING.to_owned()));
        (label(key), cells.collect())
    };
    keys.into_iter().map(row).collect()
}

fn facts(views: &[TopicView]) -> Vec<Row> {
    let facts = |view: &TopicView| {
        let facts = view.facts.iter();
        let fact = facts.map(|fact| (fact.key.clone(), escape(&fact.value).into_owned()));
        fact.collect()
    };
    by_key(views, facts, |key| escape(key).into_owned())
}

fn settings(views: &[TopicView]) -> Vec<Row> {
    let settings = |view: &TopicView| {
        let settings = view.settings.iter();
        let cell = settings.map(|setting| (setting.stack.setting.clone(), cell(setting)));
        cell.collect()
    };
    by_key(views, settings, words::setting)
}

/// What the files say, and what is live where that is something else.
fn cell(view: &SettingView) -> String {
    let wanted = match &view.value {
        Some(value) => words::value(&view.stack.setting, value),
        None => "\"default\"".to_owned(),
    };
    let key = match &view.stack.setting {
        Setting::Config(key) => Some(key),
        _ => None,
    };
    match (&view.live, view.against) {
        (Some(live), Some(Comparison::Differs | Comparison::Unmanaged)) => {
            let live = match key {
                Some(key) => values::value(key, &live.value),
                None => escape(&live.value).into_owned(),
            };
            format!("{wanted}, live {live}")
        }
        (None, Some(Comparison::Differs)) => format!("{wanted}, live unknown"),
        _ => wanted,
    }
}

fn undeclared(views: &[TopicView]) -> Vec<Row> {
    let undeclared = |view: &TopicView| {
        let undeclared = view.undeclared.iter();
        let value = undeclared.map(|own| {
            let value = values::value(&own.key, &own.value);
            (own.key.clone(), format!("live {value}"))
        });
        value.collect()
    };
    by_key(views, undeclared, |key| {
        format!("{} (not declared)", escape(key.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_the_same_everywhere_is_marked() {
        let marks = |cells: &[&str]| {
            let cells = cells.iter().map(|cell| (*cell).to_owned()).collect();
            line("x".to_owned(), cells).remove(0).into_text()
        };
        assert_eq!(marks(&["3"]), "  x");
        assert_eq!(marks(&["3", "3", "3"]), "  x");
        assert_eq!(marks(&["3", "3", "4"]), "≠ x");
    }
}
