//! The ways out of a command that holds a lock: however it ends, what it holds is given back. A signal
//! ends it in order where work is under way, and at once before that; so does a second one. A panic is
//! an error.

use std::fmt;
use std::fs;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use futures_util::FutureExt;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::session::Session;
use crate::app::Problem;
use crate::apply::Stop;
use crate::inventory;

/// The work that a signal ends in order, once there is any.
#[derive(Default)]
pub struct InterruptibleWork(Mutex<Option<Stop>>);

impl InterruptibleWork {
    /// Work begins that ends in order once `stop` is set. From now on the cluster may have changed.
    pub(super) fn begins(&self, stop: &Stop) {
        *self.lock() = Some(stop.clone());
    }

    fn stop(&self) -> Option<Stop> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Stop>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for InterruptibleWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Work").field(&self.stop()).finish()
    }
}

/// Does what may hold locks, and returns once they are given back.
///
/// # Errors
/// Those of the work; or it was ended by a signal or a panic.
pub async fn with_way_out<T>(
    session: &Session,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let signals = Signals::listen()?;
    let work = AssertUnwindSafe(work).catch_unwind();
    let ended = tokio::select! {
        biased;
        ended = work => ended.unwrap_or_else(|_| Err(panicked(session).into())),
        problem = ended_by(session, signals) => Err(problem.into()),
    };
    // What held them is dropped by now.
    inventory::given_back().await;
    ended
}

/// Returns at the signal that ends the work at once.
async fn ended_by(session: &Session, mut signals: Signals) -> Problem {
    signals.next().await;
    let Some(stop) = session.work.stop() else {
        let help = "run it again to go on";
        return Problem::interrupted("interrupted, and no topic was changed", help);
    };
    stop.set();
    let text = "finishing in-flight requests; press Ctrl-C again to abort\n";
    session.terminal.tell(text);
    signals.next().await;
    let help = "run it again: what is done already is not done again";
    let message = "interrupted at once: what was in flight may have changed topics";
    Problem::interrupted(message, help)
}

/// The panic hook has told what and where.
fn panicked(session: &Session) -> Problem {
    let help = "this is a bug in topicsmith: please report it with what stands above";
    match session.work.stop() {
        None => Problem::error("internal error, and no topic was changed", help),
        Some(_) => Problem::partial("internal error: topics may have been changed", help),
    }
}

/// The signals that ask a process to end.
struct Signals(Vec<Signal>);

impl Signals {
    /// Listens to those that are not ignored: `nohup`, and a shell for what it puts in the background,
    /// have a process start so.
    fn listen() -> Result<Self> {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
        ];
        let heard = kinds
            .into_iter()
            .filter(|kind| !is_ignored(&status, kind.as_raw_value()));
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self(heard.map(listen).collect::<Result<_>>()?))
    }

    async fn next(&mut self) {
        let each = self.0.iter_mut().map(|signal| Box::pin(signal.recv()));
        let each: Vec<_> = each.collect();
        match each.is_empty() {
            true => std::future::pending().await,
            false => drop(futures_util::future::select_all(each).await),
        }
    }
}

/// Whether a process with this `/proc/self/status` ignores a signal. Without one it is taken not to.
fn is_ignored(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_that_is_ignored_is_left_so() {
        let status = "Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\tffff\n";
        assert!(is_ignored(status, 1));
        assert!(is_ignored(status, 13));
        assert!(!is_ignored(status, 2));
        assert!(!is_ignored("", 1));
    }
}
