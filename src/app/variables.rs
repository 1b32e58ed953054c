//! The process environment, as files may refer to it.

use std::ffi::OsString;

use crate::desired::Variables;

/// The process environment, and no variable allowed besides the usual ones.
pub(crate) fn process_variables() -> Variables {
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    Variables {
        values: std::env::vars_os().filter_map(text).collect(),
        allowed: Vec::new(),
    }
}
