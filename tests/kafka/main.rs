//! Tests against a real Apache Kafka. Brokers are started when the first test asks for them; see
//! `harness/mod.rs` for what a test gets, and add a test by its name to the list at the top of its
//! file.

mod admin;
mod apply;
mod approvals;
mod connect;
mod faults;
mod figures;
mod harness;
mod observe;
mod reading;
mod specs;

fn main() -> std::process::ExitCode {
    let arguments = libtest_mimic::Arguments::from_args();
    let groups = [
        admin::tests(),
        apply::tests(),
        approvals::tests(),
        connect::tests(),
        faults::tests(),
        observe::tests(),
        reading::tests(),
        specs::tests(),
    ];
    let figures = figures::tests().into_iter();
    let figures = figures.map(|figure| figure.with_ignored_flag(true));
    let tests = groups.into_iter().flatten().chain(figures).collect();
    let conclusion = libtest_mimic::run(&arguments, tests);
    harness::stop();
    conclusion.exit_code()
}
