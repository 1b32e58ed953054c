//! The `topicsmith` command.

fn main() {}
