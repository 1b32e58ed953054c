//! Applies over a failing network: every fault, at every request of an apply, for every kind of
//! change; for some of them with an inventory, too. A cell of this matrix is data; `cell.rs` has
//! the requirements on each.

mod cell;
mod change;

use std::time::Duration;

use crate::harness::Test;
use crate::harness::proxy::{Api, Fault, Rule, When};
use cell::{Cell, Ends};
use change::Change;

crate::harness::tests! {
    accepted_and_not_done,
    the_network_lost_for_good,
    requests_and_answers_lost,
    requests_late,
    requests_refused,
    answers_that_leave_it_open,
    reading_back,
    planning,
}

/// The binary's time limit of one request.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Kafka's error codes.
const UNKNOWN_SERVER_ERROR: i16 = -1;
const REQUEST_TIMED_OUT: i16 = 7;
const NOT_CONTROLLER: i16 = 41;
const POLICY_VIOLATION: i16 = 44;
const THROTTLING_QUOTA_EXCEEDED: i16 = 89;

/// The ways to lose a request or its response.
const LOST: [Fault; 4] = [
    Fault::CutBefore,
    Fault::CutAfter,
    Fault::SilentBefore,
    Fault::SilentAfter,
];

/// Returns cells with a fault on the first requests that write, for every kind of change.
fn on_writes(name: &str, fault: Fault, times: usize, ends: Ends) -> Vec<Cell> {
    let cell = |change: Change| {
        let rule = Rule::new(change.api(), When::Writing, fault).times(times);
        Cell::new(
            format!("{name}-{}", change.name()),
            change,
            vec![rule],
            ends,
        )
    };
    Change::ALL.into_iter().map(cell).collect()
}

/// Returns cells with each way to lose the n-th request that reads, or its response, for each of
/// these changes.
fn on_reads(api: Api, when: When, nth: usize, changes: &[Change], ends: Ends) -> Vec<Cell> {
    let cells = changes.iter().flat_map(|change| {
        LOST.into_iter().map(move |fault| {
            let name = format!("{api:?}-{nth}-{fault:?}-{}", change.name());
            let rule = Rule::new(api, when, fault).nth(nth);
            Cell::new(name, *change, vec![rule], ends)
        })
    });
    cells.collect()
}

async fn requests_and_answers_lost(test: Test) {
    let mut cells = Vec::new();
    for fault in LOST {
        cells.extend(on_writes(&format!("{fault:?}"), fault, 1, Ends::Applied));
    }
    for fault in [Fault::CutAfter, Fault::SilentAfter] {
        let owning = on_writes(&format!("{fault:?}"), fault, 1, Ends::Applied);
        cells.extend(owning.into_iter().map(Cell::owning));
    }
    // Repeatedly; and the first reads of what was done fail, too.
    for mut cell in on_writes("again", Fault::CutAfter, usize::MAX, Ends::Applied) {
        let blind = |api| Rule::new(api, When::After, Fault::CutBefore).times(2);
        cell.rules
            .extend([Api::Metadata, Api::DescribeConfigs].map(blind));
        cells.push(cell);
    }
    cell::run(&test, cells).await;
}

async fn requests_late(test: Test) {
    let mut cells = on_writes("slow", Fault::Delay(TIMEOUT / 3), 1, Ends::Applied);
    // It arrives after its retry is done.
    cells.extend(on_writes(
        "late",
        Fault::Delay(TIMEOUT * 2),
        1,
        Ends::Applied,
    ));
    cell::run(&test, cells).await;
}

async fn requests_refused(test: Test) {
    let refused = |name, code, times, ends| on_writes(name, Fault::Refused(code), times, ends);
    let mut cells = refused("not-controller", NOT_CONTROLLER, 2, Ends::Applied);
    cells.extend(refused(
        "quota",
        THROTTLING_QUOTA_EXCEEDED,
        3,
        Ends::Applied,
    ));
    cells.extend(refused("policy", POLICY_VIOLATION, 1, Ends::Failed));
    cell::run(&test, cells).await;
}

async fn answers_that_leave_it_open(test: Test) {
    let mut cells = Vec::new();
    for (name, code) in [
        ("timed-out", REQUEST_TIMED_OUT),
        ("unknown", UNKNOWN_SERVER_ERROR),
    ] {
        let done = Fault::DoneBut(code);
        cells.extend(on_writes(&format!("{name}-done"), done, 1, Ends::Applied));
        let not_done = Fault::Refused(code);
        cells.extend(on_writes(
            &format!("{name}-not-done"),
            not_done,
            1,
            Ends::Applied,
        ));
    }
    cell::run(&test, cells).await;
}

async fn accepted_and_not_done(test: Test) {
    let mut cells = on_writes("pretended", Fault::Pretended, 1, Ends::NotKept);
    for cell in &mut cells {
        // A create has no values that could differ.
        if cell.change == Change::Create {
            cell.ends = Ends::Unknown;
        }
    }
    let owning: Vec<Cell> = cells.iter().cloned().map(Cell::owning).collect();
    cells.extend(owning);
    cell::run(&test, cells).await;
}

async fn the_network_lost_for_good(test: Test) {
    let mut cells = on_writes("at-once", Fault::NetworkLost, 1, Ends::Stopped);
    let owning: Vec<Cell> = cells.iter().cloned().map(Cell::owning).collect();
    cells.extend(owning);
    // The change is made, its response is lost, and then the network is down.
    for mut cell in on_writes("after", Fault::CutAfter, 1, Ends::Stopped) {
        let lost = Rule::new(Api::Metadata, When::After, Fault::NetworkLost);
        cell.rules.push(lost);
        cells.push(cell);
    }
    cell::run(&test, cells).await;
}

async fn reading_back(test: Test) {
    let on = |api, changes| on_reads(api, When::After, 1, changes, Ends::Applied);
    let mut cells = on(
        Api::Metadata,
        &[Change::Create, Change::Partitions, Change::Delete],
    );
    let configs = [Change::Create, Change::Configs, Change::MinIsr];
    cells.extend(on(Api::DescribeConfigs, &configs));
    cell::run(&test, cells).await;
}

/// Before the first change, an apply may fail without any changes.
async fn planning(test: Test) {
    let on = |api, nth, ends| on_reads(api, When::Before, nth, &[Change::Configs], ends);
    let mut cells = on(Api::Metadata, 1, Ends::Unreached);
    cells.extend(on(Api::Metadata, 2, Ends::Unreached));
    cells.extend(on(Api::Metadata, 3, Ends::Unreached));
    cells.extend(on(Api::DescribeConfigs, 1, Ends::Applied));
    cell::run(&test, cells).await;
}
