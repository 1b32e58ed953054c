//! The environments that a command works on: one to change, any number to look at.

use std::future::Future;

use anyhow::Result;

use super::problem::Problem;
use crate::desired::{Loaded, LoadedEnvironment};
use crate::observe;

/// Looks at each environment that was asked for, side by side. What was found out comes by name,
/// in their order.
pub async fn each<'a, T, F>(
    loaded: &'a Loaded,
    look: impl Fn(&'a LoadedEnvironment) -> F,
) -> Vec<(String, Result<T>)>
where
    F: Future<Output = Result<T>>,
{
    let looks = loaded.environments.iter().map(|environment| {
        let found = look(environment);
        async {
            (
                environment.desired.environment.name.to_string(),
                found.await,
            )
        }
    });
    observe::side_by_side(looks).await
}

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
            Err(Problem::usage(message, help).into())
        }
    }
}
