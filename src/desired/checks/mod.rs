//! What only shows once the layers are resolved: values of a topic that do not fit each other, topics of
//! an environment that do not, configs that Kafka does not have.

pub(super) mod cross_field;
pub(super) mod unknown_configs;
pub(super) mod whole;
