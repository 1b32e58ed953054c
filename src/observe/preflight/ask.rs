//! Sends validation requests: a few in flight, with retries where they can help. They change
//! nothing, so they can be retried after any fault.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::kafka::{Cluster, Error, Fault, FaultKind};

/// Maximum requests in flight; more are not faster, as measured.
const IN_FLIGHT: usize = 2;
/// The pause before a retry.
const PAUSE: Duration = Duration::from_millis(200);
/// The maximum time of retries: a controller that is down is detected after about 9 s.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends the batches, and returns the items with a fault.
pub(in crate::observe) async fn ask<T: Clone>(
    cluster: &Cluster,
    batches: Vec<Vec<T>>,
    send: impl AsyncFn(Vec<T>) -> Result<Vec<Result<(), Fault>>, Fault>,
) -> Result<Vec<(T, Fault)>, Error> {
    let send = &send;
    let answers = batches
        .into_iter()
        .map(|batch| settle(cluster, batch, send));
    let answers: Vec<Vec<(T, Fault)>> = stream::iter(answers)
        .buffered(IN_FLIGHT)
        .try_collect()
        .await?;
    Ok(answers.concat())
}

async fn settle<T: Clone>(
    cluster: &Cluster,
    mut open: Vec<T>,
    send: &impl AsyncFn(Vec<T>) -> Result<Vec<Result<(), Fault>>, Fault>,
) -> Result<Vec<(T, Fault)>, Error> {
    let give_up = Instant::now() + PATIENCE;
    let mut faults = Vec::new();
    loop {
        let answers = send(open.clone()).await;
        let answers = answers.unwrap_or_else(|fault| vec![Err(fault); open.len()]);
        let mut again = Vec::new();
        let mut last = None;
        for (item, answer) in open.into_iter().zip(answers) {
            match answer {
                Ok(()) => {}
                Err(fault) if is_no_answer(&fault) => {
                    again.push(item);
                    last = Some(fault);
                }
                Err(fault) => faults.push((item, fault)),
            }
        }
        let Some(fault) = last else {
            return Ok(faults);
        };
        if Instant::now() + PAUSE >= give_up {
            return Err(cluster.without_controller("the cluster's answer to the dry run"));
        }
        tokio::time::sleep(PAUSE).await;
        if fault.kind() == FaultKind::Unanswered {
            // The old client may be waiting for a broker that is down.
            cluster.renew().await?;
        }
        open = again;
    }
}

/// Returns whether a fault is independent of the change itself. A broker that fails on the
/// validation (`UNKNOWN_SERVER_ERROR`) would fail on the change.
fn is_no_answer(fault: &Fault) -> bool {
    const UNKNOWN: i32 = -1;
    match fault.kind() {
        FaultKind::NotController | FaultKind::Retriable => true,
        FaultKind::Unanswered => fault.code != UNKNOWN,
        FaultKind::AlreadyExists
        | FaultKind::Missing
        | FaultKind::InvalidPartitions
        | FaultKind::Throttled
        | FaultKind::NotAuthorised
        | FaultKind::Unsupported
        | FaultKind::Permanent => false,
    }
}
