//! One plan, one report, one set of findings → many formats.

pub mod capacity;
pub mod catalog;
mod columns;
pub mod diagnostics;
pub mod doctor;
pub mod drift;
pub mod github;
pub mod instance;
pub mod inventory;
pub mod list;
pub mod markdown;
pub mod metrics;
mod paint;
pub mod plan;
pub mod report;
pub mod show;
pub mod unified;
mod values;

pub use paint::Paint;

use serde::Serialize;

use crate::model::inert::{Syntax, inert};

/// How text is shown: what the terminal, or its absence, allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether colours are used.
    pub colour: bool,
    /// How many columns there are; 0 means no limit.
    pub width: usize,
}

/// A document as it is printed and written to files. What a terminal could act on stands in it as
/// `\u202e`, so that it can be looked at as it is.
pub fn json_text(document: &impl Serialize) -> String {
    let document = crate::model::document::json(document);
    inert(&format!("{document:#}\n"), Syntax::Json).into_owned()
}
