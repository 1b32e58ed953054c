//! `[rules]` as written.

use serde_json::{Value as Json, json};
use toml::de::DeTable;

use super::config_table::{self, Leaf};
use super::field::{Field, Read, fields};
use super::file::{Reader, Value};
use super::pattern::{GlobList, Pattern};
use super::unknown_key::unknown_key;
use super::values::{Large, List, PartitionCount, ReplicaCount};
use crate::desired::schema::config;
use crate::desired::schema::definitions::Schemas;
use crate::desired::schema::fields::{FieldDoc, table_schema};
use crate::desired::suggest::shown;
use crate::model::{Finding, Place};

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

/// The limits of a rule.
#[derive(Debug)]
pub(crate) struct Bound<T> {
    pub(crate) min: Field<T>,
    pub(crate) max: Field<T>,
    pub(crate) one_of: Field<List<T>>,
}

impl<T: Read> Read for Bound<T> {
    fn expected() -> String {
        "a table such as { min = …, max = …, one_of = […] }".to_owned()
    }

    fn schema(schemas: &mut Schemas) -> Json {
        table_schema(&bound_fields::<T>(), schemas)
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if !value.get_ref().is_table() {
            return reader.wrong(value, &Self::expected());
        }
        read_bound(reader.table(value)?, reader)
    }
}

fn bound_fields<T: Read>() -> Vec<FieldDoc> {
    let field = |name, doc, schema| FieldDoc { name, doc, schema };
    vec![
        field(
            "min",
            "The least that is allowed.",
            T::schema as fn(&mut Schemas) -> Json,
        ),
        field("max", "The most that is allowed.", T::schema),
        field(
            "one_of",
            "What is allowed, each element of a list by itself.",
            List::<T>::schema,
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
            _ => unknown_key("a rule", key, bound_fields::<T>, reader),
        }
    }
    Some(bound)
}

/// Any scalar, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(pub(crate) String);

impl Read for Text {
    fn expected() -> String {
        "a value".to_owned()
    }

    fn schema(_: &mut Schemas) -> Json {
        json!({"type": ["string", "integer", "number", "boolean"]})
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let scalar = reader.scalar(value, Self::expected)?;
        Some(Self(scalar.text().into_owned()))
    }
}

/// `config` of `[rules]`: a rule for each config key.
#[derive(Debug, Default)]
pub(crate) struct RuleConfigs(pub(crate) Vec<RuleConfig>);

/// The rule for one config key.
#[derive(Debug)]
pub(crate) struct RuleConfig {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) bound: Bound<Text>,
}

impl Read for RuleConfigs {
    fn expected() -> String {
        "a table of rules by config key".to_owned()
    }

    fn schema(schemas: &mut Schemas) -> Json {
        config::rules(Bound::<Text>::schema, schemas)
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
    // `config.retention.ms = "90d"` looks like a rule for `retention`.
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
