//! What people look at, as data: topics in a list, one topic in full, the catalogue of all. Facts of
//! the files, of a cluster and of a plan are put together here. Pure; layout and words are `render`'s.

pub mod catalog;
pub mod list;
pub mod show;
