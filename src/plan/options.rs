//! What the caller of the planner asks for.

use super::{Allow, Approval};
use crate::model::{Globs, RiskCode, TopicName};

/// What the caller asks for besides the files and the cluster.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The topics that are looked at; none means all.
    pub only: Globs,
    /// The risks that are allowed.
    pub allow: Vec<Allow>,
    /// The saved plan that an apply is held to, which allows the risks that it shows.
    pub approval: Option<Approval>,
    /// The commit that the files are of.
    pub commit: Option<String>,
    /// Whose topics the files speak of, stronger than what the environment says.
    pub scope: Option<String>,
    /// What follows where this principal lacks a right that an apply would need.
    pub missing_rights: MissingRights,
}

/// What a missing right does to a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingRights {
    /// A note says that the change was not checked: whoever plans need not be who applies.
    #[default]
    Noted,
    /// The change is blocked.
    Block,
}

impl Options {
    /// Whether a topic is looked at.
    pub fn wants(&self, name: &TopicName) -> bool {
        self.only.is_empty() || self.only.matches(name.as_str())
    }

    /// Whether a risk of a topic was allowed, on the command line or with the saved plan.
    pub(super) fn allows(&self, code: RiskCode, topic: &TopicName) -> bool {
        let approval = self.approval.as_ref();
        self.allow.iter().any(|allow| allow.covers(code, topic))
            || approval.is_some_and(|approval| approval.answers(code, topic))
    }
}
