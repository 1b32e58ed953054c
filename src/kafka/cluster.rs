//! A cluster: its clients and the calls on them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::admin::Items;
use super::clients::{self, ATTEMPT, Clients};
use super::error::Error;
use super::fault::{Fault, FaultKind};
use super::ffi::Client;
use super::pace::Pace;
use super::settings;
use super::types::{Alter, Configs, Metadata, Mode, NewTopic, TopicDescription};
use crate::model::connection::Connection;
use crate::model::{ConfigKey, TopicName};

/// The time limit of a read's first attempt; it doubles with each attempt. A stuck client is
/// replaced soon, and a slow response still arrives.
const FIRST_READ: Duration = Duration::from_secs(3);

/// The pause before a read is retried.
pub(super) const PAUSE: Duration = Duration::from_millis(200);

/// Topics per DescribeConfigs request: librdkafka sorts the response in quadratic time, and brokers
/// take more time per topic for large responses.
const CONFIGS: Batches = Batches {
    size: 64,
    spread: true,
};

/// Topics per request if only a few keys of each are requested: the responses are short.
const NAMED_CONFIGS: Batches = Batches {
    size: 250,
    spread: true,
};

/// Topics per DescribeTopics request; the responses are short, too.
const TOPICS: Batches = Batches {
    size: 250,
    spread: true,
};

/// Maximum concurrent requests over all clients, enough to hide the latency of a distant broker.
const IN_FLIGHT: usize = 12;

/// Minimum number of requests for which a third client is created; connecting takes as long as a
/// few responses.
const MANY: usize = 32;

/// How a request for many items is split.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batches {
    /// Items per request.
    pub size: usize,
    /// Whether any broker can respond, so that requests are distributed over all brokers.
    pub spread: bool,
}

impl Batches {
    /// Creates batches of a size, which librdkafka routes.
    pub const fn of(size: usize) -> Self {
        Self {
            size,
            spread: false,
        }
    }
}

/// The route of a request.
pub(super) struct Via {
    pub client: Arc<Client>,
    /// The broker to send to, if it matters.
    pub broker: Option<i32>,
    pub timeout: Duration,
}

/// Time limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The time limit of one request. Reads are retried within it on a new client; changes are
    /// attempted once, for up to 10 s.
    pub timeout: Duration,
}

/// A connected cluster. Cheap to clone.
#[derive(Clone)]
pub struct Cluster(Arc<Inner>);

struct Inner {
    connection: Arc<Connection>,
    limits: Limits,
    clients: Mutex<Arc<Clients>>,
    pace: Arc<Pace>,
    /// Brokers that did not respond when they were selected; librdkafka routes their requests.
    silent: Mutex<BTreeSet<i32>>,
    renewing: tokio::sync::Mutex<()>,
}

impl Cluster {
    /// Connects. Returns after a broker's response, or an error as soon as the cause is known.
    ///
    /// # Errors
    /// Returns why no broker could be reached.
    pub async fn connect(connection: Connection, limits: Limits) -> Result<Cluster, Error> {
        settings::check(&connection)?;
        let connection = Arc::new(settings::prepared(connection));
        let started = Instant::now();
        let pace = Arc::default();
        let clients = Clients::open(&connection, limits, &pace).await?;
        info!(took = ?started.elapsed(), "a broker answered");
        Ok(Cluster(Arc::new(Inner {
            connection,
            limits,
            clients: Mutex::new(Arc::new(clients)),
            pace,
            silent: Mutex::default(),
            renewing: tokio::sync::Mutex::default(),
        })))
    }

    /// Connects, with retries until `wait` has passed; `tick` receives the error of each attempt.
    /// An error that waiting cannot resolve is returned at once.
    ///
    /// # Errors
    /// Returns the error of the last attempt.
    pub async fn connect_within(
        connection: Connection,
        limits: Limits,
        wait: Duration,
        mut tick: impl FnMut(&Error),
    ) -> Result<Cluster, Error> {
        let deadline = Instant::now() + wait;
        loop {
            let error = match Cluster::connect(connection.clone(), limits).await {
                Ok(cluster) => return Ok(cluster),
                Err(error) => error,
            };
            if error.cause().is_lasting() || Instant::now() + PAUSE >= deadline {
                return Err(error);
            }
            tick(&error);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Returns the brokers, and all topics with their partitions.
    ///
    /// # Errors
    /// Returns why the call failed.
    pub async fn metadata(&self) -> Result<Metadata, Error> {
        let topics = self.read("the topics", 0, |client, timeout| async move {
            clients::on_thread(move || client.metadata(timeout)).await
        });
        // The second client connects in parallel.
        let cluster = self.read("the brokers", 1, |client, timeout| async move {
            client.describe_cluster(timeout).await
        });
        let (mut metadata, (id, nodes)) = tokio::try_join!(topics, cluster)?;
        metadata.cluster_id = id;
        for broker in &mut metadata.brokers {
            let node = nodes.iter().find(|node| node.id == broker.id);
            broker.rack = node.and_then(|node| node.rack.clone());
        }
        Ok(metadata)
    }

    /// Returns all configs of the topics, or a fault for a topic that is missing or not authorized.
    ///
    /// # Errors
    /// Returns why the call failed.
    pub async fn describe_topic_configs(
        &self,
        names: &[TopicName],
    ) -> Result<BTreeMap<TopicName, Result<Configs, Fault>>, Error> {
        self.describe_configs(names, BTreeMap::new(), CONFIGS).await
    }

    /// Returns the given configs of each topic, in half the time of
    /// [`Self::describe_topic_configs`].
    ///
    /// # Errors
    /// Returns why the call failed.
    pub async fn describe_named_configs(
        &self,
        keys: BTreeMap<TopicName, BTreeSet<ConfigKey>>,
    ) -> Result<BTreeMap<TopicName, Result<Configs, Fault>>, Error> {
        let names: Vec<TopicName> = keys.keys().cloned().collect();
        self.describe_configs(&names, keys, NAMED_CONFIGS).await
    }

    async fn describe_configs(
        &self,
        names: &[TopicName],
        keys: BTreeMap<TopicName, BTreeSet<ConfigKey>>,
        batches: Batches,
    ) -> Result<BTreeMap<TopicName, Result<Configs, Fault>>, Error> {
        let keys = Arc::new(keys);
        let ask = move |via: Via, batch: Arc<[TopicName]>| {
            let keys = Arc::clone(&keys);
            async move {
                let Via {
                    client,
                    broker,
                    timeout,
                } = via;
                client
                    .describe_topic_configs(&batch, &keys, broker, timeout)
                    .await
            }
        };
        self.read_batches("the topics' configs", names, batches, ask)
            .await
    }

    /// Returns whether all responding brokers know a topic: brokers learn of a new topic one after
    /// the other.
    ///
    /// # Errors
    /// Returns why no broker responds.
    pub async fn all_know(&self, topic: &TopicName) -> Result<bool, Error> {
        let brokers = self.clients().brokers.clone();
        for (number, broker) in brokers.into_iter().enumerate() {
            let ask = |via: Via| async move {
                let Via {
                    client,
                    broker,
                    timeout,
                } = via;
                let names = std::slice::from_ref(topic);
                client.describe_topics(names, false, broker, timeout).await
            };
            let told = self.read_from(Some(broker), "the topics' ids", number, ask);
            let is_unknown = |(_, described): &(TopicName, Result<TopicDescription, Fault>)| {
                let fault = described.as_ref().err();
                fault.is_some_and(|fault| fault.kind() == FaultKind::Missing)
            };
            if told.await?.iter().any(is_unknown) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns all configs of one broker.
    ///
    /// # Errors
    /// Returns why the call failed.
    pub async fn describe_broker_configs(
        &self,
        broker: i32,
    ) -> Result<Result<Configs, Fault>, Error> {
        self.read("a broker's configs", 0, |client, timeout| async move {
            client.describe_broker_configs(broker, timeout).await
        })
        .await
    }

    /// Returns the ids of the topics.
    ///
    /// # Errors
    /// Returns why the call failed.
    pub async fn describe_topics(
        &self,
        names: &[TopicName],
    ) -> Result<BTreeMap<TopicName, Result<TopicDescription, Fault>>, Error> {
        self.describe("the topics' ids", names, false).await
    }

    /// Returns the ids of the topics and the operations that this principal is authorized to: eight
    /// more checks by the brokers' authorizer per topic.
    ///
    /// # Errors
    /// Returns why the call failed.
    pub async fn describe_topics_and_rights(
        &self,
        names: &[TopicName],
    ) -> Result<BTreeMap<TopicName, Result<TopicDescription, Fault>>, Error> {
        self.describe("the topics' rights", names, true).await
    }

    async fn describe(
        &self,
        what: &'static str,
        names: &[TopicName],
        rights: bool,
    ) -> Result<BTreeMap<TopicName, Result<TopicDescription, Fault>>, Error> {
        let ask = move |via: Via, batch: Arc<[TopicName]>| async move {
            let Via {
                client,
                broker,
                timeout,
            } = via;
            let asked = client.describe_topics(&batch, rights, broker, timeout);
            asked.await
        };
        self.read_batches(what, names, TOPICS, ask).await
    }

    /// Creates topics, in one request and one attempt. Returns one result per topic, in order.
    /// Topics must be unique.
    ///
    /// # Errors
    /// Returns why the request as a whole failed.
    pub async fn create_topics(&self, topics: &[NewTopic], mode: Mode) -> Result<Items, Fault> {
        self.write(async |client, timeout| client.create_topics(topics, mode, timeout).await)
            .await
    }

    /// Increases topics to the given partition counts, in one request and one attempt. Returns one
    /// result per topic, in order. Topics must be unique.
    ///
    /// # Errors
    /// Returns why the request as a whole failed.
    pub async fn create_partitions(
        &self,
        topics: &[(TopicName, u32)],
        mode: Mode,
    ) -> Result<Items, Fault> {
        self.write(async |client, timeout| client.create_partitions(topics, mode, timeout).await)
            .await
    }

    /// Changes single configs of topics, in one request and one attempt. Returns one result per
    /// topic, in order. Topics must be unique.
    ///
    /// # Errors
    /// Returns why the request as a whole failed.
    pub async fn incremental_alter_configs(
        &self,
        alters: &[Alter],
        mode: Mode,
    ) -> Result<Items, Fault> {
        self.write(async |client, timeout| {
            client
                .incremental_alter_configs(alters, mode, timeout)
                .await
        })
        .await
    }

    /// Deletes topics, in one request and one attempt. Returns one result per topic, in order.
    /// Topics must be unique.
    ///
    /// # Errors
    /// Returns why the request as a whole failed.
    pub async fn delete_topics(&self, names: &[TopicName]) -> Result<Items, Fault> {
        self.write(async |client, timeout| client.delete_topics(names, timeout).await)
            .await
    }

    /// Replaces clients that no longer get responses.
    ///
    /// # Errors
    /// Returns why no broker could be reached.
    pub async fn renew(&self) -> Result<(), Error> {
        let stale = self.clients();
        self.replace(&stale, self.0.limits).await
    }

    /// Returns the error of a request that the controller never answered although brokers are
    /// reachable.
    pub fn without_controller(&self, what: &str) -> Error {
        Error::controller(&self.0.connection, what, &self.clients().client_events)
    }

    /// Returns the client's principal, `User:ci`, if it is known and not secret.
    pub fn principal(&self) -> Option<String> {
        self.clients().first.principal()
    }

    /// Returns the Kafka release, `4.3`, as far as the brokers' API versions identify it.
    pub fn kafka_version(&self) -> Option<String> {
        self.clients().client_events.release().map(str::to_owned)
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.0.connection
    }

    /// Returns the time limits.
    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Returns the measured latency.
    pub(super) fn pace(&self) -> &Arc<Pace> {
        &self.0.pace
    }

    /// Returns the time limit of an attempt, possibly on a new client, from its limit for a nearby
    /// cluster; never more than the limit of one request.
    pub fn bound(&self, nearby: Duration) -> Duration {
        self.0.pace.bound(nearby).min(self.0.limits.timeout)
    }

    pub(super) fn clients(&self) -> Arc<Clients> {
        Arc::clone(&lock(&self.0.clients))
    }

    /// Replaces clients. If several callers find the same clients stuck, only the first replaces
    /// them.
    async fn replace(&self, stale: &Arc<Clients>, limits: Limits) -> Result<(), Error> {
        let _turn = self.0.renewing.lock().await;
        if Arc::ptr_eq(&self.clients(), stale) {
            let fresh = Clients::open(&self.0.connection, limits, &self.0.pace).await?;
            let stale = std::mem::replace(&mut *lock(&self.0.clients), Arc::new(fresh));
            drop(stale);
        }
        Ok(())
    }

    /// Replaces clients that got no response in time. If a new client gets none either, the cluster
    /// may recover before the deadline.
    async fn replace_stuck(&self, stale: &Arc<Clients>, deadline: Instant) -> Result<(), Error> {
        let timeout = deadline.saturating_duration_since(Instant::now());
        match self.replace(stale, Limits { timeout }).await {
            Err(error) if error.cause().is_lasting() || Instant::now() + PAUSE >= deadline => {
                Err(error)
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Sends a request that changes the cluster, once. If no response arrives, the fault contains
    /// the reason, as far as known.
    async fn write(
        &self,
        send: impl AsyncFnOnce(Arc<Client>, Duration) -> Result<Items, Fault>,
    ) -> Result<Items, Fault> {
        let clients = self.clients();
        let attempt = self.bound(ATTEMPT);
        let started = Instant::now();
        let answer = send(Arc::clone(&clients.first), attempt).await;
        let took = started.elapsed();
        match answer {
            Ok(items) => {
                debug!(items = items.len(), ?took, "a request was answered");
                clients.client_events.all_is_well();
                Ok(items)
            }
            Err(fault) => {
                warn!(%fault, ?took, "a request was not answered");
                Err(Error::explain(
                    fault,
                    &clients.client_events,
                    &self.0.connection,
                ))
            }
        }
    }

    /// Sends an idempotent request until a response arrives or the time is over. `number` selects
    /// one of the clients.
    pub(super) async fn read<T, Answer>(
        &self,
        what: &str,
        number: usize,
        ask: impl Fn(Arc<Client>, Duration) -> Answer,
    ) -> Result<T, Error>
    where
        Answer: Future<Output = Result<T, Fault>>,
    {
        let ask = |via: Via| ask(via.client, via.timeout);
        self.read_from(None, what, number, ask).await
    }

    /// Reads from a specific broker. A broker that does not respond is skipped from then on, and
    /// librdkafka selects another.
    async fn read_from<T, Answer>(
        &self,
        broker: Option<i32>,
        what: &str,
        number: usize,
        ask: impl Fn(Via) -> Answer,
    ) -> Result<T, Error>
    where
        Answer: Future<Output = Result<T, Fault>>,
    {
        let (connection, limits) = (&self.0.connection, self.0.limits);
        let deadline = Instant::now() + limits.timeout;
        // A second attempt on a new client always fits into the time limit.
        let mut attempt = FIRST_READ;
        loop {
            let clients = self.clients();
            let client = clients.pick(number).await?;
            let left = deadline.saturating_duration_since(Instant::now());
            let started = Instant::now();
            let broker = broker.filter(|id| !lock(&self.0.silent).contains(id));
            let via = Via {
                client,
                broker,
                timeout: left.min(self.bound(attempt).min(limits.timeout / 2)),
            };
            let answer = ask(via).await;
            let took = started.elapsed();
            let fault = match answer {
                Ok(answer) => {
                    debug!(?took, "answered: {what}");
                    self.0.pace.saw(took);
                    clients.client_events.all_is_well();
                    return Ok(answer);
                }
                Err(fault) => fault,
            };
            let is_unanswered = fault.kind() == FaultKind::Unanswered;
            let can_help = is_unanswered || fault.kind().is_worth_another_try();
            if !can_help || Instant::now() + PAUSE >= deadline {
                let client_events = &clients.client_events;
                return Err(Error::call(
                    connection,
                    what,
                    &fault,
                    client_events,
                    limits.timeout,
                ));
            }
            warn!(%fault, ?took, "asking again for {what}");
            match broker.filter(|_| is_unanswered) {
                Some(id) => {
                    lock(&self.0.silent).insert(id);
                    continue;
                }
                None if is_unanswered => self.replace_stuck(&clients, deadline).await?,
                None => {}
            }
            attempt *= 2;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Reads many items: in batches, concurrently over all clients and all brokers.
    pub(super) async fn read_batches<K, T, Answer>(
        &self,
        what: &'static str,
        names: &[K],
        batches: Batches,
        ask: impl Fn(Via, Arc<[K]>) -> Answer + Clone + Send + Sync + 'static,
    ) -> Result<BTreeMap<K, T>, Error>
    where
        K: Ord + Clone + Send + Sync + 'static,
        T: Send + 'static,
        Answer: Future<Output = Result<Vec<(K, T)>, Fault>> + Send,
    {
        let mut names = names.to_vec();
        names.sort_unstable();
        names.dedup();
        let Batches { size, spread } = batches;
        let batches: Vec<Arc<[K]>> = names.chunks(size).map(Arc::from).collect();
        let brokers: Arc<[i32]> = match self.clients().brokers.as_slice() {
            several @ [_, _, ..] if spread && batches.len() > 1 => several.into(),
            _ => Arc::default(),
        };
        let workers = batches.len().min(IN_FLIGHT);
        let is_little = batches.len() < MANY;
        let batches = Arc::new(Mutex::new(batches.into_iter().enumerate()));
        let mut tasks = JoinSet::new();
        for number in 0..workers {
            let (cluster, batches, ask) = (self.clone(), Arc::clone(&batches), ask.clone());
            let brokers = Arc::clone(&brokers);
            tasks.spawn(async move {
                let client = if is_little { number % 2 } else { number };
                let mut answers = Vec::new();
                loop {
                    let next = lock(&batches).next();
                    let Some((at, batch)) = next else {
                        return Ok(answers);
                    };
                    let broker = brokers
                        .get(at.checked_rem(brokers.len()).unwrap_or(0))
                        .copied();
                    let ask = |via| ask(via, Arc::clone(&batch));
                    let answer = cluster.read_from(broker, what, client, ask);
                    answers.push((at, answer.await?));
                }
            });
        }
        let mut all = Vec::new();
        while let Some(answers) = tasks.join_next().await {
            match answers {
                Ok(answers) => all.extend(answers?),
                Err(panic) => std::panic::resume_unwind(panic.into_panic()),
            }
        }
        // Batches are in the order of the names, so names need no sorting.
        all.sort_unstable_by_key(|(at, _)| *at);
        Ok(all.into_iter().flat_map(|(_, answer)| answer).collect())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
