//! Unknown keys, and suggestions for them.

use super::file::{Key, Reader};
use crate::desired::schema::fields::FieldDoc;
use crate::desired::suggest::{self, shown};
use crate::model::Finding;
use crate::model::config::SPECS;

/// Reports an unknown key of a table.
pub(crate) fn unknown_key(
    what: &str,
    key: &Key<'_>,
    known: impl FnOnce() -> Vec<FieldDoc>,
    reader: &mut Reader<'_>,
) {
    let message = format!("unknown key {} in {what}", shown(key.get_ref()));
    let mut finding = Finding::error("unknown-key", reader.place(key.span()), message);
    if reader.problems.wants_help() {
        finding.help = suggest_field(key.get_ref(), &known());
    }
    reader.add(finding);
}

/// Suggests the closest field with its description, or lists all fields.
fn suggest_field(key: &str, known: &[FieldDoc]) -> Option<String> {
    let names = known.iter().map(|field| field.name);
    let has_settings = names.clone().any(|name| name == "config");
    if let Some(help) = known_elsewhere(key).filter(|_| has_settings) {
        return Some(help.to_owned());
    }
    let near = suggest::closest(key, names.clone());
    if let Some(field) = known.iter().find(|field| Some(field.name) == near) {
        let doc = field.doc.trim_end_matches('.');
        return Some(format!("did you mean `{}`? {doc}", field.name));
    }
    match likely_config(key).filter(|_| has_settings) {
        Some(likely) => Some(format!("topic configs stand under `config`: {likely}")),
        None => suggest::help(key, "known keys", names),
    }
}

/// Suggests a setting for a key that exists elsewhere or in other tools.
fn known_elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "replicas" | "replication" | "replicationFactor" => "did you mean `replication_factor`?",
        "num_partitions" | "partition_count" | "numPartitions" => "did you mean `partitions`?",
        "configs" | "configuration" | "settings" => "did you mean `config`?",
        "min_isr" | "minInsyncReplicas" => "did you mean `min_insync_replicas`?",
        "pin" => "this belongs to [defaults] of an environment",
        "owner" | "description" | "labels" | "traffic" | "lifecycle" | "for_each" | "profile"
        | "environments" => "only allowed in [topics.NAME]",
        _ => return None,
    })
}

/// Suggests a config: a close spelling, the broker's name of it, or a longer key with this prefix.
pub(crate) fn likely_config(key: &str) -> Option<String> {
    let dotted = key.replace('_', ".");
    let names = || SPECS.iter().map(|spec| spec.name);
    if let Some(spec) = SPECS
        .iter()
        .find(|s| s.broker_synonyms.iter().any(|(name, _)| *name == key))
    {
        return Some(format!(
            "that is the broker's setting; a topic's is `{}`",
            spec.name
        ));
    }
    if let Some(name) = names().find(|name| *name == dotted) {
        return Some(format!("did you mean `{name}`?"));
    }
    let longer: Vec<&str> = names()
        .filter(|name| {
            name.strip_prefix(&dotted)
                .is_some_and(|rest| rest.starts_with('.'))
        })
        .collect();
    if !longer.is_empty() {
        let longer: Vec<String> = longer.iter().map(|name| format!("`{name}`")).collect();
        return Some(format!("did you mean {}?", longer.join(" or ")));
    }
    suggest::closest(key, names()).map(|name| format!("did you mean `{name}`?"))
}
