//! `[cluster]` as written: servers and client properties, with unresolved variables.

use serde_json::Value as Json;

use super::config_table::{self, Leaf};
use super::field::{Given, Read, fields};
use super::file::{Reader, Scalar, Value};
use super::values::OneOrMany;
use super::variables::{self, Template, Variables};
use crate::desired::schema::definitions::Schemas;
use crate::desired::schema::kinds::client_properties;
use crate::desired::suggest::shown;
use crate::model::Finding;
use crate::model::client_property::{self, ClientProperty};
use crate::model::schema::string;

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

/// A text of `[cluster]`, with unresolved variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterText(pub(crate) Template);

impl Read for ClusterText {
    fn expected() -> String {
        "a string".to_owned()
    }

    fn schema(_: &mut Schemas) -> Json {
        string()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let Scalar::Text(text) = reader.scalar(value, Self::expected)? else {
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
pub(crate) struct ClientTable(pub(crate) Vec<ClientEntry>);

/// A client property.
#[derive(Debug, Clone)]
pub(crate) struct ClientEntry {
    pub(crate) property: &'static ClientProperty,
    pub(crate) value: Given<Template>,
}

impl Read for ClientTable {
    fn expected() -> String {
        "a table of librdkafka's properties".to_owned()
    }

    fn schema(schemas: &mut Schemas) -> Json {
        client_properties(schemas)
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
    let scalar = reader.scalar(leaf.value, || property.expected());
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
