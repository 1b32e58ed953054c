//! Reads the values of one file and reports problems at their places.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::variables::{self, Variables};
use crate::desired::problems::Problems;
use crate::desired::suggest::shown;
use crate::model::{Finding, Place, SourceText};

/// A key from the parser.
pub(crate) type Key<'k> = Spanned<Cow<'k, str>>;

/// A value from the parser.
pub(crate) type Value<'v> = Spanned<DeValue<'v>>;

/// The reader of one file.
pub(crate) struct Reader<'a> {
    pub(crate) source: &'a SourceText,
    pub(crate) problems: &'a mut Problems,
    /// The process environment, if this is an environment file.
    pub(crate) variables: Option<&'a Variables>,
    /// Whether `${VAR}` is resolved: in `[defaults]`.
    pub(crate) expands: bool,
    /// The key of the value being read; empty for the value of an entry.
    pub(crate) key: &'static str,
    /// The name of the innermost entry being read, `orders` in `[topics.orders]`.
    pub(crate) entry: Arc<str>,
}

/// A value that is neither a table nor an array.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'v> {
    /// A string.
    Text(Cow<'v, str>),
    /// A string with resolved variables: it may stand for a value of any type.
    Expanded {
        text: String,
        /// The variables' names, for messages.
        names: String,
    },
    /// A whole number.
    Integer(i64),
    /// A decimal number, as written.
    Float(&'v str),
    /// `true` or `false`.
    Boolean(bool),
}

impl Scalar<'_> {
    /// Returns the value as text.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self {
            Scalar::Text(text) => Cow::Borrowed(text),
            Scalar::Expanded { text, .. } => Cow::Borrowed(text),
            Scalar::Integer(number) => Cow::Owned(number.to_string()),
            Scalar::Float(text) => Cow::Borrowed(text),
            Scalar::Boolean(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        }
    }

    /// Returns the origin of a text, if it is not the file itself.
    pub(crate) fn origin(&self) -> Option<String> {
        match self {
            Scalar::Expanded { text, names } => Some(format!(
                "the value comes from {names}, which makes it {}",
                shown(text)
            )),
            _ => None,
        }
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(source: &'a SourceText, problems: &'a mut Problems) -> Self {
        Self {
            source,
            problems,
            variables: None,
            expands: false,
            key: "",
            entry: Arc::from(""),
        }
    }

    /// Returns the place of a byte range.
    pub(crate) fn place(&self, span: Range<usize>) -> Place {
        self.source.place(span)
    }

    /// Returns the key of the value being read, for messages.
    pub(crate) fn key(&self) -> String {
        match self.key {
            "" => shown(&self.entry),
            key => format!("`{key}`"),
        }
    }

    /// Reports an error.
    pub(crate) fn add(&mut self, finding: Finding) {
        self.problems.add(finding);
    }

    /// Reports a value of the wrong type. Returns `None` for the caller to return.
    pub(crate) fn wrong<T>(&mut self, value: &Value<'_>, expected: &str) -> Option<T> {
        let found = match value.get_ref() {
            DeValue::String(text) if text.len() <= 40 => format!("the string {text:?}"),
            DeValue::String(_) => "a string".to_owned(),
            DeValue::Integer(number) if number.as_str().len() <= 40 => number.to_string(),
            DeValue::Integer(_) => "a number of so many digits".to_owned(),
            DeValue::Float(number) if number.as_str().len() <= 40 => number.to_string(),
            DeValue::Float(_) => "a number of so many digits".to_owned(),
            DeValue::Boolean(value) => value.to_string(),
            DeValue::Datetime(_) => "a date".to_owned(),
            DeValue::Array(_) => "a list".to_owned(),
            DeValue::Table(_) => "a table".to_owned(),
        };
        let message = format!("{} takes {expected}, not {found}", self.key());
        let mut finding = Finding::error("wrong-type", self.place(value.span()), message);
        finding.help = self.hint(value, expected);
        self.add(finding);
        None
    }

    /// Returns the probable intention of an invalid value.
    fn hint(&self, value: &Value<'_>, expected: &str) -> Option<String> {
        if let Some(hint) = self.variable_hint(value) {
            return Some(hint);
        }
        match value.get_ref() {
            DeValue::String(text)
                if text.trim().parse::<i64>().is_ok() && expected.contains("number")
                    || matches!(&**text, "true" | "false") && expected.contains("true") =>
            {
                Some(format!("write it without quotes: {}", text.trim()))
            }
            DeValue::String(text) if expected.starts_with("a list") && text.len() <= 40 => {
                Some(format!("write it as a list: [{text:?}]"))
            }
            _ => None,
        }
    }

    /// Returns where variables are supported, if a value contains some elsewhere.
    pub(crate) fn variable_hint(&self, value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str()?;
        (text.contains("${") && !self.expands).then(|| {
            "variables work in [cluster] and [defaults] of an environment file only".to_owned()
        })
    }

    /// Reads a table.
    pub(crate) fn table<'v, 'i>(&mut self, value: &'v Value<'i>) -> Option<&'v DeTable<'i>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            DeValue::Array(array) if array.iter().any(|item| item.get_ref().is_table()) => {
                let place = self.place(value.span());
                let message = format!("{} is a table, not a list of tables", self.key());
                let finding = Finding::error("wrong-type", place, message)
                    .help("write the header with single brackets: [name]");
                self.add(finding);
                None
            }
            _ => self.wrong(value, "a table"),
        }
    }

    /// Reads a value other than tables, arrays and dates, with variables resolved where supported.
    pub(crate) fn scalar<'v>(
        &mut self,
        value: &'v Value<'_>,
        expected: impl FnOnce() -> String,
    ) -> Option<Scalar<'v>> {
        match value.get_ref() {
            DeValue::String(text) => match self.variables {
                Some(variables) if self.expands && text.contains("${") => {
                    let place = self.place(value.span());
                    match variables::expand_default(text, variables, &place) {
                        Ok((text, names)) => Some(Scalar::Expanded { text, names }),
                        Err(finding) => {
                            self.add(*finding);
                            None
                        }
                    }
                }
                _ => Some(Scalar::Text(Cow::Borrowed(text))),
            },
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Some(Scalar::Integer(number)),
                    Err(_) => {
                        let message = format!("{}: more than 64 bits can hold", self.key());
                        let place = self.place(value.span());
                        self.add(Finding::error("out-of-range", place, message));
                        None
                    }
                }
            }
            DeValue::Float(number) => Some(Scalar::Float(number.as_str())),
            DeValue::Boolean(value) => Some(Scalar::Boolean(*value)),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                self.wrong(value, &expected())
            }
        }
    }

    /// Reports a value from variables that is not valid for its key.
    pub(crate) fn wrong_expanded<T>(
        &mut self,
        value: &Value<'_>,
        scalar: &Scalar<'_>,
        expected: &str,
    ) -> Option<T> {
        let message = format!(
            "{} takes {expected}, not {}",
            self.key(),
            shown(scalar.text())
        );
        let mut finding = Finding::error("wrong-type", self.place(value.span()), message);
        finding.help = scalar.origin();
        self.add(finding);
        None
    }
}
