//! Config values: converts values as written to the form that Kafka stores, or reports a finding.

use std::sync::Arc;

use toml::de::DeValue;

use super::file::{Reader, Scalar, Value};
use super::unknown_key::likely_config;
use super::values::unit_help;
use crate::desired::suggest::{self, shown};
use crate::model::config::{ConfigType, ValueProblem};
use crate::model::units::UnitError;
use crate::model::{ConfigKey, ConfigSpec, Finding, Place};

/// The declared value of a config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfigValue {
    /// A value, as Kafka stores it.
    Set(Arc<str>),
    /// `"default"`: undoes the declarations of lower layers.
    Default,
    /// An invalid value, which has been reported.
    Bad,
}

/// Reads a config's value in the form that Kafka stores.
pub(crate) fn read_value(
    key: &ConfigKey,
    value: &Value<'_>,
    reader: &mut Reader<'_>,
) -> ConfigValue {
    let spec = key.spec();
    let (outer_key, outer_entry) = (reader.key, reader.entry.clone());
    match spec {
        Some(spec) => reader.key = spec.name,
        None => (reader.key, reader.entry) = ("", key.as_str().into()),
    }
    let read = match (value.get_ref(), spec) {
        (DeValue::Array(_), Some(spec)) if !takes_lists(spec) => {
            reader.wrong(value, &spec.expected())
        }
        (DeValue::Array(_), _) => read_list(spec, value, reader),
        (_, Some(spec)) => read_known(spec, value, reader),
        (_, None) => reader
            .scalar(value, || "a value".to_owned())
            .map(|scalar| scalar.text().into_owned()),
    };
    (reader.key, reader.entry) = (outer_key, outer_entry);
    match read.as_deref() {
        Some("default") => ConfigValue::Default,
        Some(text) => ConfigValue::Set(text.into()),
        None => ConfigValue::Bad,
    }
}

fn takes_lists(spec: &ConfigSpec) -> bool {
    matches!(spec.kind, ConfigType::ListOf(_) | ConfigType::Replicas)
}

fn read_known(spec: &ConfigSpec, value: &Value<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let scalar = reader.scalar(value, || spec.expected())?;
    let text = scalar.text();
    if text == "default" {
        return Some(text.into_owned());
    }
    if !fits(spec, &scalar) {
        return reader.wrong(value, &spec.expected());
    }
    match spec.normalise(&text) {
        Ok(normal) => Some(normal),
        Err(problem) => {
            let hint = scalar.origin().or_else(|| reader.variable_hint(value));
            let place = reader.place(value.span());
            reader.add(value_problem(spec.name, &problem, place, hint));
            None
        }
    }
}

/// Returns whether a value's TOML type is valid for the config. Strings always are, since Kafka
/// stores strings.
fn fits(spec: &ConfigSpec, scalar: &Scalar<'_>) -> bool {
    match scalar {
        Scalar::Text(_) | Scalar::Expanded { .. } => true,
        Scalar::Integer(_) => matches!(
            spec.kind,
            ConfigType::Integer { .. } | ConfigType::Double { .. }
        ),
        Scalar::Float(_) => matches!(spec.kind, ConfigType::Double { .. }),
        Scalar::Boolean(_) => spec.kind == ConfigType::Boolean,
    }
}

/// Reads a list in Kafka's form, `compact,delete`. Errors are reported at the element.
fn read_list(
    spec: Option<&ConfigSpec>,
    value: &Value<'_>,
    reader: &mut Reader<'_>,
) -> Option<String> {
    let expected = || spec.map_or("a list of strings".to_owned(), ConfigSpec::expected);
    let mut texts = Vec::new();
    for item in value.get_ref().as_array()? {
        let scalar = reader.scalar(item, expected)?;
        if !matches!(scalar, Scalar::Text(_) | Scalar::Expanded { .. }) {
            return reader.wrong(item, &expected());
        }
        check(spec, &scalar.text(), item, reader)?;
        texts.push(scalar.text().into_owned());
    }
    let joined = texts.join(",");
    check(spec, &joined, value, reader)?;
    Some(joined)
}

/// Reports a value that Kafka would reject.
fn check(
    spec: Option<&ConfigSpec>,
    text: &str,
    value: &Value<'_>,
    reader: &mut Reader<'_>,
) -> Option<()> {
    let Some((spec, Err(problem))) = spec.map(|spec| (spec, spec.check(text))) else {
        return Some(());
    };
    let place = reader.place(value.span());
    reader.add(value_problem(spec.name, &problem, place, None));
    None
}

/// Creates the finding about a value that Kafka would reject.
pub(crate) fn value_problem(
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

/// Creates the finding about a config key that Kafka 4.3 does not have. `help`: whether to suggest
/// a spelling.
pub(crate) fn unknown_config(key: &str, place: Place, help: bool) -> Finding {
    let message = format!("Kafka 4.3 has no topic config {}", shown(key));
    let finding = Finding::error("unknown-config", place, message);
    if !help {
        return finding;
    }
    finding.help(likely_config(key).unwrap_or_else(|| {
        "if this cluster knows it, name it in [rules] allow_configs of the environment".to_owned()
    }))
}
