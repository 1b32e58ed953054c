//! Work on a cluster that can be stopped in order, with its progress for whoever waits.

use super::session::Session;
use crate::apply::{Event, Stop};
use crate::model::Phase;

/// Does something under a progress bar, until `stop` is set: a signal does that.
pub async fn under_way<T>(
    session: &Session,
    stop: &Stop,
    work: impl AsyncFnOnce(&mut (dyn FnMut(Event) + Send)) -> T,
) -> T {
    session.work.begins(stop);
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
    work(&mut events).await
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Create => "creating topics",
        Phase::Partitions => "adding partitions",
        Phase::LowerMinIsr | Phase::Configs | Phase::RaiseMinIsr => "changing configs",
        Phase::Delete => "deleting topics",
    }
}
