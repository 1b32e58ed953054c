//! A cluster: its clients, and the calls on them.

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

/// How long the first attempt of a read may take; each further one gets twice as long. A client
/// that is stuck is soon replaced, and a slow answer still arrives.
const FIRST_READ: Duration = Duration::from_secs(3);

/// How long to wait before a read is tried again.
pub(super) const PAUSE: Duration = Duration::from_millis(200);

/// Topics in one request for configs: librdkafka orders the answer in quadratic time, and a broker
/// takes more time for each topic of a large answer than of a small one.
const CONFIGS: Batches = Batches {
    size: 64,
    spread: true,
};

/// The same where a few keys of each are named: those answers are short.
const NAMED_CONFIGS: Batches = Batches {
    size: 250,
    spread: true,
};

/// Topics in one request for descriptions, which are short, too.
const TOPICS: Batches = Batches {
    size: 250,
    spread: true,
};

/// Requests under way at a time, over all clients: so many that a far-away broker is not waited for.
const IN_FLIGHT: usize = 12;

/// Requests that are worth a third client: to make one takes as long as a few answers.
const MANY: usize = 32;

/// How many items are asked for in parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batches {
    /// Items in one request.
    pub size: usize,
    /// Whether any broker can answer, so that all of them are asked.
    pub spread: bool,
}

impl Batches {
    /// So many in one request, which librdkafka routes.
    pub const fn of(size: usize) -> Self {
        Self {
            size,
            spread: false,
        }
    }
}

/// How a request goes.
pub(super) struct Via {
    pub client: Arc<Client>,
    /// The broker to ask, where it matters.
    pub broker: Option<i32>,
    pub timeout: Duration,
}

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For one request. What is only read is asked again within it, on a fresh client, where no
    /// answer came; what changes the cluster is tried once, for 10 s at most.
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
    /// Brokers that did not answer when they were picked: they are left to librdkafka.
    silent: Mutex<BTreeSet<i32>>,
    renewing: tokio::sync::Mutex<()>,
}

impl Cluster {
    /// Connects. Returns once a broker answered, or the cause as soon as it is known.
    ///
    /// # Errors
    /// Why no broker could be reached.
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

    /// Connects, and tries again until `wait` is over; `tick` hears why each attempt failed. A
    /// cause that waiting cannot cure ends it at once.
    ///
    /// # Errors
    /// Why the last attempt failed.
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

    /// The brokers, and all topics with their partitions.
    ///
    /// # Errors
    /// Why the call as a whole failed.
    pub async fn metadata(&self) -> Result<Metadata, Error> {
        let topics = self.read("the topics", 0, |client, timeout| async move {
            clients::on_thread(move || client.metadata(timeout)).await
        });
        // The second client connects meanwhile.
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

    /// All configs of the topics, those of a topic that is gone or may not be read as its fault.
    ///
    /// # Errors
    /// Why the call as a whole failed.
    pub async fn describe_topic_configs(
        &self,
        names: &[TopicName],
    ) -> Result<BTreeMap<TopicName, Result<Configs, Fault>>, Error> {
        self.describe_configs(names, BTreeMap::new(), CONFIGS).await
    }

    /// The same of some configs alone, which takes half the time: of each topic those that are named
    /// for it.
    ///
    /// # Errors
    /// Why the call as a whole failed.
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

    /// Whether every broker that answers knows of a topic: they learn of a new one one after the
    /// other.
    ///
    /// # Errors
    /// Why no broker answers.
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

    /// All configs of one broker.
    ///
    /// # Errors
    /// Why the call as a whole failed.
    pub async fn describe_broker_configs(
        &self,
        broker: i32,
    ) -> Result<Result<Configs, Fault>, Error> {
        self.read("a broker's configs", 0, |client, timeout| async move {
            client.describe_broker_configs(broker, timeout).await
        })
        .await
    }

    /// Ids of the topics.
    ///
    /// # Errors
    /// Why the call as a whole failed.
    pub async fn describe_topics(
        &self,
        names: &[TopicName],
    ) -> Result<BTreeMap<TopicName, Result<TopicDescription, Fault>>, Error> {
        self.describe("the topics' ids", names, false).await
    }

    /// The same, and what this principal may do with them: eight questions more to the brokers'
    /// authorizer for each.
    ///
    /// # Errors
    /// Why the call as a whole failed.
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

    /// Creates topics, in one request and one attempt. One result each, in the order given; no
    /// topic twice.
    ///
    /// # Errors
    /// Why the request as a whole failed.
    pub async fn create_topics(&self, topics: &[NewTopic], mode: Mode) -> Result<Items, Fault> {
        self.write(async |client, timeout| client.create_topics(topics, mode, timeout).await)
            .await
    }

    /// Grows topics to so many partitions, in one request and one attempt. One result each, in
    /// the order given; no topic twice.
    ///
    /// # Errors
    /// Why the request as a whole failed.
    pub async fn create_partitions(
        &self,
        topics: &[(TopicName, u32)],
        mode: Mode,
    ) -> Result<Items, Fault> {
        self.write(async |client, timeout| client.create_partitions(topics, mode, timeout).await)
            .await
    }

    /// Changes single keys of topics, in one request and one attempt. One result each, in the
    /// order given; no topic twice.
    ///
    /// # Errors
    /// Why the request as a whole failed.
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

    /// Deletes topics, in one request and one attempt. One result each, in the order given; no
    /// topic twice.
    ///
    /// # Errors
    /// Why the request as a whole failed.
    pub async fn delete_topics(&self, names: &[TopicName]) -> Result<Items, Fault> {
        self.write(async |client, timeout| client.delete_topics(names, timeout).await)
            .await
    }

    /// Puts fresh clients in place of ones that no longer answer.
    ///
    /// # Errors
    /// Why no broker could be reached.
    pub async fn renew(&self) -> Result<(), Error> {
        let stale = self.clients();
        self.replace(&stale, self.0.limits).await
    }

    /// A question for the controller that got no answer however often it was asked, though brokers
    /// could be reached, as an error.
    pub fn without_controller(&self, what: &str) -> Error {
        Error::controller(&self.0.connection, what, &self.clients().client_events)
    }

    /// Whom the brokers take this tool for, `User:ci`, as far as that is known and no secret.
    pub fn principal(&self) -> Option<String> {
        self.clients().first.principal()
    }

    /// The release of Kafka, `4.3`, as far as the brokers let on.
    pub fn kafka_version(&self) -> Option<String> {
        self.clients().client_events.release().map(str::to_owned)
    }

    pub(super) fn connection(&self) -> &Arc<Connection> {
        &self.0.connection
    }

    /// How long to wait.
    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// How far away it is.
    pub(super) fn pace(&self) -> &Arc<Pace> {
        &self.0.pace
    }

    /// How long an attempt may take, over a fresh client perhaps, that is given so long where the
    /// cluster is nearby: never longer than one request altogether.
    pub fn bound(&self, nearby: Duration) -> Duration {
        self.0.pace.bound(nearby).min(self.0.limits.timeout)
    }

    pub(super) fn clients(&self) -> Arc<Clients> {
        Arc::clone(&lock(&self.0.clients))
    }

    /// Several may find the same clients stuck: the first one replaces them.
    async fn replace(&self, stale: &Arc<Clients>, limits: Limits) -> Result<(), Error> {
        let _turn = self.0.renewing.lock().await;
        if Arc::ptr_eq(&self.clients(), stale) {
            let fresh = Clients::open(&self.0.connection, limits, &self.0.pace).await?;
            let stale = std::mem::replace(&mut *lock(&self.0.clients), Arc::new(fresh));
            drop(stale);
        }
        Ok(())
    }

    /// Replaces clients that got no answer in time. Where no fresh one gets any either, the cluster
    /// may come back before the time is over.
    async fn replace_stuck(&self, stale: &Arc<Clients>, deadline: Instant) -> Result<(), Error> {
        let timeout = deadline.saturating_duration_since(Instant::now());
        match self.replace(stale, Limits { timeout }).await {
            Err(error) if error.cause().is_lasting() || Instant::now() + PAUSE >= deadline => {
                Err(error)
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Sends a request that changes something, for one attempt. Where no answer comes, the fault
    /// says why, as far as that is known.
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

    /// Asks for something that can be asked for again, until there is an answer or the time is
    /// over. `number` picks one of the clients.
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

    /// The same of a broker. One that does not answer is left alone from then on, and any other is
    /// asked in its place.
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
        // Within any time there is a second attempt, on a fresh client.
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

    /// The same for many items: in batches, several under way over all clients, and over all
    /// brokers.
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
        // In the order of the names, which takes no sorting of them.
        all.sort_unstable_by_key(|(at, _)| *at);
        Ok(all.into_iter().flat_map(|(_, answer)| answer).collect())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
