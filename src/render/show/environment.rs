//! One environment in full: which files make it, what counts in it, and where each of that stands.

use super::words;
use crate::desired::{Desired, Explained, LoadedEnvironment, Written};
use crate::model::text::{count, escape};
use crate::render::columns::{Cell, Sheet};
use crate::render::{Paint, Style};

const INDENT: usize = 2;

/// What is declared besides `[defaults]`, by table.
pub(super) fn sections(loaded: &LoadedEnvironment) -> [(&'static str, Vec<Written>); 6] {
    let Explained {
        files: _,
        defaults: _,
        rules,
        guards,
        ignore,
        inventory,
        scopes,
        topic: _,
    } = &loaded.explained;
    [
        ("cluster", loaded.connection.written()),
        ("rules", rules.clone()),
        ("guards", guards.clone()),
        ("ignore", ignore.clone()),
        ("inventory", inventory.clone()),
        ("scopes", scopes.clone()),
    ]
}

/// The environment for people.
pub fn environment_text(loaded: &LoadedEnvironment, style: Style) -> String {
    let desired = &loaded.desired;
    let environment = &desired.environment;
    let mut header = escape(&environment.name).into_owned();
    if let Some(description) = &environment.description {
        header.push_str(&format!(" · {}", escape(description)));
    }
    let mut sheet = Sheet::default();
    let plain = |text: String| Cell::new(Paint::Plain, text);
    let files: Vec<String> = loaded
        .explained
        .files
        .iter()
        .map(|f| escape(f).into_owned())
        .collect();
    sheet.row(
        INDENT,
        plain("files".to_owned()),
        Some(plain(files.join(" extends "))),
        Vec::new(),
    );
    if !environment.groups.is_empty() {
        let groups: Vec<String> = environment
            .groups
            .iter()
            .map(|g| escape(g).into_owned())
            .collect();
        let groups = plain(groups.join(", "));
        sheet.row(INDENT, plain("groups".to_owned()), Some(groups), Vec::new());
    }
    let topics = plain(counted(desired));
    sheet.row(INDENT, plain("topics".to_owned()), Some(topics), Vec::new());
    add_section(&mut sheet, "defaults", defaults(&loaded.explained));
    for (name, entries) in sections(loaded) {
        let entries = entries.iter().map(|entry| {
            let at = vec![words::written_at(entry)];
            (
                escape(&entry.key).into_owned(),
                escape(&entry.value).into_owned(),
                at,
            )
        });
        add_section(&mut sheet, name, entries.collect());
    }
    format!(
        "{}\n\n{}",
        style.paint(Paint::Strong, &header),
        sheet.print(style)
    )
}

/// `17 topics, 62 partitions; 1 removal; 1 lifecycle`
fn counted(desired: &Desired) -> String {
    let partitions = desired
        .topics
        .values()
        .map(|topic| topic.partitions.value as usize);
    let topics = count(desired.topics.len(), "topic");
    let mut parts = vec![format!(
        "{topics}, {}",
        count(partitions.sum(), "partition")
    )];
    for (number, what) in [
        (desired.removed.len(), "removal"),
        (desired.lifecycles.len(), "lifecycle"),
    ] {
        parts.extend((number > 0).then(|| count(number, what)));
    }
    parts.join("; ")
}

type EnvironmentRow = (String, String, Vec<String>);

/// `[defaults]`: each setting, and what its value goes before.
fn defaults(explained: &Explained) -> Vec<EnvironmentRow> {
    let defaults = explained.defaults.iter().filter_map(|stack| {
        let value = words::layer_value(&stack.setting, stack.values.last()?);
        Some((words::setting(&stack.setting), value, words::layers(stack)))
    });
    defaults.collect()
}

fn add_section(sheet: &mut Sheet, name: &str, entries: Vec<EnvironmentRow>) {
    if entries.is_empty() {
        return;
    }
    sheet.blank();
    sheet.text(0, Cell::new(Paint::Strong, format!("[{name}]")));
    for (key, value, remarks) in entries {
        let remarks = remarks.into_iter().map(|r| Cell::new(Paint::Faint, r));
        let label = Cell::new(Paint::Plain, key);
        let value = Cell::new(Paint::Plain, value);
        sheet.row(INDENT, label, Some(value), remarks.collect());
    }
}
