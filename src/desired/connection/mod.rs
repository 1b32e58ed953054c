//! Connection settings: `[cluster]`, or the runner's client configuration. Variables and secrets
//! are resolved when a command connects.

pub(super) mod client_config;
pub(super) mod secrets;
pub(super) mod servers;
pub(super) mod template;
