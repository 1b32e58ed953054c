//! The catalogue as a page of Markdown, for a wiki or a repository. It is a page and no comment: all
//! of it is there, however long.

use super::words::environments;
use crate::model::text::count;
use crate::render::markdown::{code, code_of, prose};
use crate::render::values;
use crate::view::catalog::{Catalog, CatalogEntry, ClusterState, TopicStatus};

/// The page: a table of all topics, then the settings of each.
pub fn markdown(catalog: &Catalog) -> String {
    let mut out = format!("# Topics of {}\n\n", prose(&environments(catalog)));
    for part in &catalog.environments {
        let environment = &part.desired.environment;
        let description = environment.description.as_deref().map(prose);
        let look = match &part.look {
            ClusterState::Seen(..) => None,
            ClusterState::NotAsked => Some("its cluster was not read".to_owned()),
            ClusterState::Failed(why) => {
                Some(format!("its cluster could not be read: {}", prose(why)))
            }
        };
        let said: Vec<String> = description.into_iter().chain(look).collect();
        if !said.is_empty() {
            out.push_str(&format!(
                "- {}: {}\n",
                prose(&environment.name),
                said.join("; ")
            ));
        }
    }
    out.push_str(&format!("\n{}\n\n", count(catalog.listed.len(), "topic")));
    overview(&mut out, catalog, &catalog.listed);
    for entry in &catalog.listed {
        topic(&mut out, catalog, entry);
    }
    for (title, entries) in [
        ("Topics of lifecycles, which come and go", &catalog.passing),
        ("On the clusters, in no file", &catalog.others),
    ] {
        if !entries.is_empty() {
            out.push_str(&format!("\n## {title}\n\n"));
            overview(&mut out, catalog, entries);
        }
    }
    out
}

fn row(out: &mut String, cells: impl IntoIterator<Item = String>) {
    let cells: Vec<String> = cells
        .into_iter()
        .map(|cell| cell.replace('|', "\\|"))
        .collect();
    out.push_str(&format!("| {} |\n", cells.join(" | ")));
}

fn head(out: &mut String, first: &[&str], catalog: &Catalog) {
    let names = catalog.environments.iter();
    let names: Vec<String> = names
        .map(|part| prose(&part.desired.environment.name))
        .collect();
    let columns = first.len() + names.len();
    row(
        out,
        first.iter().map(|title| (*title).to_owned()).chain(names),
    );
    out.push_str(&format!("|{}\n", " --- |".repeat(columns)));
}

fn overview(out: &mut String, catalog: &Catalog, entries: &[CatalogEntry]) {
    head(out, &["Topic", "Owner", "What"], catalog);
    for entry in entries {
        let text = |text: &Option<String>| text.as_deref().map_or_else(String::new, prose);
        let states = entry.places.iter();
        let states = states.map(|status| status.as_ref().map_or("", TopicStatus::words).to_owned());
        let name = code_of(entry.topic.as_str(), 249);
        let own = [name, text(&entry.owner), text(&entry.description)];
        row(out, own.into_iter().chain(states));
    }
}

fn topic(out: &mut String, catalog: &Catalog, entry: &CatalogEntry) {
    out.push_str(&format!("\n## {}\n\n", code_of(entry.topic.as_str(), 249)));
    let description = entry.description.as_deref().map(prose);
    let owner = entry
        .owner
        .as_deref()
        .map(|owner| format!("Owner: {}", prose(owner)));
    let labels = entry
        .labels
        .iter()
        .map(|(name, value)| code(&format!("{name} = {value}")));
    let labels: Vec<String> = labels.collect();
    let labels = (!labels.is_empty()).then(|| format!("Labels: {}", labels.join(", ")));
    for line in [description, owner, labels].into_iter().flatten() {
        out.push_str(&format!("{line}\n\n"));
    }
    head(out, &["Setting"], catalog);
    for setting in entry.settings() {
        let cells = entry.places.iter().map(|status| {
            let values = status.as_ref().and_then(|status| status.setting(setting));
            let Some(values) = values else {
                return String::new();
            };
            let wanted = values.wanted.as_deref().map(|raw| code(&values.shown(raw)));
            let live = values.live.as_deref();
            let live = live.map(|raw| format!("live {}", code(&values.shown(raw))));
            wanted
                .into_iter()
                .chain(live)
                .collect::<Vec<_>>()
                .join(", ")
        });
        row(
            out,
            std::iter::once(code(&values::label(setting))).chain(cells),
        );
    }
}
