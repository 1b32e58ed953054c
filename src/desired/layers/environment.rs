//! The settings of an environment file outside of its layers: merged with the files that it
//! extends, and checked.

use std::collections::BTreeMap;

use crate::desired::declarations::environments::Chain;
use crate::desired::problems::Problems;
use crate::desired::reader::field::Given;
use crate::desired::reader::pattern::GlobList;
use crate::desired::reader::words::Unlisted;
use crate::desired::suggest::{self, shown};
use crate::desired::{ClusterId, Environment, Guards, Inventory, Scope};
use crate::model::{Finding, Globs, Layer, Place, Sourced, TopicName};

/// The default maximum of destructive changes per apply.
const MAX_DESTRUCTIVE: u32 = 10;

/// The default inventory topic.
const INVENTORY: &str = "_topicsmith";

/// Builds the environment. The cluster id is an argument, because it may need variables.
pub(in crate::desired) fn build(
    chain: &Chain<'_>,
    groups: Vec<String>,
    cluster_id: Option<Sourced<ClusterId>>,
    problems: &mut Problems,
) -> Environment {
    let ignore_topics = chain.pick(|file| Some(&file.ignore.value()?.topics));
    let ignore_configs = chain.pick(|file| Some(&file.ignore.value()?.configs));
    let pin = chain.pick(|file| Some(&file.defaults.value()?.0.pin));
    let inventory = inventory(chain, problems);
    let scopes = scopes(chain);
    check_scope(chain, &scopes, problems);
    Environment {
        name: chain.name.clone(),
        description: chain.own().1.description.value().cloned(),
        groups,
        cluster_id,
        ignore_topics: globs(ignore_topics),
        ignore_configs: globs(ignore_configs),
        pin: pin.is_none_or(|given| given.value),
        guards: guards(chain),
        inventory,
        scopes,
    }
}

fn globs(given: Option<&Given<GlobList>>) -> Globs {
    given
        .map(|given| given.value.globs.clone())
        .unwrap_or_default()
}

fn guards(chain: &Chain<'_>) -> Guards {
    let layer = Layer::Defaults(chain.name.clone());
    let most = chain.pick(|file| Some(&file.guards.value()?.max_destructive));
    let gate = chain.pick(|file| Some(&file.guards.value()?.gate));
    let allow = chain.pick(|file| Some(&file.guards.value()?.allow));
    let unlisted = chain.pick(|file| Some(&file.guards.value()?.unlisted));
    Guards {
        max_destructive: match most {
            Some(given) => Sourced {
                value: given.value.0,
                place: given.place.clone(),
                layer,
            },
            None => Sourced {
                value: MAX_DESTRUCTIVE,
                place: Place::whole(chain.own().0.file.clone()),
                layer,
            },
        },
        gate: gate
            .map_or(&[][..], |list| &list.value.0)
            .iter()
            .map(|code| code.value.0)
            .collect(),
        allow: allow
            .map_or(&[][..], |list| &list.value.0)
            .iter()
            .map(|code| code.value)
            .collect(),
        fail_on_unlisted: unlisted.is_some_and(|given| given.value == Unlisted::Fail),
    }
}

fn inventory(chain: &Chain<'_>, problems: &mut Problems) -> Inventory {
    let enabled = chain.pick(|file| Some(&file.inventory.value()?.enabled));
    let topic = chain.pick(|file| Some(&file.inventory.value()?.topic));
    let scope = chain.pick(|file| Some(&file.inventory.value()?.scope));
    let name = topic.map_or(INVENTORY, |given| given.value.as_str());
    let name = TopicName::from(name);
    if let (Some(given), Some(problem)) = (topic, name.problem()) {
        problems.add(Finding::error(
            "topic-name",
            given.place.clone(),
            problem.to_string(),
        ));
    }
    if let Some(given) = scope
        && given.value.trim().is_empty()
    {
        let finding = Finding::error("empty", given.place.clone(), "a scope needs a name");
        problems.add(finding);
    }
    Inventory {
        enabled: enabled.is_none_or(|given| given.value),
        topic: name,
        scope: scope.map(|given| given.value.clone()),
    }
}

/// Returns `[scopes.NAME]` of all files, the nearest of each name.
fn scopes(chain: &Chain<'_>) -> BTreeMap<String, Scope> {
    let mut scopes = BTreeMap::new();
    for (_, content) in chain.files.iter().rev() {
        for entry in content.scopes.value().map_or(&[][..], |scopes| &scopes.0) {
            let Some(table) = &entry.value else {
                continue;
            };
            let scope = Scope {
                declared_at: entry.place.clone(),
                topics: table
                    .topics
                    .value()
                    .map(|list| list.globs.clone())
                    .unwrap_or_default(),
            };
            scopes.insert(entry.name.to_string(), scope);
        }
    }
    scopes
}

/// Reports a scope that is not in `[scopes]`: it is probably misspelt, and would have no limits.
fn check_scope(chain: &Chain<'_>, scopes: &BTreeMap<String, Scope>, problems: &mut Problems) {
    let scope = chain.pick(|file| Some(&file.inventory.value()?.scope));
    if let Some(given) = scope
        && !scopes.is_empty()
        && !scopes.contains_key(&given.value)
    {
        let message = format!("there is no scope {} in [scopes]", shown(&given.value));
        let mut finding = Finding::error("unknown-scope", given.place.clone(), message);
        finding.help = suggest::help(&given.value, "scopes", scopes.keys().map(String::as_str));
        problems.add(finding);
    }
}
