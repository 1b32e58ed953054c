//! Questions on their way to an answer: a few requests in flight, repeated where that can help.
//! Nothing is changed by them, so that they can be repeated after any fault.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};

use crate::kafka::{Cluster, Error, Fault, FaultKind};

/// Requests that are under way at the same time: measured, more of them gain nothing.
const IN_FLIGHT: usize = 2;
/// How long to wait before a question is repeated.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a question is repeated: a controller that is gone is known to be after about 9 s.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks the batches, and gives what was answered with a fault.
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
            // The old client may wait for a broker that is gone.
            cluster.renew().await?;
        }
        open = again;
    }
}

/// Whether a fault says nothing about the change itself. A broker that fails at a question
/// (`UNKNOWN_SERVER_ERROR`) would fail at the change.
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
