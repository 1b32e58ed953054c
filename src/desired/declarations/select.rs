//! Selection of environments.

use std::path::Path;
use std::sync::Arc;

use super::environments::Environments;
use crate::desired::files::error::{Folder, LoadError};
use crate::desired::files::folder::shown_path;

/// The selected environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// All that are not abstract.
    All,
    /// These environments, or groups of them.
    Named(Vec<String>),
    /// The only existing environment.
    Only,
}

impl Environments {
    /// Returns the names of the selected environments, in order, without duplicates.
    ///
    /// # Errors
    /// Returns an error for an unknown name, or if a name is required and none is given.
    pub(in crate::desired) fn select(
        &self,
        ask: &Ask,
        folder: &Path,
        root: &Path,
    ) -> Result<Vec<Arc<str>>, LoadError> {
        let concrete: Vec<Arc<str>> = self.known.environments.iter().cloned().collect();
        let strings = |names: &[Arc<str>]| names.iter().map(ToString::to_string).collect();
        match (ask, concrete.as_slice()) {
            (Ask::All | Ask::Only, []) => {
                let path = shown_path(folder, root);
                Err(LoadError::AllAbstract(Folder::Environments.named(&path)))
            }
            (Ask::All, _) => Ok(concrete),
            (Ask::Only, [_]) => Ok(concrete),
            (Ask::Only, _) => Err(LoadError::NoneNamed {
                known: strings(&concrete),
            }),
            (Ask::Named(names), _) => {
                let mut selected: Vec<Arc<str>> = Vec::new();
                for name in names {
                    for environment in self.named(name)? {
                        if !selected.contains(&environment) {
                            selected.push(environment);
                        }
                    }
                }
                Ok(selected)
            }
        }
    }

    fn named(&self, name: &str) -> Result<Vec<Arc<str>>, LoadError> {
        if let Some(environment) = self.known.environments.get(name) {
            return Ok(vec![environment.clone()]);
        }
        let known = || self.known.all().map(str::to_owned).collect();
        let name = name.to_owned();
        if self.known.abstracts.contains(name.as_str()) {
            return Err(LoadError::Abstract {
                name,
                known: known(),
            });
        }
        let in_group =
            |environment: &&Arc<str>| self.names_of(environment).iter().any(|n| **n == *name);
        let members: Vec<Arc<str>> = self
            .known
            .environments
            .iter()
            .filter(in_group)
            .cloned()
            .collect();
        if members.is_empty() && self.known.complete {
            return Err(LoadError::UnknownEnvironment {
                name,
                known: known(),
            });
        }
        Ok(members)
    }

    /// Returns whether the selection names only environments, and no potential groups.
    pub(in crate::desired) fn are_named(&self, ask: &Ask) -> bool {
        match ask {
            Ask::All | Ask::Only => false,
            Ask::Named(names) => {
                self.complete()
                    || names
                        .iter()
                        .all(|n| self.known.environments.contains(n.as_str()))
            }
        }
    }

    /// Returns whether the selection is for several environments, even if it matches only one.
    pub(in crate::desired) fn is_several(&self, ask: &Ask) -> bool {
        match ask {
            Ask::All => true,
            Ask::Only => false,
            Ask::Named(names) => match names.as_slice() {
                [one] => !self.known.environments.contains(one.as_str()),
                _ => true,
            },
        }
    }
}
