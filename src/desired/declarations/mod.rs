//! All files of a kind together: the entries with the topics that they make, and the environments with
//! what they extend. Names are checked here; no layer is merged yet.

pub(super) mod environments;
pub(super) mod expand;
pub(super) mod known;
pub(super) mod patterns;
pub(super) mod placeholders;
pub(super) mod select;
pub(super) mod topics;
