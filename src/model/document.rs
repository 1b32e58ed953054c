//! JSON documents: identification by `format`, and parsing of documents that the tool wrote. The
//! format is checked first; errors contain line and column.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use super::text::escape;

/// Why a text is not a document of the expected format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Invalid JSON, or a value of the wrong shape.
    #[error("line {line}, column {column}: {}", escape(message))]
    Shape {
        /// The line in the text, from 1.
        line: usize,
        /// The column in that line, in bytes, from 1.
        column: usize,
        /// The problem at this position.
        message: String,
    },
    /// A format that this version does not support.
    #[error(
        "its format is `{}`, and this version of topicsmith reads `{reads}`",
        escape(found)
    )]
    Format {
        /// The document's format.
        found: String,
        /// The supported format.
        reads: &'static str,
    },
    /// No `format` field; probably another kind of file.
    #[error("it has no \"format\": \"{0}\"")]
    NoFormat(&'static str),
}

/// A JSON document that the tool writes or reads.
pub trait Document: Serialize + JsonSchema {
    /// The value of the `format` field, such as `topicsmith/plan/1`.
    const FORMAT: &'static str;
}

/// A document of one environment. The documents of several environments form one document of the
/// same format: `{"format": …, "plans": […]}`.
pub trait EnvironmentDocument: Document {
    /// The field that holds the documents of several environments.
    const LIST: &'static str;
}

/// An environment that failed, among the documents of several.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FailedEnvironment {
    /// The environment's name.
    pub environment: String,
    /// What failed.
    pub error: ErrorDocument,
}

/// An error.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ErrorDocument {
    /// What is wrong.
    pub message: String,
    /// How to fix it.
    pub help: Option<String>,
}

/// Defines the type of a document's `format` field, which serializes as one constant and rejects
/// any other value, and implements `Document` with this format.
macro_rules! document_format {
    ($(#[$meta:meta])* $name:ident = $text:literal of $document:ident, several as $list:literal) => {
        document_format!($(#[$meta])* $name = $text of $document);

        impl $crate::model::document::EnvironmentDocument for $document {
            const LIST: &'static str = $list;
        }
    };
    ($(#[$meta:meta])* $name:ident = $text:literal of $document:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name;

        impl $crate::model::document::Document for $document {
            const FORMAT: &'static str = $text;
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($text)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let found = <String as serde::Deserialize>::deserialize(deserializer)?;
                match found == $text {
                    true => Ok($name),
                    false => Err(serde::de::Error::invalid_value(
                        serde::de::Unexpected::Str(&found),
                        &concat!("`", $text, "`"),
                    )),
                }
            }
        }

        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"const": $text})
            }
        }
    };
}

pub(crate) use document_format;

/// The field that identifies a document.
#[derive(serde::Deserialize)]
#[serde(expecting = "an object")]
struct Head {
    format: Option<String>,
}

/// Parses a document of a format.
///
/// # Errors
/// Returns an error if the format differs; this is checked before any other field, since single
/// fields of another version mean nothing. Otherwise returns the position and the reason of invalid
/// content.
pub fn parse<T: DeserializeOwned>(text: &str, format: &'static str) -> Result<T, DocumentError> {
    let head: Head = read(text)?;
    check(head.format.as_deref(), format)?;
    read(text)
}

/// Parses a document without checking its format.
///
/// # Errors
/// Returns the position and the reason of invalid content.
pub fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, DocumentError> {
    serde_json::from_str(text).map_err(shape)
}

/// Converts a document to a JSON value.
pub fn json<T: Serialize>(document: &T) -> serde_json::Value {
    serde_json::to_value(document).expect("documents have no keys but strings")
}

/// Checks that a document's format is supported.
///
/// # Errors
/// Returns an error if `found` is missing or is not `format`.
pub fn check(found: Option<&str>, format: &'static str) -> Result<(), DocumentError> {
    match found {
        Some(found) if found == format => Ok(()),
        Some(found) => Err(DocumentError::Format {
            found: found.to_owned(),
            reads: format,
        }),
        None => Err(DocumentError::NoFormat(format)),
    }
}

fn shape(error: serde_json::Error) -> DocumentError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let place = format!(" at line {line} column {column}");
    let message = text.strip_suffix(&place).unwrap_or(&text);
    DocumentError::Shape {
        line,
        column,
        message: match error.classify() {
            Category::Syntax | Category::Eof => format!("this is no JSON: {message}"),
            Category::Data | Category::Io => message.to_owned(),
        },
    }
}
