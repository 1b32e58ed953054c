//! Schemas of Kafka's topic configs: `config` of topics, and the rules for them.

use serde_json::{Value, json};

use super::definitions::Schemas;
use super::keys::{Keys, pattern};
use super::kinds::{DURATION, SIZE, any_of, or_variable, variable, words};
use crate::model::ConfigKey;
use crate::model::config::{ConfigSpec, ConfigType, SPECS, Unit};
use crate::model::schema::{described, list};

/// Returns the schema of `config` in a layer.
pub(crate) fn table(schemas: &mut Schemas) -> Value {
    let leaf = |spec: &'static ConfigSpec| (spec.name, spec);
    let specs: Vec<_> = SPECS.iter().map(leaf).collect();
    let leaves = specs
        .into_iter()
        .map(|(key, spec)| (key, value(spec, schemas)));
    let keys = Keys {
        name: "config",
        leaves: leaves.collect(),
        takes_allowed: true,
    };
    keys.schema(schemas)
}

/// Returns the schema of `config` in `[rules]`, with `bound` for each key.
pub(crate) fn rules(bound: impl FnOnce(&mut Schemas) -> Value, schemas: &mut Schemas) -> Value {
    let bound = schemas.refer("bound", bound);
    let mut leaves = Vec::new();
    for spec in SPECS {
        let what = format!("What `{}` may be. {}.", spec.name, spec.doc);
        let rule = || described(bound.clone(), &what);
        let name = format!("limit.{}", spec.name);
        leaves.push((spec.name, schemas.refer(&name, |_| rule())));
    }
    let keys = Keys {
        name: "rule",
        leaves,
        takes_allowed: true,
    };
    keys.schema(schemas)
}

/// Returns the schema of an item of `unmanaged`.
pub(crate) fn unmanaged(schemas: &Schemas) -> Value {
    let counts = ["partitions", "replication_factor", "min_insync_replicas"];
    let keys = SPECS.iter().map(|spec| format!("config.{}", spec.name));
    let words: Vec<String> = counts.into_iter().map(str::to_owned).chain(keys).collect();
    let allowed = schemas.allowed.iter();
    let allowed = allowed
        .map(|glob| json!({"type": "string", "pattern": pattern(&format!("config.{glob}"))}));
    let known = json!({"type": "string", "enum": words});
    list(any_of(std::iter::once(known).chain(allowed)))
}

/// Returns the schema of one config's value, with its full description.
pub(crate) fn value(spec: &'static ConfigSpec, schemas: &mut Schemas) -> Value {
    let name = format!("value.{}", spec.name);
    schemas.refer(&name, |schemas| {
        let variable = schemas.variables.then(variable);
        let default = json!({"const": "default"});
        let mut schema = any_of(
            kinds(spec, schemas)
                .into_iter()
                .chain([default])
                .chain(variable),
        );
        schema["description"] = json!(description(spec));
        schema["default"] = default_value(spec);
        schema
    })
}

fn kinds(spec: &ConfigSpec, schemas: &Schemas) -> Vec<Value> {
    match spec.kind {
        ConfigType::Boolean => vec![
            json!({"type": "boolean"}),
            json!({"type": "string", "pattern": r"^\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])\s*$"}),
        ],
        ConfigType::Integer { min, max } => {
            let mut number = json!({"type": "integer"});
            for (word, edge, open) in [("minimum", min, i64::MIN), ("maximum", max, i64::MAX)] {
                if edge != open {
                    number[word] = json!(edge);
                }
            }
            let text = |pattern: &str| json!({"type": "string", "pattern": pattern});
            let mut kinds = vec![number, text(r"^\s*[+-]?[0-9]+\s*$")];
            kinds.extend(match spec.unit {
                Unit::Ms => Some(text(DURATION)),
                Unit::Bytes => Some(text(SIZE)),
                Unit::None => None,
            });
            kinds.extend(spec.unlimited.then(|| json!({"const": "unlimited"})));
            kinds
        }
        ConfigType::Double { min, max } => vec![
            json!({"type": "number", "minimum": min, "maximum": max}),
            json!({"type": "string", "pattern": r"^\s*[+-]?([0-9]|\.[0-9])"}),
        ],
        ConfigType::OneOf(all) => vec![words(all.iter().copied())],
        ConfigType::ListOf(all) => {
            let word = all.join("|");
            vec![
                json!({"type": "array", "items": or_variable(words(all.iter().copied()), schemas), "uniqueItems": true}),
                json!({"type": "string", "pattern": format!(r"^\s*(({word})(\s*,\s*({word}))*)?\s*$")}),
            ]
        }
        ConfigType::Replicas => {
            let pair = r"[0-9]+:[0-9]+";
            vec![
                json!({"type": "array", "items": or_variable(json!({"type": "string", "pattern": format!(r"^\s*({pair}|\*)\s*$")}), schemas)}),
                json!({"type": "string", "pattern": format!(r"^\s*(\*|({pair}(\s*,\s*{pair})*)?)\s*$")}),
            ]
        }
    }
}

/// Returns Kafka's default as a TOML value.
fn default_value(spec: &ConfigSpec) -> Value {
    match spec.kind {
        ConfigType::Boolean => json!(spec.default == "true"),
        ConfigType::Integer { .. } => json!(spec.default.parse::<i64>().ok()),
        ConfigType::Double { .. } => json!(spec.default.parse::<f64>().ok()),
        ConfigType::OneOf(_) | ConfigType::ListOf(_) | ConfigType::Replicas => json!(spec.default),
    }
}

/// Returns the description: `How long records are kept. A number of …: at least -1. Kafka's default
/// is 7d (604800000).`
fn description(spec: &ConfigSpec) -> String {
    let expected = spec.expected();
    let mut takes = expected[..1].to_uppercase() + &expected[1..];
    let range = spec.range();
    if range != expected {
        takes = format!("{takes}: {range}");
    }
    if spec.unlimited {
        takes.push_str("; \"unlimited\" is -1");
    }
    let default = match ConfigKey::from(spec.name).human(spec.default) {
        Some(human) => format!("{human} ({})", spec.default),
        None if spec.default.is_empty() => "empty".to_owned(),
        None => spec.default.to_owned(),
    };
    format!(
        "{}. {takes}. Kafka's default is {default}. \"default\": not declared here, whatever a lower layer sets.",
        spec.doc
    )
}
