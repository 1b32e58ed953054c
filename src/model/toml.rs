//! Formats keys and values as TOML.

use toml_edit::{Key, Value};

use super::ConfigKey;
use super::config::{ConfigType, list_items};
use super::inert::{Syntax, inert};

/// The config value that undoes the declarations of lower layers.
pub(crate) const DEFAULT: &str = "default";

/// Maximum depth of a dotted key, as the reader accepts it.
const DEEPEST: usize = 12;

/// Formats one part of a key, quoted if needed: `orders`, `"orders.created"`.
pub(crate) fn key(name: &str) -> String {
    escaped(name).unwrap_or_else(|| Key::new(name).display_repr().into_owned())
}

/// Formats a string in quotes, on one line.
pub(crate) fn string(text: &str) -> String {
    escaped(text).unwrap_or_else(|| Value::from(text).to_string())
}

/// Formats a string with characters that need escapes, which TOML's literal strings do not support;
/// `None` without such characters.
fn escaped(text: &str) -> Option<String> {
    let plain = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\t', "\\t");
    let safe = inert(&plain, Syntax::Toml);
    (safe != plain || text.contains(['\n', '\t'])).then(|| format!("\"{safe}\""))
}

/// Formats a list of strings.
pub(crate) fn list<'t>(items: impl IntoIterator<Item = &'t str>) -> String {
    let items: Vec<String> = items.into_iter().map(string).collect();
    format!("[{}]", items.join(", "))
}

/// Formats an inline table of strings; `None` if empty.
pub(crate) fn table(pairs: &[(String, String)]) -> Option<String> {
    let pairs = pairs.iter();
    let pairs = pairs.map(|(name, value)| format!("{} = {}", key(name), string(value)));
    let pairs: Vec<String> = pairs.collect();
    (!pairs.is_empty()).then(|| format!("{{ {} }}", pairs.join(", ")))
}

/// Formats a config's key below `config`, dotted as in Kafka. Quoted if TOML could not parse it
/// otherwise: a key of a table may be a prefix of another key.
pub(crate) fn config_key<'k>(
    key: &ConfigKey,
    beside: impl IntoIterator<Item = &'k ConfigKey>,
) -> String {
    let begins = |longer: &str, shorter: &str| {
        let rest = longer.strip_prefix(shorter);
        rest.is_some_and(|rest| rest.starts_with('.'))
    };
    let text = key.as_str();
    let clashes = |other: &ConfigKey| begins(text, other.as_str()) || begins(other.as_str(), text);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let dotted = text.split('.').count() <= DEEPEST
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(plain));
    match dotted && !beside.into_iter().any(clashes) {
        true => text.to_owned(),
        false => self::key(text),
    }
}

/// Formats a config's value in human units: `"7d"`, `"100MiB"`, `["compact", "delete"]`. `None` if
/// the configuration cannot express it, because the reader would reject or misinterpret it.
pub(crate) fn config_value(key: &ConfigKey, raw: &str) -> Option<String> {
    let Some(spec) = key.spec() else {
        return (raw != DEFAULT).then(|| string(raw));
    };
    let raw = raw.trim();
    spec.check(raw).ok()?;
    Some(match (spec.kind, key.human(raw)) {
        (ConfigType::Boolean, _) => raw.to_ascii_lowercase(),
        (ConfigType::Integer { .. }, Some(human))
            if spec
                .normalise(&human)
                .is_ok_and(|read| key.same(&read, raw)) =>
        {
            string(&human)
        }
        _ => config_text(key, raw),
    })
}

/// Formats a config's value as the user gave it: as a TOML number or list where possible.
pub(crate) fn config_text(key: &ConfigKey, text: &str) -> String {
    let number = |text: &str| match text.parse::<Value>() {
        Ok(Value::Float(_) | Value::Integer(_)) => Some(text.to_owned()),
        _ => None,
    };
    let written = match key.spec().map(|spec| spec.kind) {
        Some(ConfigType::Boolean) if matches!(text, "true" | "false") => Some(text.to_owned()),
        Some(ConfigType::Integer { .. }) => {
            text.parse::<i64>().ok().map(|number| number.to_string())
        }
        Some(ConfigType::Double { .. }) => number(text),
        Some(ConfigType::ListOf(_)) if list_items(text).nth(1).is_some() => {
            Some(list(list_items(text)))
        }
        _ => None,
    };
    written.unwrap_or_else(|| string(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(key: &str, raw: &str) -> Option<String> {
        config_value(&key.into(), raw)
    }

    #[test]
    fn values_as_people_write_them() {
        for (key, raw, written) in [
            ("retention.ms", "604800000", r#""7d""#),
            ("retention.ms", "0604800000", r#""7d""#),
            ("retention.ms", "-1", r#""unlimited""#),
            ("retention.ms", "604800001", r#""7d1ms""#),
            ("retention.bytes", "-2", "-2"),
            ("segment.bytes", "104857600", r#""100MiB""#),
            ("max.message.bytes", "1048588", "1048588"),
            ("flush.ms", "9223372036854775807", "9223372036854775807"),
            ("min.insync.replicas", "2", "2"),
            ("preallocate", "TRUE", "true"),
            ("min.cleanable.dirty.ratio", "0.50", "0.50"),
            ("min.cleanable.dirty.ratio", "00.5", r#""00.5""#),
            ("compression.type", "zstd", r#""zstd""#),
            ("cleanup.policy", "delete", r#""delete""#),
            (
                "cleanup.policy",
                "compact,delete",
                r#"["compact", "delete"]"#,
            ),
            ("cleanup.policy", "", r#""""#),
            ("confluent.tier", "604800000", r#""604800000""#),
        ] {
            assert_eq!(value(key, raw).as_deref(), Some(written), "{key} = {raw}");
        }
    }

    #[test]
    fn what_the_reader_would_refuse_is_not_written() {
        assert_eq!(value("retention.ms", "-7"), None);
        assert_eq!(value("cleanup.policy", "compact,"), None);
        assert_eq!(value("compression.type", "default"), None);
        assert_eq!(value("vendor.key", "default"), None);
    }

    #[test]
    fn keys_are_dotted_unless_toml_could_not_read_them() {
        let written = |key: &str, beside: &[&str]| {
            let beside: Vec<ConfigKey> = beside.iter().map(|key| (*key).into()).collect();
            config_key(&key.into(), &beside)
        };
        assert_eq!(
            written("retention.ms", &["retention.ms", "flush.ms"]),
            "retention.ms"
        );
        assert_eq!(written("retention.ms", &["retention"]), r#""retention.ms""#);
        assert_eq!(written("retention", &["retention.ms"]), "retention");
        assert_eq!(written("a..b", &[]), r#""a..b""#);
        assert_eq!(written("ä b", &[]), r#""ä b""#);
        assert_eq!(key("orders.created"), r#""orders.created""#);
        assert_eq!(key("orders"), "orders");
    }
}
