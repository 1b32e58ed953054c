//! The types of field values.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use toml::de::DeValue;

use super::field::{Given, Read};
use super::file::{Reader, Scalar, Value};
use crate::desired::schema::definitions::Schemas;
use crate::desired::schema::kinds::{DURATION, SIZE, any_of, or_variable};
use crate::model::schema::{count, list, map, string};
use crate::model::{Finding, Place, units};

impl Read for String {
    fn expected() -> String {
        "a string".to_owned()
    }

    fn schema(schemas: &mut Schemas) -> Json {
        or_variable(string(), schemas)
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match reader.scalar(value, Self::expected)? {
            Scalar::Text(text) => Some(text.into_owned()),
            Scalar::Expanded { text, .. } => Some(text),
            _ => reader.wrong(value, &Self::expected()),
        }
    }
}

impl Read for bool {
    fn expected() -> String {
        "true or false".to_owned()
    }

    fn schema(schemas: &mut Schemas) -> Json {
        or_variable(json!({"type": "boolean"}), schemas)
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let scalar = reader.scalar(value, Self::expected)?;
        match &scalar {
            Scalar::Boolean(value) => Some(*value),
            Scalar::Expanded { text, .. } => match text.trim().parse() {
                Ok(value) => Some(value),
                Err(_) => reader.wrong_expanded(value, &scalar, &Self::expected()),
            },
            _ => reader.wrong(value, &Self::expected()),
        }
    }
}

/// A whole number within bounds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounded<const MIN: u32, const MAX: u32>(pub(crate) u32);

/// A partition count; Kafka uses a signed 32-bit integer.
pub(crate) type PartitionCount = Bounded<1, { i32::MAX as u32 }>;

/// A replica count; Kafka uses a signed 16-bit integer.
pub(crate) type ReplicaCount = Bounded<1, { i16::MAX as u32 }>;

/// A count of 32 bits.
pub(crate) type Count = Bounded<0, { u32::MAX }>;

impl<const MIN: u32, const MAX: u32> Read for Bounded<MIN, MAX> {
    fn expected() -> String {
        "a whole number".to_owned()
    }

    fn schema(schemas: &mut Schemas) -> Json {
        or_variable(
            json!({"type": "integer", "minimum": MIN, "maximum": MAX}),
            schemas,
        )
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let scalar = reader.scalar(value, Self::expected)?;
        let number = match &scalar {
            Scalar::Integer(number) => *number,
            Scalar::Expanded { text, .. } => match text.trim().parse::<i64>() {
                Ok(number) => number,
                Err(_) => return reader.wrong_expanded(value, &scalar, &Self::expected()),
            },
            _ => return reader.wrong(value, &Self::expected()),
        };
        match u32::try_from(number) {
            Ok(number) if (MIN..=MAX).contains(&number) => Some(Self(number)),
            _ => {
                let message = format!("{} = {number} is out of range", reader.key());
                let place = reader.place(value.span());
                let mut finding = Finding::error("out-of-range", place, message)
                    .label(format!("from {MIN} to {MAX}"));
                finding.help = scalar.origin();
                reader.add(finding);
                None
            }
        }
    }
}

/// A count of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Large(pub(crate) u64);

impl Read for Large {
    fn expected() -> String {
        "a whole number".to_owned()
    }

    fn schema(_: &mut Schemas) -> Json {
        count()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match reader.scalar(value, Self::expected)? {
            Scalar::Integer(number) => match u64::try_from(number) {
                Ok(number) => Some(Self(number)),
                Err(_) => {
                    let message = format!("{} = {number} is out of range", reader.key());
                    let place = reader.place(value.span());
                    reader.add(Finding::error("out-of-range", place, message).label("at least 0"));
                    None
                }
            },
            _ => reader.wrong(value, &Self::expected()),
        }
    }
}

/// A duration such as `"60s"`, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Duration(pub(crate) u64);

impl Read for Duration {
    fn expected() -> String {
        "a duration such as \"7d\"".to_owned()
    }

    fn schema(_: &mut Schemas) -> Json {
        json!({"type": "string", "pattern": DURATION})
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match reader.scalar(value, Self::expected)? {
            Scalar::Text(text) => unit(value, reader, units::parse_duration(&text)).map(Self),
            _ => reader.wrong(value, &Self::expected()),
        }
    }
}

/// A size such as `"1KiB"`, or a number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl Read for Size {
    fn expected() -> String {
        "a number of bytes, or a size such as \"1KiB\"".to_owned()
    }

    fn schema(_: &mut Schemas) -> Json {
        any_of([count(), json!({"type": "string", "pattern": SIZE})])
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match reader.scalar(value, Self::expected)? {
            Scalar::Text(text) => unit(value, reader, units::parse_size(&text)).map(Self),
            Scalar::Integer(number) if number >= 0 => Some(Self(number.unsigned_abs())),
            _ => reader.wrong(value, &Self::expected()),
        }
    }
}

fn unit(
    value: &Value<'_>,
    reader: &mut Reader<'_>,
    read: Result<i64, units::UnitError>,
) -> Option<u64> {
    match read {
        Ok(number) => Some(number.unsigned_abs()),
        Err(problem) => {
            let message = format!("{}: {problem}", reader.key());
            let place = reader.place(value.span());
            let mut finding = Finding::error("wrong-unit", place, message);
            finding.help = Some(unit_help(&problem).to_owned());
            reader.add(finding);
            None
        }
    }
}

/// Returns help on the valid units.
pub(crate) fn unit_help(problem: &units::UnitError) -> &'static str {
    use units::UnitError::{Malformed, NoUnit, TooLarge, UnknownUnit};
    match problem {
        Malformed(_, "size") | UnknownUnit(_, "size") => {
            "a size is such as \"512MiB\": B, KiB, MiB, GiB, TiB (1024) or KB, MB, GB, TB (1000)"
        }
        Malformed(..) | UnknownUnit(..) => {
            "use a duration such as \"7d\" or \"1d12h\": w, d, h, m, s, ms"
        }
        NoUnit(_) => "add the unit, such as \"7d\" or \"512MiB\"",
        TooLarge(_) => "Kafka counts in 64 bits",
    }
}

/// A list of values, each with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct List<T>(pub(crate) Vec<Given<T>>);

impl<T: Read> Read for List<T> {
    fn expected() -> String {
        format!("a list (of which each is {})", T::expected())
    }

    fn schema(schemas: &mut Schemas) -> Json {
        list(T::schema(schemas))
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::Array(items) => {
                let read: Vec<Option<Given<T>>> =
                    items.iter().map(|item| read_given(item, reader)).collect();
                read.into_iter().collect::<Option<_>>().map(List)
            }
            _ => reader.wrong(value, &Self::expected()),
        }
    }
}

/// A single value, or a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OneOrMany<T>(pub(crate) Vec<Given<T>>);

impl<T: Read> Read for OneOrMany<T> {
    fn expected() -> String {
        format!("{}, or a list of such", T::expected())
    }

    fn schema(schemas: &mut Schemas) -> Json {
        let one = T::schema(schemas);
        any_of([one.clone(), list(one)])
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::Array(_) => List::read(value, reader).map(|list| Self(list.0)),
            DeValue::String(_) => read_given(value, reader).map(|one| Self(vec![one])),
            _ => reader.wrong(value, &Self::expected()),
        }
    }
}

fn read_given<T: Read>(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Given<T>> {
    T::read(value, reader).map(|read| Given {
        value: read,
        place: reader.place(value.span()),
    })
}

/// A table with names as keys.
#[derive(Debug, Clone)]
pub(crate) struct Entries<T>(pub(crate) Vec<Entry<T>>);

/// An entry of such a table.
#[derive(Debug, Clone)]
pub(crate) struct Entry<T> {
    pub(crate) name: Arc<str>,
    /// The place of the key.
    pub(crate) place: Place,
    /// `None` if it is invalid, which has been reported.
    pub(crate) value: Option<T>,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Read> Read for Entries<T> {
    fn expected() -> String {
        "a table".to_owned()
    }

    fn schema(schemas: &mut Schemas) -> Json {
        map(T::schema(schemas))
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.table(value)?;
        // In file order; the parser sorts them by name.
        let mut pairs: Vec<_> = table.iter().collect();
        pairs.sort_by_key(|(key, _)| key.span().start);
        let mut entries = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let name: Arc<str> = Arc::from(&**key.get_ref());
            let outer = std::mem::replace(&mut reader.entry, name.clone());
            let outer_key = std::mem::take(&mut reader.key);
            let value = T::read(value, reader);
            reader.key = outer_key;
            reader.entry = outer;
            let place = reader.place(key.span());
            entries.push(Entry { name, place, value });
        }
        Some(Self(entries))
    }
}
