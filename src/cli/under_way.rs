//! Work on a cluster that can be stopped in order, with its progress for whoever waits.

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use super::exit::Exit;
use super::session::Session;
use crate::apply::{Event, Phase, Stop};
use crate::kafka;
use crate::terminal::Terminal;

/// Does something under a progress bar. Ctrl-C and SIGTERM end it after the requests in flight.
///
/// # Errors
/// Nobody can listen for signals.
pub async fn under_way<T>(
    session: &Session,
    stop: &Stop,
    work: impl AsyncFnOnce(&mut (dyn FnMut(Event) + Send)) -> T,
) -> Result<T> {
    let listener = tokio::spawn(stop_on_signals(stop.clone(), session.terminal)?);
    let mut progress = session.terminal.progress();
    let mut reading = false;
    let mut events = |event| match event {
        Event::Phase(phase, steps) => {
            reading = false;
            progress.begin(name(phase), steps);
        }
        Event::Answered(steps) => progress.advance(steps),
        Event::Reading(steps) => {
            if !std::mem::replace(&mut reading, true) {
                progress.begin("reading back", steps);
            }
            progress.left(steps);
        }
    };
    let done = work(&mut events).await;
    listener.abort();
    Ok(done)
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Create => "creating topics",
        Phase::Partitions => "adding partitions",
        Phase::LowerMinIsr | Phase::Configs | Phase::RaiseMinIsr => "changing configs",
        Phase::Delete => "deleting topics",
    }
}

/// Listens from now on: the first signal ends the work in order, the second one at once.
fn stop_on_signals(
    stop: Stop,
    terminal: Terminal,
) -> Result<impl Future<Output = ()> + Send + 'static> {
    let listen = |kind| signal(kind).context("cannot listen for Ctrl-C");
    let (mut interrupt, mut terminate) = (
        listen(SignalKind::interrupt())?,
        listen(SignalKind::terminate())?,
    );
    Ok(async move {
        for first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if first {
                stop.set();
                terminal
                    .tell("stopping once what is in flight is answered; again to stop at once\n");
            }
        }
        kafka::leave(Exit::Interrupted.code());
    })
}
