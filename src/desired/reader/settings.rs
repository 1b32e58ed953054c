//! The settings of all layers: `[defaults]`, a profile, a topic, and their `env.NAME`.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::config_table::{ConfigEntry, ConfigTable};
use super::config_value::{ConfigValue, read_value};
use super::field::{Field, Given, Read, fields, read_table};
use super::file::{Key, Reader, Value};
use super::values::{List, PartitionCount, ReplicaCount};
use crate::desired::Unmanaged;
use crate::desired::schema::config;
use crate::desired::schema::definitions::Schemas;
use crate::desired::suggest::{self, shown};
use crate::model::OnRemove;
use crate::model::config::MIN_ISR;
use crate::model::config::{SPECS, spec};
use crate::model::{ConfigKey, Finding, Place};

fields! {
    /// One layer's settings.
    struct Settings as "settings for one environment" {
        /// How many partitions the topic has.
        partitions: PartitionCount,
        /// How many replicas each partition has.
        replication_factor: ReplicaCount,
        /// How many in-sync replicas an acks=all write needs: the same key as config.min.insync.replicas.
        min_insync_replicas: MinIsr,
        /// Kafka's topic configs, by Kafka's own keys.
        config: ConfigTable,
        /// What happens once the entry leaves the files: "retain" or "delete".
        on_remove: OnRemove,
        /// What is left to others, neither compared nor touched: "partitions", "replication_factor", "config.KEY".
        unmanaged: UnmanagedList,
    }
    with {
        fn read_unknown(&mut self, key: &Key<'_>, value: &Value<'_>, reader: &mut Reader<'_>) -> bool {
            misplaced_config(key, value, reader)
        }

        fn finish(&mut self, reader: &mut Reader<'_>) {
            self.join_min_isr(reader);
        }
    }
}

impl Settings {
    /// Returns the configs of this layer, including `min_insync_replicas`.
    pub(crate) fn configs(&self) -> &[ConfigEntry] {
        self.config.value().map_or(&[], |config| &config.0)
    }

    /// Converts `min_insync_replicas` to the config for which it is an alias.
    pub(crate) fn join_min_isr(&mut self, reader: &mut Reader<'_>) {
        let (value, place) = match std::mem::take(&mut self.min_insync_replicas) {
            Field::Absent => return,
            Field::Bad => return self.insert_min_isr(ConfigValue::Bad, None),
            Field::Given(given) => (given.value.0, given.place),
        };
        let twin = self
            .configs()
            .iter()
            .find(|entry| entry.key.as_str() == MIN_ISR);
        if let Some(twin) = twin {
            let message = "`min_insync_replicas` and `config.min.insync.replicas` are the same key";
            let finding = Finding::error("config-twice", place, message)
                .related(twin.key_place.clone(), "set here too")
                .help("keep one of them");
            reader.add(finding);
            return;
        }
        self.insert_min_isr(value, Some(place));
    }

    fn insert_min_isr(&mut self, value: ConfigValue, place: Option<Place>) {
        let place = place.unwrap_or_else(|| Place::whole(""));
        let entry = ConfigEntry {
            key: ConfigKey::new(MIN_ISR),
            key_place: place.clone(),
            value,
            place: place.clone(),
        };
        match &mut self.config {
            Field::Given(config) => config.value.0.push(entry),
            Field::Bad => {}
            Field::Absent => {
                let value = ConfigTable(vec![entry]);
                self.config = Field::Given(Box::new(Given { value, place }));
            }
        }
    }
}

/// The value of `min_insync_replicas`.
#[derive(Debug, Clone)]
pub(crate) struct MinIsr(ConfigValue);

/// Returns the schema of the config for which it is an alias.
fn min_isr(schemas: &mut Schemas) -> Json {
    spec(MIN_ISR).map_or(Json::Null, |spec| config::value(spec, schemas))
}

impl Read for MinIsr {
    fn expected() -> String {
        "a whole number".to_owned()
    }

    fn schema(schemas: &mut Schemas) -> Json {
        min_isr(schemas)
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match read_value(&MIN_ISR.into(), value, reader) {
            ConfigValue::Bad => None,
            read => Some(Self(read)),
        }
    }
}

/// `unmanaged`
#[derive(Debug, Clone, Default)]
pub(crate) struct UnmanagedList {
    pub(crate) what: Unmanaged,
    /// Config keys that Kafka 4.3 does not have: valid if the environment allows them.
    pub(crate) unknown: Vec<(ConfigKey, Place)>,
}

impl Read for UnmanagedList {
    fn expected() -> String {
        "a list of \"partitions\", \"replication_factor\" and \"config.KEY\"".to_owned()
    }

    fn schema(schemas: &mut Schemas) -> Json {
        config::unmanaged(schemas)
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if !value.get_ref().is_array() {
            return reader.wrong(value, &Self::expected());
        }
        let mut read = Self::default();
        let mut configs = BTreeSet::new();
        for item in List::<String>::read(value, reader)?.0 {
            match item.value.as_str() {
                "partitions" => read.what.partitions = true,
                "replication_factor" => read.what.replication_factor = true,
                "min_insync_replicas" => {
                    configs.insert(ConfigKey::new(MIN_ISR));
                }
                other => match other.strip_prefix("config.") {
                    Some(key) => {
                        let key = ConfigKey::new(key);
                        if key.spec().is_none() {
                            read.unknown.push((key.clone(), item.place));
                        }
                        configs.insert(key);
                    }
                    None => {
                        report_unmanaged(other, item.place, reader);
                        return None;
                    }
                },
            }
        }
        read.what.config = configs;
        Some(read)
    }
}

fn report_unmanaged(word: &str, place: Place, reader: &mut Reader<'_>) {
    let message = format!("{} cannot be left unmanaged", shown(word));
    let mut finding = Finding::error("unknown-word", place, message);
    finding.help = match SPECS.iter().any(|spec| spec.name == word) {
        true => Some(format!("did you mean `config.{word}`?")),
        false => suggest::help(
            word,
            "what can be",
            [
                "partitions",
                "replication_factor",
                "min_insync_replicas",
                "config.KEY",
            ],
        ),
    };
    reader.add(finding);
}

/// Reports a topic config outside of `config` with a specific message: `retention.ms = "7d"`.
pub(crate) fn misplaced_config(key: &Key<'_>, value: &Value<'_>, reader: &mut Reader<'_>) -> bool {
    let mut dotted = key.get_ref().replace('_', ".");
    let mut end = key.span().end;
    let mut inner = value.get_ref();
    while let Some(table) = inner.as_table().filter(|table| table.len() == 1)
        && let Some((key, value)) = table.iter().next()
        && dotted.len() < 100
    {
        dotted = format!("{dotted}.{}", key.get_ref());
        end = key.span().end;
        inner = value.get_ref();
    }
    if !SPECS.iter().any(|spec| spec.name == dotted) {
        return false;
    }
    let span = key.span().start..end.max(key.span().end);
    let message = format!(
        "{} is a topic config, and those stand under `config`",
        shown(&dotted)
    );
    let finding = Finding::error("unknown-key", reader.place(span), message)
        .help(format!("write `config.{dotted} = …`"));
    reader.add(finding);
    true
}

fields! {
    /// `[profiles.NAME]`
    struct Profile as "a profile" {
        /// The settings for one environment or group of environments.
        env: super::values::Entries<Settings>,
        ..settings: Settings,
    }
    with {
        fn read_unknown(&mut self, key: &Key<'_>, value: &Value<'_>, reader: &mut Reader<'_>) -> bool {
            misplaced_config(key, value, reader)
        }

        fn finish(&mut self, reader: &mut Reader<'_>) {
            self.settings.join_min_isr(reader);
        }
    }
}

fields! {
    /// `[defaults]` of an environment file: variables work here.
    struct DefaultFields as "[defaults]" {
        /// false: a value that equals the broker's default need not be set on the topic.
        pin: bool,
        ..settings: Settings,
    }
    with {
        fn read_unknown(&mut self, key: &Key<'_>, value: &Value<'_>, reader: &mut Reader<'_>) -> bool {
            misplaced_config(key, value, reader)
        }

        fn finish(&mut self, reader: &mut Reader<'_>) {
            self.settings.join_min_isr(reader);
        }
    }
}

/// `[defaults]` with resolved variables.
#[derive(Debug, Default)]
pub(crate) struct Defaults(pub(crate) DefaultFields);

impl Read for Defaults {
    fn expected() -> String {
        DefaultFields::expected()
    }

    fn schema(schemas: &mut Schemas) -> Json {
        let outer = std::mem::replace(&mut schemas.variables, true);
        let schema = DefaultFields::schema(schemas);
        schemas.variables = outer;
        schema
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.table(value)?;
        let outer = std::mem::replace(&mut reader.expands, true);
        let read = read_table(table, reader);
        reader.expands = outer;
        Some(Self(read))
    }
}
