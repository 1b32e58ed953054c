//! The librdkafka clients behind a cluster: made, found to work, given up.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{OnceCell, oneshot};
use tokio::time::Instant;

use super::client_events::ClientEvents;
use super::cluster::{Limits, PAUSE};
use super::error::Error;
use super::fault::{CLOSED, Fault, TIMED_OUT};
use super::ffi::{Client, Role};
use super::pace::{self, Pace};
use super::{probe, settings};
use crate::model::connection::Connection;

/// How long one attempt of a request may take. KRaft names brokers as the controller that are
/// gone (until they are fenced, about 9 s), and a client that went to one can stay stuck for
/// minutes where a fresh one is answered at once.
pub(super) const ATTEMPT: Duration = Duration::from_secs(10);

/// How long librdkafka gets for a host's other addresses, once all servers failed.
const OTHER_ADDRESSES: Duration = Duration::from_secs(1);

/// How long it gets for what it says after that, where no other address can help.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// The clients in use. They are replaced together.
pub(super) struct Clients {
    pub client_events: Arc<ClientEvents>,
    pub first: Arc<Client>,
    /// The brokers that there were when it connected.
    pub brokers: Vec<i32>,
    /// Made once there is work for them.
    others: [OnceCell<Arc<Client>>; 2],
    connection: Arc<Connection>,
    pace: Arc<Pace>,
}

impl Clients {
    /// Makes the first client and waits until a broker answers it. A client that went to a
    /// controller that is gone is given up for a fresh one.
    pub async fn open(
        connection: &Arc<Connection>,
        limits: Limits,
        pace: &Arc<Pace>,
    ) -> Result<Self, Error> {
        let deadline = Instant::now() + limits.timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut clients = Self::new(connection, left.min(ATTEMPT), pace)?;
            let client_events = &clients.client_events;
            let (fault, hopeless) = tokio::select! {
                fault = stuck(client_events) => (fault, false),
                answer = clients.first.describe_cluster(left) => match answer {
                    Ok((_, brokers)) => {
                        client_events.all_is_well();
                        client_events.reached().into_iter().for_each(|took| pace.saw(took));
                        clients.brokers = brokers.iter().map(|broker| broker.id).collect();
                        return Ok(clients);
                    }
                    Err(fault) => (fault, false),
                },
                fault = given_up(client_events) => (fault, true),
            };
            look_for_tls(client_events, connection).await;
            let error = Error::connecting(connection, &fault, client_events, limits.timeout);
            let late = left <= ATTEMPT || Instant::now() + PAUSE >= deadline;
            if hopeless || error.cause().is_lasting() || late {
                return Err(error);
            }
        }
    }

    /// Makes the first client, which starts to connect.
    pub fn new(
        connection: &Arc<Connection>,
        timeout: Duration,
        pace: &Arc<Pace>,
    ) -> Result<Self, Error> {
        let client_events = Arc::new(ClientEvents::default());
        let first = client(connection, timeout, &client_events)?;
        Ok(Self {
            first: Arc::new(first),
            brokers: Vec::new(),
            others: Default::default(),
            connection: Arc::clone(connection),
            pace: Arc::clone(pace),
            client_events,
        })
    }

    /// One of the clients, in turn. A broker answers the requests of a connection one after the other:
    /// a single one is asked over three, so that it need not wait for the next question. Where the
    /// cluster is far away, that is what costs least.
    pub async fn pick(&self, number: usize) -> Result<Arc<Client>, Error> {
        let others = match self.brokers.len() {
            0 | 1 => &self.others[..],
            _ => &self.others[..1],
        };
        let Some(at) = (number % (1 + others.len())).checked_sub(1) else {
            return Ok(Arc::clone(&self.first));
        };
        if self.pace.is_far() && !others[at].initialized() {
            return Ok(Arc::clone(&self.first));
        }
        let make = async || client(&self.connection, ATTEMPT, &self.client_events).map(Arc::new);
        others[at].get_or_try_init(make).await.cloned()
    }
}

fn client(
    connection: &Arc<Connection>,
    timeout: Duration,
    client_events: &Arc<ClientEvents>,
) -> Result<Client, Error> {
    let listener = Arc::clone(client_events);
    let properties = settings::properties(connection, timeout);
    Client::new(
        Arc::clone(connection),
        Role::Asks,
        &properties,
        Box::new(move |notice| listener.hear(notice)),
    )
    .map_err(|fault| Error::refused_settings(&fault))
}

/// Finds out which of the servers that hung up expect TLS.
pub(super) async fn look_for_tls(client_events: &ClientEvents, connection: &Connection) {
    let failures = client_events.failures().into_iter();
    for failure in failures.filter(|failure| failure.may_expect_tls(connection)) {
        let server = connection.address(&failure.server);
        if on_thread(move || Ok(probe::speaks_tls(&server))).await == Ok(true) {
            client_events.expects_tls(&failure.server);
        }
    }
}

/// Returns when a client had all the time for its first answer that it can need.
async fn stuck(client_events: &ClientEvents) -> Fault {
    tokio::time::sleep(ATTEMPT).await;
    let needed = client_events
        .reached()
        .map_or(ATTEMPT, pace::for_fresh_client);
    tokio::time::sleep(needed.saturating_sub(ATTEMPT)).await;
    Fault::new(
        TIMED_OUT,
        format!("no answer within {:?}", needed.max(ATTEMPT)),
    )
}

/// Returns when there is no hope left.
pub(super) async fn given_up(client_events: &ClientEvents) -> Fault {
    let wait = match client_events.hopeless().await {
        true => OTHER_ADDRESSES,
        false => LAST_WORDS,
    };
    tokio::time::sleep(wait).await;
    Fault::new(TIMED_OUT, "all servers failed".to_owned())
}

/// Drops a topic whose client may be stuck, where nobody has to wait until it stops reading.
pub(super) fn drop_aside<T: Send + 'static>(topic: T) {
    // Without a thread it is dropped here.
    let _ = thread::Builder::new().spawn(move || drop(topic));
}

/// Runs a call that blocks on a thread of its own. Not on one of the runtime's: the runtime would
/// wait for it when the process ends.
pub(super) async fn on_thread<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let (sender, receiver) = oneshot::channel();
    let thread = thread::Builder::new().spawn(move || {
        // Nobody waits any more where the caller gave up.
        let _ = sender.send(call());
    });
    if let Err(error) = thread {
        return Err(Fault::invalid(format!("no thread for a request: {error}")));
    }
    receiver
        .await
        .unwrap_or_else(|_| Err(Fault::new(CLOSED, "the client was closed".to_owned())))
}
