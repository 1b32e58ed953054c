//! A plan in its formats.

mod footer;
mod github;
mod markdown;
mod parts;
mod record;
mod text;
mod unapproved;

pub use github::annotations;
pub(super) use github::beside as annotations_beside;
pub(super) use github::refusals as refusal_annotations;
pub use markdown::section;
pub(super) use markdown::{alerts, remarks};
pub(super) use record::{
    held as held_words, last_applied, theirs as theirs_words, values as field_values,
};
pub(super) use text::header;
pub use text::text;

#[cfg(test)]
mod tests;
