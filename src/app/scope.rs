//! Whose topics the files speak of: what the runner says counts, and the files must agree.

use anyhow::Result;

use super::problem::Problem;
use crate::desired::Environment;
use crate::model::text::escape;

/// The runner's word counts: a repository cannot take another scope for itself.
///
/// # Errors
/// The environment sets another scope than the command line or `TOPICSMITH_SCOPE`.
pub fn check_scope_agrees(environment: &Environment, named: Option<&str>) -> Result<()> {
    let inventory = &environment.inventory;
    let (Some(named), Some(own), true) = (named, &inventory.scope, inventory.enabled) else {
        return Ok(());
    };
    if named == own {
        return Ok(());
    }
    let (name, named, own) = (&environment.name, escape(named), escape(own));
    let message = format!(
        "{name} sets scope {own}, and the runner sets scope {named} (--scope or TOPICSMITH_SCOPE)"
    );
    let help = format!(
        "set `scope = \"{named}\"` in [inventory] of environments/{name}.toml, or remove `scope` there"
    );
    Err(Problem::refused(message, help).into())
}

/// Ownership has no meaning without an owner.
///
/// # Errors
/// The environment keeps an inventory, and neither it nor the command line names a scope; or they name
/// different ones.
pub fn check_scope_is_named(environment: &Environment, named: Option<&str>) -> Result<()> {
    check_scope_agrees(environment, named)?;
    let inventory = &environment.inventory;
    if !inventory.enabled || named.is_some() || inventory.scope.is_some() {
        return Ok(());
    }
    let name = &environment.name;
    let message = format!("{name} has an inventory, but no ownership scope is set");
    let help = format!(
        "name a scope: `scope` in [inventory] of environments/{name}.toml, --scope or TOPICSMITH_SCOPE; `enabled = false` there does without ownership"
    );
    Err(Problem::error(message, help).into())
}
