//! What the benchmarks share: repositories of any size.

pub mod repository;
