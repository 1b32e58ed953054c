//! The environment that a writing command changes.

use anyhow::Result;

use super::problem::Usage;
use crate::desired::{Loaded, LoadedEnvironment};

/// The environment that was asked for, where that is one.
///
/// # Errors
/// A group was named.
pub fn the_only_one(loaded: &Loaded) -> Result<&LoadedEnvironment> {
    match loaded.environments.as_slice() {
        [one] if !loaded.list_form => Ok(one),
        several => {
            let names = several
                .iter()
                .map(|one| one.desired.environment.name.to_string());
            let names: Vec<String> = names.collect();
            let message = "this changes one environment, and a group was named";
            let help = format!("name one of its environments: {}", names.join(", "));
            Err(Usage::new(message, help).into())
        }
    }
}
