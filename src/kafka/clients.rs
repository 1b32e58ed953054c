//! The librdkafka clients of a cluster: creation, health check, replacement.

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

/// The time limit of one attempt of a request. KRaft returns brokers that are down as the
/// controller (until they are fenced, about 9 s), and a client that connects to one can be stuck
/// for minutes while a new client gets a response at once.
pub(super) const ATTEMPT: Duration = Duration::from_secs(10);

/// The time for a host's other addresses after all servers have failed.
const OTHER_ADDRESSES: Duration = Duration::from_secs(1);

/// The time for librdkafka's remaining events if no other address can help.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// The current clients, which are replaced together.
pub(super) struct Clients {
    pub client_events: Arc<ClientEvents>,
    pub first: Arc<Client>,
    /// The brokers at connection time.
    pub brokers: Vec<i32>,
    /// Created on demand.
    others: [OnceCell<Arc<Client>>; 2],
    connection: Arc<Connection>,
    pace: Arc<Pace>,
}

impl Clients {
    /// Creates the first client and waits for a broker's response. A client that is stuck on a
    /// controller that is down is replaced by a new one.
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

    /// Creates the first client, which starts to connect.
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

    /// Returns one of the clients in turn. A broker answers the requests of a connection in
    /// sequence; a single broker gets three connections, so that it always has a request to work
    /// on. This costs least when the cluster is far away.
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

/// Detects which of the servers that closed the connection expect TLS.
pub(super) async fn look_for_tls(client_events: &ClientEvents, connection: &Connection) {
    let failures = client_events.failures().into_iter();
    for failure in failures.filter(|failure| failure.may_expect_tls(connection)) {
        let server = connection.address(&failure.server);
        if on_thread(move || Ok(probe::speaks_tls(&server))).await == Ok(true) {
            client_events.expects_tls(&failure.server);
        }
    }
}

/// Completes after the maximum time that a client's first response can take.
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

/// Completes when no response is possible any more.
pub(super) async fn given_up(client_events: &ClientEvents) -> Fault {
    let wait = match client_events.hopeless().await {
        true => OTHER_ADDRESSES,
        false => LAST_WORDS,
    };
    tokio::time::sleep(wait).await;
    Fault::new(TIMED_OUT, "all servers failed".to_owned())
}

/// Drops a topic on another thread, because its client may be stuck and would block until it stops
/// reading.
pub(super) fn drop_aside<T: Send + 'static>(topic: T) {
    // If no thread can be created, the topic is dropped here.
    let _ = thread::Builder::new().spawn(move || drop(topic));
}

/// Runs a blocking call on its own thread. The runtime's blocking threads are not used, because the
/// runtime would wait for them at exit.
pub(super) async fn on_thread<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let (sender, receiver) = oneshot::channel();
    let thread = thread::Builder::new().spawn(move || {
        // The caller may have given up.
        let _ = sender.send(call());
    });
    if let Err(error) = thread {
        return Err(Fault::invalid(format!("no thread for a request: {error}")));
    }
    receiver
        .await
        .unwrap_or_else(|_| Err(Fault::new(CLOSED, "the client was closed".to_owned())))
}
