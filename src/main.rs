//! The `topicsmith` command.

use std::process::ExitCode;

/// librdkafka makes a hundred small objects for each topic that it tells of, in one thread, and they
/// are freed in another: the system's allocator spends a third of a plan on that. Without huge pages
/// (`no_thp`): each thread would fill some of its own, which took a third of a small plan's time on a
/// virtual machine that had rested.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    topicsmith::main()
}
