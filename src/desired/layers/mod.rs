//! The layers of one environment: the layers of each topic, the layered values of each setting, and
//! the effective value.

pub(super) mod defaults;
pub(super) mod environment;
pub(super) mod explain;
pub(super) mod order;
pub(super) mod resolve;
pub(super) mod stack;
