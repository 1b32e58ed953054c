//! What the files of an environment say: the chain that they extend, the defaults, rules and guards.

use std::sync::Arc;

use super::SettingTrace;
use super::written::{self, Written};
use crate::desired::Environment;
use crate::desired::environments::Chain;
use crate::model::{Place, Sources};

/// What is said of an environment, and where.
#[derive(Debug, Clone, Default)]
pub struct EnvironmentTrace {
    /// Its files: its own, and those that it extends, one after the other.
    pub files: Vec<Arc<str>>,
    /// `[defaults]`: everything that its files say of each setting.
    pub defaults: Vec<SettingTrace>,
    /// `[rules]`
    pub rules: Vec<Written>,
    /// `[guards]`, with what counts where no file says.
    pub guards: Vec<Written>,
    /// `[ignore]`
    pub ignore: Vec<Written>,
    /// `[inventory]`, with what counts where no file says.
    pub inventory: Vec<Written>,
    /// `[scopes]`
    pub scopes: Vec<Written>,
}

pub(super) fn trace(
    chain: &Chain<'_>,
    environment: &Environment,
    defaults: Vec<SettingTrace>,
    sources: &Sources,
) -> EnvironmentTrace {
    let table = |name: &str| nearest(chain, sources, name);
    let guards = [
        (
            "max_destructive",
            environment.guards.max_destructive.value.to_string(),
        ),
        ("unlisted", "\"report\"".to_owned()),
    ];
    let inventory = [
        ("enabled", environment.inventory.enabled.to_string()),
        (
            "topic",
            format!("{:?}", environment.inventory.topic.as_str()),
        ),
    ];
    EnvironmentTrace {
        files: chain
            .files
            .iter()
            .map(|(source, _)| source.file.clone())
            .collect(),
        defaults,
        rules: table("rules"),
        guards: completed(table("guards"), &guards),
        ignore: table("ignore"),
        inventory: completed(table("inventory"), &inventory),
        scopes: table("scopes"),
    }
}

/// What the files say in a table: the nearest file for each key.
fn nearest(chain: &Chain<'_>, sources: &Sources, name: &str) -> Vec<Written> {
    let mut all: Vec<Written> = Vec::new();
    for (file, _) in &chain.files {
        let Some(source) = sources.get(&file.file) else {
            continue;
        };
        for written in written::table(source, name) {
            if !all.iter().any(|nearer| nearer.key == written.key) {
                all.push(written);
            }
        }
    }
    all
}

/// With what counts for keys that no file has.
fn completed(mut all: Vec<Written>, otherwise: &[(&str, String)]) -> Vec<Written> {
    for (key, value) in otherwise {
        if !all.iter().any(|written| written.key == *key) {
            all.push(Written {
                key: (*key).to_owned(),
                value: value.clone(),
                place: None::<Place>,
            });
        }
    }
    all
}
