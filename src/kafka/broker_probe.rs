//! Single brokers, each asked by itself on a connection of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::admin::answer;
use super::client_events::ClientEvents;
use super::clients::{ATTEMPT, Clients, given_up, look_for_tls, on_thread};
use super::cluster::Cluster;
use super::error::Error;
use super::fault::Fault;
use super::ffi::{Call, Client, Options};
use super::types::{AclOperation, Configs, Mode, Node};
use crate::model::Secret;
use crate::model::connection::Connection;

/// What a broker that was asked by itself told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerProbe {
    /// How long it took, connecting and logging in included.
    pub took: Duration,
    /// The release of Kafka that it runs, as far as it lets on.
    pub release: Option<String>,
    /// Up to which version it knows each API, by the API's key.
    pub apis: BTreeMap<i16, i16>,
    /// Its settings.
    pub configs: Result<Configs, Fault>,
}

impl Cluster {
    /// Asks one broker, at the address that it advertises and at no other.
    ///
    /// # Errors
    /// Why it could not be reached.
    pub async fn probe(&self, node: &Node) -> Result<BrokerProbe, Error> {
        let id = node.id;
        let ask =
            async |client: Arc<Client>, timeout| client.describe_broker_configs(id, timeout).await;
        let (took, client_events, configs) =
            self.ask_alone(Secret::public(node.address()), ask).await?;
        Ok(BrokerProbe {
            took,
            release: client_events.release().map(str::to_owned),
            apis: client_events.apis(),
            configs,
        })
    }

    /// Asks one of the servers that the connection begins with, and tells how long it took.
    ///
    /// # Errors
    /// Why it could not be reached.
    pub async fn knock(&self, server: &Secret) -> Result<Duration, Error> {
        let ask =
            async |client: Arc<Client>, timeout| on_thread(move || client.metadata(timeout)).await;
        let (took, ..) = self.ask_alone(server.clone(), ask).await?;
        Ok(took)
    }

    /// What this principal may do with the cluster as a whole. Kafka names nothing to one that
    /// may not describe the cluster; `None` where the broker does not know the question.
    ///
    /// # Errors
    /// Why the call as a whole failed.
    pub async fn operations(&self) -> Result<Option<BTreeSet<AclOperation>>, Error> {
        let ask = |client: Arc<Client>, timeout| async move {
            let options = Options {
                operations: true,
                ..Options::new(timeout, Mode::Apply)
            };
            let read = client.submit(Call::DescribeCluster, options, |e| e.cluster_operations());
            answer(read?, timeout).await
        };
        self.read("the rights on the cluster", 0, ask).await
    }

    /// The servers that the connection begins with.
    pub fn servers(&self) -> &[Secret] {
        &self.connection().servers
    }

    /// Asks by a fresh client that knows this one address, which ends where there is no hope.
    async fn ask_alone<T>(
        &self,
        address: Secret,
        ask: impl AsyncFnOnce(Arc<Client>, Duration) -> Result<T, Fault>,
    ) -> Result<(Duration, Arc<ClientEvents>, T), Error> {
        let connection = Arc::new(Connection {
            servers: vec![address],
            ..Connection::clone(self.connection())
        });
        let timeout = self.bound(ATTEMPT);
        let start = Instant::now();
        let clients = Clients::new(&connection, timeout, self.pace())?;
        let client_events = Arc::clone(&clients.client_events);
        let asked = tokio::select! {
            answer = ask(Arc::clone(&clients.first), timeout) => answer,
            fault = given_up(&client_events) => Err(fault),
        };
        let took = start.elapsed();
        drop(clients);
        match asked {
            Ok(answer) => Ok((took, client_events, answer)),
            Err(fault) => {
                look_for_tls(&client_events, &connection).await;
                Err(Error::connecting(&connection, &fault, &client_events, took))
            }
        }
    }
}

impl Node {
    /// Where it says that it is to be found, `host:port`.
    pub fn address(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}
