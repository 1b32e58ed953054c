//! Tests against a real Apache Kafka. Brokers are started when the first test asks for them; see
//! `harness/mod.rs` for what a test gets, and add a test by its name to the list at the top of its
//! file.

mod admin;
mod connect;
mod figures;
mod harness;
mod observe;
mod specs;

fn main() -> std::process::ExitCode {
    let arguments = libtest_mimic::Arguments::from_args();
    let mut tests = Vec::new();
    tests.extend(admin::tests());
    tests.extend(connect::tests());
    tests.extend(observe::tests());
    tests.extend(specs::tests());
    let figures = figures::tests().into_iter();
    tests.extend(figures.map(|figure| figure.with_ignored_flag(true)));
    let conclusion = libtest_mimic::run(&arguments, tests);
    harness::stop();
    conclusion.exit_code()
}
