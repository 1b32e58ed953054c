//! `on_remove`: what happens to a topic after its entry is removed from the configuration.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happens to a topic once its entry leaves the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnRemove {
    /// It stays and is nobody's.
    #[default]
    Retain,
    /// It is deleted.
    Delete,
}

impl OnRemove {
    /// Returns the value as written in files, plans and the inventory.
    pub fn as_str(self) -> &'static str {
        match self {
            OnRemove::Retain => "retain",
            OnRemove::Delete => "delete",
        }
    }
}

impl std::str::FromStr for OnRemove {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        [OnRemove::Retain, OnRemove::Delete]
            .into_iter()
            .find(|on_remove| on_remove.as_str() == word)
            .ok_or(())
    }
}
