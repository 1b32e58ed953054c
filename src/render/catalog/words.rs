//! What both pages of the catalogue call its things.

use crate::model::Setting;
use crate::plan::state::TopicState;
use crate::render::values;
use crate::view::catalog::{Catalog, CatalogState, NotCompared, SettingValues, TopicStatus};

impl SettingValues {
    /// A value for people: `7d (604800000)`.
    pub(super) fn shown(&self, raw: &str) -> String {
        match &self.setting {
            Setting::Config(key) => values::value(key, raw),
            _ => raw.to_owned(),
        }
    }
}

impl TopicStatus {
    /// Its state for people.
    pub(super) fn words(&self) -> &'static str {
        let state = match self.state {
            CatalogState::Compared(state) => state,
            CatalogState::NotCompared(NotCompared::Lifecycle) => return "comes and goes",
            CatalogState::NotCompared(NotCompared::NotRead) => return "not read",
        };
        match (state, self.drifted, self.pending) {
            (TopicState::Differs, Some(true), Some(true)) => "drifted and pending",
            (TopicState::Differs, Some(true), _) => "drifted",
            (
                TopicState::Differs | TopicState::Missing | TopicState::NotOwned,
                Some(false),
                Some(true),
            ) => "pending",
            (state, ..) => state.words(),
        }
    }
}

/// `dev, prod`
pub(super) fn environments(catalog: &Catalog) -> String {
    let names = catalog.environments.iter();
    let names: Vec<&str> = names.map(|part| &*part.desired.environment.name).collect();
    names.join(", ")
}
