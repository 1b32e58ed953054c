//! Lifecycles: the names of their topics, the possible names, and the topics of one instance.

pub(super) mod checks;
pub(super) mod instance;
pub(super) mod name_shape;
pub(super) mod name_template;
