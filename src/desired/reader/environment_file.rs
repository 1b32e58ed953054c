//! The contents of an environment file.

use serde_json::Value as Json;

use super::cluster_table::ClusterTable;
use super::field::{Read, fields, read_table};
use super::file::Reader;
use super::pattern::GlobList;
use super::rules_table::RulesTable;
use super::settings::Defaults;
use super::values::{Count, Entries, List};
use super::variables::Variables;
use super::words::{CautionCode, Unlisted};
use crate::desired::files::document;
use crate::desired::problems::Problems;
use crate::desired::schema::definitions::Schemas;
use crate::model::{Globs, RiskCode, SourceText};

fields! {
    /// A file in `environments/`.
    struct EnvironmentFile as "an environment file" {
        /// What the environment is.
        description: String,
        /// The environment file that this one completes, without `.toml`.
        extends: String,
        /// true: no environment itself, only something to extend.
        is_abstract = "abstract": bool,
        /// The names besides its own that env.NAME and environments = [..] may use.
        groups: List<String>,
        /// The cluster and how to reach it.
        cluster: ClusterTable,
        /// The lowest layer for every topic here.
        defaults: Defaults,
        /// What is never read and never reported.
        ignore: IgnoreTable,
        /// What `validate` and `plan` check.
        rules: RulesTable,
        /// What an apply may not do unasked.
        guards: GuardsTable,
        /// Where ownership is recorded.
        inventory: InventoryTable,
        /// What each scope may list or tombstone on this cluster.
        scopes: Entries<ScopeTable>,
    }
}

fields! {
    /// `[ignore]`
    struct IgnoreTable as "[ignore]" {
        /// Globs over topics that are never read and never reported.
        topics: GlobList,
        /// Globs over undeclared config keys that are neither reported nor reset.
        configs: GlobList,
    }
}

fields! {
    /// `[guards]`
    struct GuardsTable as "[guards]" {
        /// How many topics one apply may delete, release or change destructively.
        max_destructive: Count,
        /// Caution codes that need --allow here too.
        gate: List<CautionCode>,
        /// Codes that this environment never asks about.
        allow: List<RiskCode>,
        /// "fail": unlisted topics make `plan` and `drift` exit non-zero; else "report".
        unlisted: Unlisted,
    }
}

fields! {
    /// `[inventory]`
    struct InventoryTable as "[inventory]" {
        /// Whether ownership is recorded at all.
        enabled: bool,
        /// The topic that holds the records.
        topic: String,
        /// Whose topics these are.
        scope: String,
    }
}

fields! {
    /// `[scopes.NAME]`
    struct ScopeTable as "a scope" {
        /// Globs over the topics that this scope may list or tombstone.
        topics: GlobList,
    }
}

/// Reads an environment file. `None` if it is not TOML, which has been reported.
pub(crate) fn read(
    source: &SourceText,
    variables: &Variables,
    problems: &mut Problems,
) -> Option<EnvironmentFile> {
    let table = document::parse(source, problems)?;
    let mut reader = Reader::new(source, problems);
    reader.variables = Some(variables);
    Some(read_table(&table, &mut reader))
}

/// Returns the JSON Schema of an environment file. `allowed`: config keys that any environment
/// allows in addition to Kafka's.
pub fn schema(allowed: &[Globs]) -> Json {
    let description = "A file in environments/: one cluster, how to reach it, its defaults, its rules, its guards.";
    let mut schemas = Schemas::new(allowed);
    let top = EnvironmentFile::schema(&mut schemas);
    schemas.finish("topicsmith environment file", description, top)
}
