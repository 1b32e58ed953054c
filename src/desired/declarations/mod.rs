//! All files of a kind together: entries with their topics, and environments with the files that
//! they extend. Names are checked here; layers are merged later.

pub(super) mod environments;
pub(super) mod expand;
pub(super) mod known;
pub(super) mod patterns;
pub(super) mod placeholders;
pub(super) mod select;
pub(super) mod topics;
