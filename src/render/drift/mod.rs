//! Where a cluster differs from the configuration.

mod github;
mod markdown;
mod summary;
mod text;
mod words;

pub use github::annotations;
pub use markdown::section;
pub use text::text;
