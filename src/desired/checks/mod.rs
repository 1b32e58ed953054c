//! Checks of resolved layers: conflicting values of a topic, conflicting topics of an environment,
//! configs that Kafka does not have.

pub(super) mod cross_field;
pub(super) mod unknown_configs;
pub(super) mod whole;
