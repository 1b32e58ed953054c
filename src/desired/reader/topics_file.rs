//! The contents of a topics file.

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::field::{Field, Read, Table, fields, read_table};
use super::file::{Key, Reader, Scalar, Value};
use super::pattern::Pattern;
use super::settings::{Profile, Settings, misplaced_config};
use super::values::{Duration, Entries, Entry, Large, List, OneOrMany, Size};
use crate::desired::files::document;
use crate::desired::problems::Problems;
use crate::desired::schema::definitions::Schemas;
use crate::desired::suggest::{self, shown};
use crate::model::{Finding, Globs, SourceText};

fields! {
    /// A file below `topics/`.
    struct TopicsFile as "a topics file" {
        /// What should exist, by name.
        topics: Entries<Box<TopicEntry>>,
        /// Settings that several topics share, by name.
        profiles: Entries<Profile>,
        /// Topics that should be gone, by name.
        removed: Entries<Removed>,
        /// Topics that come and go at run time, by the name of what they come and go with.
        lifecycles: Entries<LifecycleTable>,
    }
}

fields! {
    /// `[topics.NAME]`
    struct TopicEntry as "a topic" {
        /// What the topic is for.
        description: String,
        /// The team or person that owns the topic.
        owner: String,
        /// Free labels.
        labels: Entries<String>,
        /// The profile that it takes settings from, or several, applied left to right.
        profile: OneOrMany<String>,
        /// What it is expected to carry, for `capacity`.
        traffic: TrafficTable,
        /// The environments, or groups of them, where it exists; everywhere if it is left out.
        environments: List<String>,
        /// The values of each `{placeholder}` in the name: one topic for each combination.
        for_each: Entries<List<Item>>,
        /// The lifecycle that it belongs to, whose parameters are placeholders too.
        lifecycle: String,
        /// The settings for one environment or group of environments.
        env: Entries<Settings>,
        ..settings: Settings,
    }
    with {
        fn read_unknown(&mut self, key: &Key<'_>, value: &Value<'_>, reader: &mut Reader<'_>) -> bool {
            if misplaced_config(key, value, reader) {
                return true;
            }
            if !value.get_ref().is_table() {
                return false;
            }
            let known = Self::fields();
            if suggest::closest(key.get_ref(), known.iter().map(|field| field.name)).is_some() {
                return false;
            }
            report_unquoted(key, value, reader);
            // This entry is not a topic, so missing fields are not reported.
            self.environments = Field::Bad;
            true
        }

        fn finish(&mut self, reader: &mut Reader<'_>) {
            self.settings.join_min_isr(reader);
            self.check_traffic(reader);
        }
    }
}

/// An entry of a topics file with its name. Boxed, because it is a kilobyte in size.
pub(crate) type Listed = Entry<Box<TopicEntry>>;

impl TopicEntry {
    fn check_traffic(&mut self, reader: &mut Reader<'_>) {
        let Some(traffic) = self.traffic.given() else {
            return;
        };
        let table = &traffic.value;
        let missing = match (
            table.messages_per_day.is_absent(),
            table.average_size.is_absent(),
        ) {
            (true, _) => "messages_per_day",
            (_, true) => "average_size",
            _ => return,
        };
        let message = format!("`traffic` needs `{missing}`");
        let help = "traffic = { messages_per_day = 100_000, average_size = \"1KiB\" }";
        reader.add(Finding::error("missing", traffic.place.clone(), message).help(help));
        self.traffic = Field::Bad;
    }
}

/// Reports `[topics.orders.created]`: TOML parses the dots of an unquoted name as nested tables.
fn report_unquoted(key: &Key<'_>, value: &Value<'_>, reader: &mut Reader<'_>) {
    let mut name = format!("{}.{}", reader.entry, key.get_ref());
    let mut inner = value.get_ref();
    let fields = TopicEntry::fields();
    while let Some((key, value)) = inner
        .as_table()
        .filter(|t| t.len() == 1)
        .and_then(|t| t.iter().next())
        && value.get_ref().is_table()
        && !fields.iter().any(|field| field.name == key.get_ref())
        && name.len() < 300
    {
        name = format!("{name}.{}", key.get_ref());
        inner = value.get_ref();
    }
    let message = format!(
        "unknown key {} in a topic: TOML reads the dots of an unquoted name as nested tables",
        shown(key.get_ref())
    );
    let finding = Finding::error("unquoted-name", reader.place(key.span()), message).help(format!(
        "if the topic's name is {}, quote it: [topics.\"{name}\"]",
        shown(&name)
    ));
    reader.add(finding);
}

/// One value of a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item(pub(crate) String);

impl Read for Item {
    fn expected() -> String {
        "a string".to_owned()
    }

    fn schema(_: &mut Schemas) -> Json {
        json!({"type": ["string", "integer"]})
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::String(_) | DeValue::Integer(_) => {
                match reader.scalar(value, Self::expected)? {
                    Scalar::Float(_) | Scalar::Boolean(_) => reader.wrong(value, &Self::expected()),
                    scalar => Some(Self(scalar.text().into_owned())),
                }
            }
            _ => reader.wrong(value, &Self::expected()),
        }
    }
}

fields! {
    /// `traffic`
    struct TrafficTable as "`traffic`" {
        /// How many messages the topic takes in a day.
        messages_per_day: Large,
        /// How many bytes a message has.
        average_size: Size,
    }
}

fields! {
    /// `[removed.NAME]`
    struct Removed as "a removal" {
        /// Why the topic goes.
        reason: String,
        /// The environments, or groups of them, where it goes; everywhere if it is left out.
        environments: List<String>,
    }
}

fields! {
    /// `[lifecycles.NAME]`
    struct LifecycleTable as "a lifecycle" {
        /// The names in an instance's topics, each with the regular expression that a value matches whole.
        parameters: Entries<Pattern>,
        /// How long after its end an instance's topics are deleted.
        delete_after: Duration,
        /// The age at which an instance ends by itself.
        max_age: Duration,
    }
}

/// Reads a topics file. `None` if it is not TOML, which has been reported.
pub(crate) fn read(source: &SourceText, problems: &mut Problems) -> Option<TopicsFile> {
    let table = document::parse(source, problems)?;
    let mut reader = Reader::new(source, problems);
    Some(read_table(&table, &mut reader))
}

/// Returns the JSON Schema of a topics file. `allowed`: config keys that any environment allows in
/// addition to Kafka's.
pub fn schema(allowed: &[Globs]) -> Json {
    let description = "A file below topics/: the topics of all environments.";
    let mut schemas = Schemas::new(allowed);
    let top = TopicsFile::schema(&mut schemas);
    schemas.finish("topicsmith topics file", description, top)
}
