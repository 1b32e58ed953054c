//! What an environment file can say.

use toml::de::DeTable;

use super::config_table::{self, Leaf};
use super::document::Document;
use super::field::{Field, FieldDoc, Given, Read, Value, fields, read_table};
use super::pattern::{GlobList, Pattern};
use super::problems::Problems;
use super::reader::{Reader, Scalar};
use super::settings::Defaults;
use super::suggest::shown;
use super::values::{Count, Entries, Large, List, OneOrMany, PartitionCount, ReplicaCount};
use super::variables::{self, Template, Variables};
use super::words::{CautionCode, Unlisted};
use crate::model::client_property::{self, ClientProperty};
use crate::model::{Finding, Place, RiskCode, Source};

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
    /// `[cluster]`
    struct ClusterTable as "[cluster]" {
        /// host:port of one or more brokers to begin with, as a list or separated by commas.
        bootstrap_servers: OneOrMany<ClusterText>,
        /// The cluster's id: any other cluster is refused.
        id: ClusterText,
        /// librdkafka's client properties.
        client: ClientTable,
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
    /// `[rules]`
    struct RulesTable as "[rules]" {
        /// A regular expression that every name matches whole.
        name: Pattern,
        /// Keys that every topic has: "owner", "description", "labels", "traffic", config keys.
        require: List<String>,
        /// How many partitions a topic may have.
        partitions: Bound<PartitionCount>,
        /// How many replicas a partition may have.
        replication_factor: Bound<ReplicaCount>,
        /// How many in-sync replicas an acks=all write may need.
        min_insync_replicas: Bound<Text>,
        /// What configs may be set to.
        config: RuleConfigs,
        /// How many partitions all topics may have together.
        max_total_partitions: Large,
        /// Globs over topics that the rules pass over.
        except: GlobList,
        /// Globs over config keys that are legal here besides Kafka 4.3's.
        allow_configs: GlobList,
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

/// What a rule allows.
#[derive(Debug)]
pub(super) struct Bound<T> {
    pub(super) min: Field<T>,
    pub(super) max: Field<T>,
    pub(super) one_of: Field<List<T>>,
}

impl<T: Read> Read for Bound<T> {
    fn expected() -> String {
        "a table such as { min = …, max = …, one_of = […] }".to_owned()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if !value.get_ref().is_table() {
            return reader.wrong(value, &Self::expected());
        }
        read_bound(reader.table(value)?, reader)
    }
}

fn bound_fields() -> Vec<FieldDoc> {
    let field = |name, doc| FieldDoc { name, doc };
    vec![
        field("min", "The least that is allowed."),
        field("max", "The most that is allowed."),
        field(
            "one_of",
            "What is allowed, each element of a list by itself.",
        ),
    ]
}

fn read_bound<T: Read>(table: &DeTable<'_>, reader: &mut Reader<'_>) -> Option<Bound<T>> {
    let mut bound = Bound {
        min: Field::Absent,
        max: Field::Absent,
        one_of: Field::Absent,
    };
    for (key, value) in table {
        match &**key.get_ref() {
            "min" => bound.min = Field::read("min", value, reader),
            "max" => bound.max = Field::read("max", value, reader),
            "one_of" => bound.one_of = Field::read("one_of", value, reader),
            _ => reader.unknown_key("a rule", key, bound_fields),
        }
    }
    Some(bound)
}

/// Any scalar, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text(pub(super) String);

impl Read for Text {
    fn expected() -> String {
        "a value".to_owned()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let scalar = reader.scalar(value, &Self::expected())?;
        Some(Self(scalar.text().into_owned()))
    }
}

/// `config` of `[rules]`: a rule for each config key.
#[derive(Debug, Default)]
pub(super) struct RuleConfigs(pub(super) Vec<RuleConfig>);

/// The rule for one config key.
#[derive(Debug)]
pub(super) struct RuleConfig {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) bound: Bound<Text>,
}

impl Read for RuleConfigs {
    fn expected() -> String {
        "a table of rules by config key".to_owned()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.table(value)?;
        let mut leaves = Vec::new();
        let is_rule =
            |table: &DeTable<'_>| table.iter().any(|(_, value)| !value.get_ref().is_table());
        config_table::flatten(table, reader, &mut leaves, &is_rule);
        let mut rules = Vec::new();
        for leaf in leaves {
            rules.extend(read_rule(leaf, reader));
        }
        Some(Self(rules))
    }
}

fn read_rule(leaf: Leaf<'_, '_>, reader: &mut Reader<'_>) -> Option<RuleConfig> {
    let Some(table) = leaf.value.get_ref().as_table() else {
        return bare_rule(&leaf.key, leaf.value, reader);
    };
    // config.retention.ms = "90d" looks like a rule for `retention`.
    for (key, value) in table {
        let longer = format!("{}.{}", leaf.key, key.get_ref());
        if crate::model::config::spec(&longer).is_some() && !value.get_ref().is_table() {
            return bare_rule(&longer, value, reader);
        }
    }
    Some(RuleConfig {
        bound: read_bound(table, reader)?,
        key: leaf.key,
        place: leaf.place,
    })
}

fn bare_rule(key: &str, value: &Value<'_>, reader: &mut Reader<'_>) -> Option<RuleConfig> {
    let message = format!(
        "the rule for {} takes {}",
        shown(key),
        Bound::<Text>::expected()
    );
    reader.add(Finding::error(
        "wrong-type",
        reader.place(value.span()),
        message,
    ));
    None
}

/// A text of `[cluster]`, variables and all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ClusterText(pub(super) Template);

impl Read for ClusterText {
    fn expected() -> String {
        "a string".to_owned()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let Scalar::Text(text) = reader.scalar(value, &Self::expected())? else {
            return reader.wrong(value, &Self::expected());
        };
        let template = cluster_template(&text, value, reader)?;
        if template.files().next().is_some() {
            let place = reader.place(value.span());
            let message = "a secret's file cannot be read here";
            reader.add(
                Finding::error("variable", place, message)
                    .help("${file:NAME} works in [cluster.client] only"),
            );
            return None;
        }
        Some(Self(template))
    }
}

fn cluster_template(text: &str, value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Template> {
    let place = reader.place(value.span());
    let none = Variables::default();
    let variables = reader.variables.unwrap_or(&none);
    match variables::cluster_template(text, variables, &place) {
        Ok(template) => Some(template),
        Err(finding) => {
            reader.add(*finding);
            None
        }
    }
}

/// `[cluster.client]`
#[derive(Debug, Default)]
pub(super) struct ClientTable(pub(super) Vec<ClientEntry>);

/// One client property.
#[derive(Debug, Clone)]
pub(super) struct ClientEntry {
    pub(super) property: &'static ClientProperty,
    pub(super) value: Given<Template>,
}

impl Read for ClientTable {
    fn expected() -> String {
        "a table of librdkafka's properties".to_owned()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.table(value)?;
        let mut leaves = Vec::new();
        config_table::flatten(table, reader, &mut leaves, &|_| false);
        let mut entries: Vec<ClientEntry> = Vec::new();
        for leaf in leaves {
            let Some(entry) = read_property(&leaf, reader) else {
                continue;
            };
            if let Some(first) = entries
                .iter()
                .find(|e| e.property.name == entry.property.name)
            {
                let message = format!("{} stands here twice", shown(&leaf.key));
                let finding = Finding::error("config-twice", leaf.place, message)
                    .related(first.value.place.clone(), "set here too");
                reader.add(finding);
                continue;
            }
            entries.push(entry);
        }
        Some(Self(entries))
    }
}

fn read_property(leaf: &Leaf<'_, '_>, reader: &mut Reader<'_>) -> Option<ClientEntry> {
    let Some(property) = client_property::find(&leaf.key) else {
        let message = format!(
            "{} is no client property that may be set here",
            shown(&leaf.key)
        );
        let mut finding = Finding::error("client-property", leaf.place.clone(), message);
        if reader.problems.wants_help() {
            finding.help = Some(client_property::advice(&leaf.key));
        }
        reader.add(finding);
        return None;
    };
    let outer = std::mem::replace(&mut reader.key, property.name);
    let scalar = reader.scalar(leaf.value, &property.expected());
    reader.key = outer;
    let text = scalar?.text().into_owned();
    let template = cluster_template(&text, leaf.value, reader)?;
    let place = reader.place(leaf.value.span());
    if let Some(text) = template.fixed()
        && let Err(problem) = property.check(text)
    {
        let message = format!("`{}` {problem}", property.name);
        reader.add(Finding::error("client-property", place, message));
        return None;
    }
    Some(ClientEntry {
        property,
        value: Given {
            value: template,
            place,
        },
    })
}

/// Reads an environment file. `None` if it is not TOML, which has been reported.
pub(super) fn read(
    source: &Source,
    variables: &Variables,
    problems: &mut Problems,
) -> Option<EnvironmentFile> {
    let document = Document::parse(source, problems)?;
    let mut reader = Reader::new(source, problems);
    reader.variables = Some(variables);
    Some(read_table(document.table(), &mut reader))
}
