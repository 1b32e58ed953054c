//! `[rules]` of an environment: requirements on its topics.

pub(super) mod limits;
pub(super) mod rules;
