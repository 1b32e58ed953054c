//! The `topicsmith` command.

use std::process::ExitCode;

/// librdkafka makes a hundred small objects for each topic that it tells of, in one thread, and they
/// are freed in another: the system's allocator spends a third of a plan on that. Without huge pages
/// (`no_thp`): each thread would fill some of its own, which on a virtual machine whose memory is not
/// warm takes longer than all the rest of a small plan.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    topicsmith::cli::main()
}
