//! The catalogue as one page that needs nothing else: no other files, no network. Its policy lets a
//! browser use its own script and style, which it names by their SHA-256, and nothing else.

use super::words::environments;
use crate::model::text::{count, cut};
use crate::plan::state::TopicState;
use crate::render::markdown::html as safe;
use crate::render::values;
use crate::view::catalog::{Catalog, CatalogEntry, CatalogState, ClusterState, TopicStatus};

const STYLE: &str = concat!("\n", include_str!("page.css"));
const SCRIPT: &str = concat!("\n", include_str!("page.js"));

/// What a browser may use of the page: <https://www.w3.org/TR/CSP3/>. The hashes are checked by the
/// test `inert/the-policy-of-the-catalogue`, which says how they must read.
const POLICY: &str = "default-src 'none'; \
    script-src 'sha256-2szUhtM7EbaeC8H7CnlCJ3P9+0OgkMmLuKdi5mMgh3g='; \
    style-src 'sha256-4fVxyasi2Xq+KK5SoAwbfhFa1IR9vC0LTylPClEuHBM='; \
    base-uri 'none'; form-action 'none'";

/// The most of a text that is shown, in characters.
const LONGEST: usize = 1_000;

/// The page.
pub fn html(catalog: &Catalog) -> String {
    let title = format!("Kafka topics: {}", escape(&environments(catalog)));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n"
    );
    for part in &catalog.environments {
        let environment = &part.desired.environment;
        let description = environment.description.as_deref().map(escape);
        let look = match &part.look {
            ClusterState::Seen(live, _) => live
                .cluster_id
                .as_deref()
                .map(|id| format!("cluster {}", escape(id))),
            ClusterState::NotAsked => Some("its cluster was not read".to_owned()),
            ClusterState::Failed(why) => Some(format!(
                "<span class=\"bad\">its cluster could not be read: {}</span>",
                escape(why)
            )),
        };
        let said: Vec<String> = description.into_iter().chain(look).collect();
        out.push_str(&format!(
            "<p><strong>{}</strong> <span class=\"faint\">{}</span></p>\n",
            escape(&environment.name),
            said.join(" · ")
        ));
    }
    // Without scripts there is no box that does nothing.
    out.push_str(
        "<p class=\"filter\" hidden><label for=\"filter\">Filter</label> \
         <input id=\"filter\" type=\"search\" placeholder=\"name, owner, label, setting\"> \
         <output aria-live=\"polite\"></output></p>\n</header>\n<main>\n",
    );
    group(&mut out, catalog, &catalog.listed, "");
    for (entries, what) in [
        (&catalog.passing, " of lifecycles, which come and go"),
        (&catalog.others, " on the clusters, in no file"),
    ] {
        if !entries.is_empty() {
            group(&mut out, catalog, entries, what);
        }
    }
    out.push_str(&format!(
        "</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    ));
    out
}

fn escape(text: &str) -> String {
    safe(&cut(text, LONGEST))
}

fn group(out: &mut String, catalog: &Catalog, entries: &[CatalogEntry], what: &str) {
    let topics = count(entries.len(), "topic");
    out.push_str(&format!("<section>\n<h2>{topics}{what}</h2>\n"));
    entries
        .iter()
        .for_each(|entry| article(out, catalog, entry));
    out.push_str("</section>\n");
}

fn article(out: &mut String, catalog: &Catalog, entry: &CatalogEntry) {
    let name = escape(entry.topic.as_str());
    out.push_str(&format!(
        "<article id=\"{name}\" data-find=\"{}\">\n<h3><a href=\"#{name}\">{name}</a></h3>\n",
        escape(&found_by(catalog, entry))
    ));
    if let Some(description) = &entry.description {
        out.push_str(&format!("<p>{}</p>\n", escape(description)));
    }
    let owner = entry
        .owner
        .as_ref()
        .map(|owner| format!("Owner: {}", escape(owner)));
    let labels = entry.labels.iter();
    let labels = labels.map(|(name, value)| format!("{} = {}", escape(name), escape(value)));
    let said: Vec<String> = owner.into_iter().chain(labels).collect();
    if !said.is_empty() {
        out.push_str(&format!("<p class=\"faint\">{}</p>\n", said.join(" · ")));
    }
    out.push_str("<ul class=\"states\">\n");
    for (part, status) in catalog.environments.iter().zip(&entry.places) {
        if let Some(status) = status {
            out.push_str(&format!(
                "<li>{}: <span class=\"state {}\">{}</span></li>\n",
                escape(&part.desired.environment.name),
                class(status),
                status.words()
            ));
        }
    }
    out.push_str("</ul>\n");
    settings(out, catalog, entry);
    out.push_str("</article>\n");
}

/// What the filter looks through.
fn found_by(catalog: &Catalog, entry: &CatalogEntry) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut words = vec![
        entry.topic.to_string(),
        text(&entry.owner),
        text(&entry.description),
    ];
    words.extend(
        entry
            .labels
            .iter()
            .map(|(name, value)| format!("{name}={value}")),
    );
    for (part, status) in catalog.environments.iter().zip(&entry.places) {
        if let Some(status) = status {
            words.push(part.desired.environment.name.to_string());
            words.push(status.words().to_owned());
        }
    }
    let settings = entry.settings().into_iter();
    words.extend(settings.map(ToString::to_string));
    words.retain(|word| !word.is_empty());
    words.join(" ").to_lowercase()
}

fn class(status: &TopicStatus) -> &'static str {
    let CatalogState::Compared(state) = status.state else {
        return "faint";
    };
    match state {
        TopicState::InSync => "ok",
        _ if status.drifted == Some(true) => "bad",
        TopicState::Missing | TopicState::Removed if status.pending != Some(true) => "bad",
        TopicState::Differs
        | TopicState::Missing
        | TopicState::NotOwned
        | TopicState::Released
        | TopicState::Removed => "change",
        TopicState::NotSeen
        | TopicState::Unlisted
        | TopicState::OwnedElsewhere
        | TopicState::Held => "faint",
    }
}

fn settings(out: &mut String, catalog: &Catalog, entry: &CatalogEntry) {
    out.push_str("<details>\n<summary>Settings</summary>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Setting</th>");
    let here = || catalog.environments.iter().zip(&entry.places);
    let here = || here().filter_map(|(part, status)| Some((part, status.as_ref()?)));
    for (part, _) in here() {
        let name = escape(&part.desired.environment.name);
        out.push_str(&format!("<th scope=\"col\">{name}</th>"));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for setting in entry.settings() {
        out.push_str(&format!(
            "<tr><th scope=\"row\"><code>{}</code></th>",
            escape(&values::label(setting))
        ));
        for (_, status) in here() {
            let values = status.setting(setting);
            let shown =
                |raw: &String| values.map_or_else(String::new, |values| escape(&values.shown(raw)));
            let wanted = values.and_then(|values| values.wanted.as_ref()).map(shown);
            let live = values.and_then(|values| values.live.as_ref()).map(shown);
            let live = live.map(|live| match wanted {
                Some(_) => format!("<span class=\"change\">live: {live}</span>"),
                None => format!("live: {live}"),
            });
            let lines: Vec<String> = wanted.into_iter().chain(live).collect();
            out.push_str(&format!("<td>{}</td>", lines.join("<br>")));
        }
        out.push_str("</tr>\n");
    }
    let places = here().map(|(_, status)| {
        let place = status.declared_at.as_ref();
        place.map_or_else(
            || "no file".to_owned(),
            |place| format!("<code>{}</code>", escape(&place.file_line())),
        )
    });
    let places: String = places.map(|place| format!("<td>{place}</td>")).collect();
    out.push_str(&format!(
        "<tr><th scope=\"row\">listed in</th>{places}</tr>\n"
    ));
    out.push_str("</tbody>\n</table></div>\n</details>\n");
}
