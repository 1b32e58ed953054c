//! What a cluster has against a change, asked before anything changes.

use crate::model::Setting;

/// Parts of a topic's change that the cluster would not make, or could not be asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreflightError {
    /// The settings; `None` is the topic as a whole.
    pub parts: Vec<Option<Setting>>,
    /// What kind of answer it is.
    pub kind: PreflightErrorKind,
    /// The broker's own words, the code behind them. Not escaped.
    pub words: String,
    /// What the words speak of: of a create that is refused as a whole, the value at fault.
    pub about: Option<Setting>,
}

/// How a cluster objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PreflightErrorKind {
    /// It would refuse the change.
    Refused,
    /// It fails at the change for a reason that it does not give (`UNKNOWN_SERVER_ERROR`), as a policy
    /// with a fault of its own does.
    Failed,
    /// A right is missing: for the change, or for asking.
    NotAuthorised,
    /// The topic holds the inventory of others, as far as can be told.
    Inventory,
    /// A quota keeps it from being asked, or it does not know the question. It may well do it.
    Unchecked,
}
