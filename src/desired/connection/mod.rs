//! How to reach a cluster: `[cluster]`, or the runner's own client configuration. Variables and secrets
//! are filled in once a command connects.

pub(super) mod client_config;
pub(super) mod secrets;
pub(super) mod servers;
pub(super) mod template;
