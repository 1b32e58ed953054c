//! Tests against a real Apache Kafka. Brokers are started when the first test asks for them; see
//! `harness/mod.rs` for what a test gets, and add a test by its name to the list at the top of its
//! file.

mod admin;
mod apply;
mod connect;
mod harness;
mod observe;
mod reading;
mod specs;

fn main() -> std::process::ExitCode {
    let arguments = libtest_mimic::Arguments::from_args();
    let tests = [
        admin::tests(),
        apply::tests(),
        connect::tests(),
        observe::tests(),
        reading::tests(),
        specs::tests(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let conclusion = libtest_mimic::run(&arguments, tests);
    harness::stop();
    conclusion.exit_code()
}
