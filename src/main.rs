//! The `topicsmith` command.

use std::process::ExitCode;

/// librdkafka allocates a hundred small objects per topic in its responses on one thread, which
/// another thread frees: the system allocator takes a third of a plan's time for that. Without huge
/// pages (`no_thp`): each thread would fill some of its own, which took a third of a small plan's
/// time on an idle virtual machine.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    topicsmith::main()
}
