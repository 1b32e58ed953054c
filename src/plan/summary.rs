//! A plan in numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, Change, Plan};
use crate::model::RiskLevel;

/// How much of each kind a plan holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Summary {
    /// Topics to create.
    pub create: usize,
    /// Topics to update.
    pub update: usize,
    /// Topics to delete.
    pub delete: usize,
    /// Topics that existed and become owned, with an update or without.
    pub adopt: usize,
    /// Topics that stop being owned.
    pub release: usize,
    /// Topics of which only the inventory changes.
    pub update_inventory: usize,
    /// Live topics that no file names.
    pub unlisted: usize,
    /// Listed topics that are as the files say.
    pub unchanged: usize,
    /// Topics that could not be compared, because this principal cannot see them or their configs.
    pub not_visible: usize,
    /// Findings that hold something back.
    pub blocked: usize,
    /// Changes with a destructive risk.
    pub destructive: usize,
}

impl Plan {
    /// Whether an apply would have nothing to do. What is blocked is no work for it.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The plan in numbers.
    pub fn summary(&self) -> Summary {
        let count = |test: fn(&Change) -> bool| self.changes.iter().filter(|c| test(c)).count();
        Summary {
            create: count(|change| change.action == Action::Create),
            update: count(|change| change.action == Action::Update),
            delete: count(|change| change.action == Action::Delete),
            adopt: count(|change| change.adopt),
            release: count(|change| change.action == Action::Release),
            update_inventory: count(|change| change.action == Action::UpdateInventory),
            unlisted: self.unlisted.len(),
            unchanged: self.unchanged,
            not_visible: self.not_visible.len(),
            blocked: self.blocked.len(),
            destructive: count(Change::is_destructive),
        }
    }
}

impl Change {
    /// Whether data can be lost by it.
    pub fn is_destructive(&self) -> bool {
        self.all_risks()
            .any(|(_, risk)| risk.code.level() == RiskLevel::Destructive)
    }
}
