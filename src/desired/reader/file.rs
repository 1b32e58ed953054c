//! Reads values out of one file and says, at their place, what is wrong with them.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::variables::{self, Variables};
use crate::desired::problems::Problems;
use crate::desired::suggest::shown;
use crate::model::{Finding, Place, SourceText};

/// A key as the parser gives it.
pub(crate) type Key<'k> = Spanned<Cow<'k, str>>;

/// A value as the parser gives it.
pub(crate) type Value<'v> = Spanned<DeValue<'v>>;

/// One file that is being read.
pub(crate) struct Reader<'a> {
    pub(crate) source: &'a SourceText,
    pub(crate) problems: &'a mut Problems,
    /// The process environment, while an environment file is being read.
    pub(crate) variables: Option<&'a Variables>,
    /// Whether `${VAR}` is filled in: in `[defaults]`.
    pub(crate) expands: bool,
    /// The field whose value is being read; empty where that is an entry.
    pub(crate) key: &'static str,
    /// The name of the innermost entry that is being read, `orders` in `[topics.orders]`.
    pub(crate) entry: Arc<str>,
}

/// A value that is neither table nor array.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'v> {
    /// A string.
    Text(Cow<'v, str>),
    /// A string made from variables: it may stand for a value of any kind.
    Expanded {
        text: String,
        /// The variables' names, for a message.
        names: String,
    },
    /// A whole number.
    Integer(i64),
    /// A number with decimals, as it is written.
    Float(&'v str),
    /// `true` or `false`.
    Boolean(bool),
}

impl Scalar<'_> {
    /// The value as text.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        match self {
            Scalar::Text(text) => Cow::Borrowed(text),
            Scalar::Expanded { text, .. } => Cow::Borrowed(text),
            Scalar::Integer(number) => Cow::Owned(number.to_string()),
            Scalar::Float(text) => Cow::Borrowed(text),
            Scalar::Boolean(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        }
    }

    /// Where a text comes from, if not from the file itself.
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

    /// The place of a stretch of the file.
    pub(crate) fn place(&self, span: Range<usize>) -> Place {
        self.source.place(span)
    }

    /// The key whose value is being read, for messages.
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

    /// Reports that a value is not what its key takes. `None`, so that it can be returned.
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

    /// What a wrong value was probably meant to be.
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

    /// Where variables work, if a value has some where they do not.
    pub(crate) fn variable_hint(&self, value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str()?;
        (text.contains("${") && !self.expands).then(|| {
            "variables work in [cluster] and [defaults] of an environment file only".to_owned()
        })
    }

    /// A table.
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

    /// Any value but tables, arrays and dates, variables expanded where they work.
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

    /// Reports a value that came from variables and is not what its key takes.
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
