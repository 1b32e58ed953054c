//! Probes of single brokers, each on its own connection.

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

/// The response of a broker to a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerProbe {
    /// The response time, including connection and authentication.
    pub took: Duration,
    /// The Kafka release that the broker runs, as far as its API versions identify it.
    pub release: Option<String>,
    /// The maximum supported version of each API, by API key.
    pub apis: BTreeMap<i16, i16>,
    /// The broker's configs.
    pub configs: Result<Configs, Fault>,
}

impl Cluster {
    /// Probes one broker, only at the address that it advertises.
    ///
    /// # Errors
    /// Returns why the broker could not be reached.
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

    /// Probes a bootstrap server and returns its response time.
    ///
    /// # Errors
    /// Returns why the server could not be reached.
    pub async fn knock(&self, server: &Secret) -> Result<Duration, Error> {
        let ask =
            async |client: Arc<Client>, timeout| on_thread(move || client.metadata(timeout)).await;
        let (took, ..) = self.ask_alone(server.clone(), ask).await?;
        Ok(took)
    }

    /// Returns the operations on the cluster that this principal is authorized to. Kafka returns
    /// none to a principal that is not authorized to describe the cluster; `None` if the broker
    /// does not support the request.
    ///
    /// # Errors
    /// Returns why the call failed.
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

    /// Returns the bootstrap servers.
    pub fn servers(&self) -> &[Secret] {
        &self.connection().servers
    }

    /// Sends a request with a new client that knows only this address, and fails as soon as a
    /// response is impossible.
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
    /// Returns the advertised address, `host:port`.
    pub fn address(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}
