//! The live state as a file: `topicsmith/live/1`, which `snapshot` writes and `--live` reads.

mod read;
mod values;
mod write;

pub use write::to_json;

use read::{File, Head};

use super::Live;
use crate::model::text::escape;

/// The format that this module reads and writes.
pub const FORMAT: &str = "topicsmith/live/1";

/// Why a text is no snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Not JSON, or JSON of another shape.
    #[error("line {line}, column {column}: {}", escape(message))]
    Shape {
        /// The line in the text, from 1.
        line: usize,
        /// The column in that line, in bytes, from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// A format that this version does not read.
    #[error("its format is `{}`, and this version of topicsmith reads `{FORMAT}`", escape(.0))]
    Format(String),
    /// Not a snapshot at all, as far as one can tell.
    #[error("it has no \"format\": \"{FORMAT}\", so it is no snapshot")]
    NoFormat,
}

/// Reads a snapshot.
///
/// # Errors
/// Where in the text it is not what a snapshot must be, and how.
pub fn parse(text: &str) -> Result<Live, SnapshotError> {
    // The format first: of another version it would be wrong to complain about a single field.
    let head: Head = serde_json::from_str(text).map_err(shape)?;
    match head.format {
        Some(format) if format == FORMAT => {}
        Some(format) => return Err(SnapshotError::Format(format)),
        None => return Err(SnapshotError::NoFormat),
    }
    let file: File = serde_json::from_str(text).map_err(shape)?;
    Ok(file.into())
}

fn shape(error: serde_json::Error) -> SnapshotError {
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let place = format!(" at line {line} column {column}");
    SnapshotError::Shape {
        line,
        column,
        message: text.strip_suffix(&place).unwrap_or(&text).to_owned(),
    }
}

#[cfg(test)]
mod tests;
