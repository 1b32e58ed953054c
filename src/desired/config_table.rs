//! `config`: Kafka's own keys, dotted or quoted, with their values as Kafka holds them.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::field::{Key, Read, Value};
use super::reader::{Reader, Scalar};
use super::suggest::{self, shown};
use super::values::unit_help;
use crate::model::config::{SPECS, ValueProblem, spec};
use crate::model::units::UnitError;
use crate::model::{ConfigKey, ConfigSpec, Finding, Place};

/// What a table of configs says.
#[derive(Debug, Clone, Default)]
pub(super) struct ConfigTable(pub(super) Vec<ConfigEntry>);

/// One config.
#[derive(Debug, Clone)]
pub(super) struct ConfigEntry {
    pub(super) key: ConfigKey,
    /// Whether Kafka 4.3 has it.
    pub(super) is_known: bool,
    pub(super) key_place: Place,
    pub(super) value: ConfigValue,
    pub(super) place: Place,
}

/// What a config is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ConfigValue {
    /// This, as Kafka holds it.
    Set(Arc<str>),
    /// `"default"`: not declared after all, whatever a lower layer says.
    Default,
    /// Something wrong, which has been reported.
    Bad,
}

/// The key that `min_insync_replicas` is another spelling of.
pub(super) const MIN_ISR: &str = "min.insync.replicas";

/// How deep Kafka's keys go, and then some.
const DEEPEST: usize = 16;

impl Read for ConfigTable {
    fn expected() -> String {
        "a table of Kafka's topic configs".to_owned()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.table(value)?;
        let mut leaves = Vec::new();
        flatten(table, reader, &mut leaves, &|_| false);
        let mut entries: Vec<ConfigEntry> = leaves
            .into_iter()
            .map(|leaf| {
                let (value, place) = (read_value(&leaf.key, leaf.value, reader), leaf.value.span());
                ConfigEntry {
                    is_known: spec(&leaf.key).is_some(),
                    key: ConfigKey::new(leaf.key),
                    key_place: leaf.place,
                    value,
                    place: reader.place(place),
                }
            })
            .collect();
        entries.sort_by(|a, b| (&a.key, &a.place).cmp(&(&b.key, &b.place)));
        report_doubles(&mut entries, reader);
        Some(Self(entries))
    }
}

/// A value under its whole dotted key.
pub(super) struct Leaf<'v, 'i> {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) value: &'v Value<'i>,
}

/// The values of nested tables under their dotted keys. `stop` names tables that are values.
pub(super) fn flatten<'v, 'i>(
    table: &'v DeTable<'i>,
    reader: &mut Reader<'_>,
    leaves: &mut Vec<Leaf<'v, 'i>>,
    stop: &dyn Fn(&DeTable<'i>) -> bool,
) {
    let mut path = Vec::new();
    descend(table, &mut path, reader, leaves, stop);
}

fn descend<'v, 'i>(
    table: &'v DeTable<'i>,
    path: &mut Vec<&'v Key<'i>>,
    reader: &mut Reader<'_>,
    leaves: &mut Vec<Leaf<'v, 'i>>,
    stop: &dyn Fn(&DeTable<'i>) -> bool,
) {
    for (key, value) in table {
        path.push(key);
        match value.get_ref() {
            DeValue::Table(inner) if path.len() >= DEEPEST || inner.is_empty() => {
                let place = key_place(path, reader);
                let message = match inner.is_empty() {
                    true => format!("{} has no value", shown(joined(path))),
                    false => format!("{} is nested too deep", shown(joined(path))),
                };
                reader.add(Finding::error("unknown-config", place, message));
            }
            DeValue::Table(inner) if !stop(inner) => descend(inner, path, reader, leaves, stop),
            _ => leaves.push(Leaf {
                key: joined(path),
                place: key_place(path, reader),
                value,
            }),
        }
        path.pop();
    }
}

fn joined(path: &[&Key<'_>]) -> String {
    let parts: Vec<&str> = path.iter().map(|key| &**key.get_ref()).collect();
    parts.join(".")
}

/// Where a dotted key stands: all of it if it is written in one go, else its last part.
fn key_place(path: &[&Key<'_>], reader: &Reader<'_>) -> Place {
    let last = path.last().map(|key| key.span()).unwrap_or_default();
    let text = reader.source.text();
    let in_one_go = |start: usize| {
        let between = text.get(start..last.end);
        between
            .is_some_and(|between| between.len() < 300 && !between.contains(['\n', '=', '{', '[']))
    };
    let start = path
        .iter()
        .map(|key| key.span().start)
        .find(|start| in_one_go(*start));
    reader.place(start.unwrap_or(last.start)..last.end)
}

/// One key in two spellings, `config."retention.ms"` beside `config.retention.ms`: TOML takes them
/// for two keys, Kafka has one.
fn report_doubles(entries: &mut [ConfigEntry], reader: &mut Reader<'_>) {
    for index in 1..entries.len() {
        let (before, after) = entries.split_at_mut(index);
        let (first, second) = (&mut before[index - 1], &mut after[0]);
        if first.key != second.key {
            continue;
        }
        let message = format!(
            "{} stands here twice: in quotes and as a dotted key it is the same config",
            shown(&second.key)
        );
        let finding = Finding::error("config-twice", second.key_place.clone(), message)
            .related(first.key_place.clone(), "first here")
            .help("remove one of them");
        reader.add(finding);
        first.value = ConfigValue::Bad;
        second.value = ConfigValue::Bad;
    }
}

/// A config's value as Kafka holds it.
pub(super) fn read_value(key: &str, value: &Value<'_>, reader: &mut Reader<'_>) -> ConfigValue {
    let spec = spec(key);
    let outer = reader.key;
    reader.key = spec.map_or(outer, |spec| spec.name);
    let read = match value.get_ref() {
        DeValue::Array(_) => read_list(key, spec, value, reader),
        _ => read_single(key, spec, value, reader),
    };
    reader.key = outer;
    read.unwrap_or(ConfigValue::Bad)
}

fn read_single(
    key: &str,
    spec: Option<&ConfigSpec>,
    value: &Value<'_>,
    reader: &mut Reader<'_>,
) -> Option<ConfigValue> {
    let expected = spec.map_or("a value".to_owned(), ConfigSpec::expected);
    let scalar = match value.get_ref() {
        DeValue::Datetime(_) | DeValue::Table(_) => {
            let what = if value.get_ref().is_table() {
                "a table"
            } else {
                "a date"
            };
            let message = format!("{} takes {expected}, not {what}", shown(key));
            reader.add(Finding::error(
                "wrong-type",
                reader.place(value.span()),
                message,
            ));
            return None;
        }
        _ => reader.scalar(value, &expected)?,
    };
    if scalar.text() == "default" {
        return Some(ConfigValue::Default);
    }
    let Some(spec) = spec else {
        return Some(ConfigValue::Set(scalar.text().into()));
    };
    let typed = scalar_fits(spec, &scalar);
    let text = scalar.text();
    let normal = match typed {
        true => spec.normalise(&text),
        false => Err(ValueProblem::Type {
            value: text.to_string(),
            expected,
        }),
    };
    match normal {
        Ok(text) => Some(ConfigValue::Set(text.into())),
        Err(problem) => {
            let hint = scalar.origin().or_else(|| reader.variable_hint(value));
            reader.add(value_problem(
                key,
                &problem,
                reader.place(value.span()),
                hint,
            ));
            None
        }
    }
}

/// Whether a value's TOML type is one that the config is written in. Text always is: Kafka itself
/// knows nothing else.
fn scalar_fits(spec: &ConfigSpec, scalar: &Scalar<'_>) -> bool {
    use crate::model::config::Kind;
    match scalar {
        Scalar::Text(_) | Scalar::Expanded { .. } => true,
        Scalar::Integer(_) => matches!(spec.kind, Kind::Integer { .. } | Kind::Double { .. }),
        Scalar::Float(_) => matches!(spec.kind, Kind::Double { .. }),
        Scalar::Boolean(_) => spec.kind == Kind::Boolean,
    }
}

fn read_list(
    key: &str,
    spec: Option<&ConfigSpec>,
    value: &Value<'_>,
    reader: &mut Reader<'_>,
) -> Option<ConfigValue> {
    use crate::model::config::Kind;
    let items = value.get_ref().as_array()?;
    let takes_lists = spec.is_none_or(|s| matches!(s.kind, Kind::ListOf(_) | Kind::Replicas));
    let expected = spec.map_or("a list of strings".to_owned(), ConfigSpec::expected);
    if !takes_lists {
        let message = format!("{} takes {expected}, not a list", shown(key));
        reader.add(Finding::error(
            "wrong-type",
            reader.place(value.span()),
            message,
        ));
        return None;
    }
    let mut texts: Vec<&str> = Vec::with_capacity(items.len());
    for item in items.iter() {
        let Some(text) = item.get_ref().as_str() else {
            let message = format!("{} takes {expected}: each is a string", shown(key));
            reader.add(Finding::error(
                "wrong-type",
                reader.place(item.span()),
                message,
            ));
            return None;
        };
        if let Some(Err(problem)) = spec.map(|spec| spec.check(text)) {
            let place = reader.place(item.span());
            reader.add(value_problem(key, &problem, place, None));
            return None;
        }
        texts.push(text);
    }
    let joined = texts.join(",");
    if let Some(Err(problem)) = spec.map(|spec| spec.check(&joined)) {
        let place = reader.place(value.span());
        reader.add(value_problem(key, &problem, place, None));
        return None;
    }
    Some(ConfigValue::Set(joined.into()))
}

/// A finding about a value that Kafka would refuse.
pub(super) fn value_problem(
    key: &str,
    problem: &ValueProblem,
    place: Place,
    hint: Option<String>,
) -> Finding {
    let key_shown = shown(key);
    let (code, message, label, help) = match problem {
        ValueProblem::Type { value, expected } => {
            let message = format!("{key_shown} takes {expected}, not {}", shown(value));
            ("wrong-type", message, String::new(), None)
        }
        ValueProblem::Range { value, range } => {
            let message = format!("{key_shown} = {} is out of range", short(value));
            ("out-of-range", message, range.clone(), None)
        }
        ValueProblem::Word { value, words } => {
            let message = format!("{key_shown} has no value {}", shown(value));
            let help = match value.as_str() {
                "none" if words.contains(&"uncompressed") => {
                    Some("Kafka's word for it is `uncompressed`".to_owned())
                }
                _ => suggest::help(value, "known values", words.iter().copied()),
            };
            ("unknown-word", message, String::new(), help)
        }
        ValueProblem::Twice(word) => {
            let message = format!("{key_shown} has {} twice", shown(word));
            ("twice", message, String::new(), None)
        }
        ValueProblem::Unit(UnitError::Malformed(text, _)) if text == "unlimited" => {
            let message =
                format!("{key_shown} cannot be unlimited: Kafka has no such value for it");
            ("wrong-unit", message, String::new(), None)
        }
        ValueProblem::Unit(unit) => {
            let message = format!("{key_shown}: {}", short(&unit.to_string()));
            (
                "wrong-unit",
                message,
                String::new(),
                Some(unit_help(unit).to_owned()),
            )
        }
    };
    let mut finding = Finding::error(code, place, message).label(label);
    finding.help = hint.or(help);
    finding
}

fn short(text: &str) -> String {
    match text.char_indices().nth(120) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

/// A finding about a config key that Kafka 4.3 does not have. `help`: with what was probably meant.
pub(super) fn unknown_config(key: &str, place: Place, help: bool) -> Finding {
    let message = format!("Kafka 4.3 has no topic config {}", shown(key));
    let finding = Finding::error("unknown-config", place, message);
    if !help {
        return finding;
    }
    finding.help(likely_config(key).unwrap_or_else(|| {
        "if this cluster knows it, name it in [rules] allow_configs of the environment".to_owned()
    }))
}

/// Which config was probably meant: a near spelling, the broker's name for it, or one that goes on
/// where the key ends.
pub(super) fn likely_config(key: &str) -> Option<String> {
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
