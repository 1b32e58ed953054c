//! Preflight errors: why a cluster would reject a change, from a validation before the first
//! change.

use crate::model::Setting;

/// Parts of a topic's change that the cluster would reject or could not validate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreflightError {
    /// The settings; `None` stands for the whole topic.
    pub parts: Vec<Option<Setting>>,
    /// The kind of error.
    pub kind: PreflightErrorKind,
    /// The broker's message, followed by its error code. Not escaped.
    pub words: String,
    /// The setting that the message refers to: if a create is rejected as a whole, the invalid
    /// value.
    pub about: Option<Setting>,
}

/// Kinds of preflight errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PreflightErrorKind {
    /// The broker would reject the change.
    Refused,
    /// The broker fails at the change without a reason (`UNKNOWN_SERVER_ERROR`), for example because
    /// its policy has a bug.
    Failed,
    /// The principal is not authorized for the change or for its validation.
    NotAuthorised,
    /// The topic appears to hold the inventory of other scopes.
    Inventory,
    /// A quota throttles the validation, or the broker does not support it. The change may succeed.
    Unchecked,
}
