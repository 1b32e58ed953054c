//! Tests against a real Apache Kafka. Brokers are started when the first test needs them. See
//! `harness/mod.rs` for the environment of a test; to add a test, add its name to the list at the
//! top of its file.

mod admin;
mod apply;
mod approvals;
mod catalog;
mod causes;
mod ci;
mod connect;
mod credentials;
mod doctor;
mod examples;
mod faults;
mod figures;
mod harness;
mod import;
mod instances;
mod inventory;
mod lock;
mod meanwhile;
mod metrics;
mod observe;
mod ownership;
mod preflight;
mod reading;
mod releases;
mod rights;
mod secrets;
mod secure;
mod show;
mod soak;
mod specs;
mod tour;
mod usage;
mod ways_out;

fn main() -> std::process::ExitCode {
    if let Some(exit) = lock::holder() {
        return exit;
    }
    let arguments = libtest_mimic::Arguments::from_args();
    let groups = [
        admin::tests(),
        apply::tests(),
        approvals::tests(),
        catalog::tests(),
        causes::tests(),
        ci::tests(),
        connect::tests(),
        credentials::tests(),
        doctor::tests(),
        examples::tests(),
        faults::tests(),
        import::tests(),
        instances::tests(),
        inventory::tests(),
        lock::tests(),
        meanwhile::tests(),
        metrics::tests(),
        observe::tests(),
        ownership::tests(),
        preflight::tests(),
        reading::tests(),
        releases::tests(),
        rights::tests(),
        secrets::tests(),
        secure::tests(),
        show::tests(),
        specs::tests(),
        tour::tests(),
        usage::tests(),
        ways_out::tests(),
    ];
    let on_demand = figures::tests().into_iter().chain(soak::tests());
    let on_demand = on_demand.map(|test| test.with_ignored_flag(true));
    let tests = groups.into_iter().flatten().chain(on_demand).collect();
    let conclusion = libtest_mimic::run(&arguments, tests);
    harness::stop();
    conclusion.exit_code()
}
