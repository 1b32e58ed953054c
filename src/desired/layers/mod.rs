//! One environment: which layers each topic has, the stack of values of each setting, and what is in
//! force.

pub(super) mod defaults;
pub(super) mod environment;
pub(super) mod explain;
pub(super) mod order;
pub(super) mod resolve;
pub(super) mod stack;
