//! `[rules]` of an environment: what its topics must look like.

pub(super) mod limits;
pub(super) mod rules;
