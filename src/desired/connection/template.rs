//! Connection settings before variables and secrets are resolved.

use super::client_config::Repository;
use super::secrets::{Outside, check_path, property};
use super::servers::{Servers, split_servers};
use crate::desired::ClusterId;
use crate::desired::declarations::environments::Chain;
use crate::desired::reader::cluster_table::{ClientEntry, ClusterText};
use crate::desired::reader::field::Given;
use crate::desired::reader::variables::{Filled, Missing, Template, Variables};
use crate::desired::reader::written::Written;
use crate::desired::suggest::shown;
use crate::model::connection::Connection;
use crate::model::{Finding, Layer, Place, Sourced};

/// `[cluster]` as written. The process environment and secrets are needed only when a command
/// connects.
#[derive(Debug, Clone)]
pub struct ConnectionTemplate {
    /// The environment's own file, the place of findings about missing keys.
    file: Place,
    servers: Vec<Given<Template>>,
    servers_place: Option<Place>,
    id: Option<Given<Template>>,
    client: Vec<ClientEntry>,
}

impl ConnectionTemplate {
    pub(in crate::desired) fn of(chain: &Chain<'_>) -> Self {
        let servers = chain.pick(|file| Some(&file.cluster.value()?.bootstrap_servers));
        let id = chain.pick(|file| Some(&file.cluster.value()?.id));
        let template = |given: &Given<ClusterText>| Given {
            value: given.value.0.clone(),
            place: given.place.clone(),
        };
        let mut client: Vec<ClientEntry> = Vec::new();
        for (_, content) in &chain.files {
            let table = content
                .cluster
                .value()
                .and_then(|cluster| cluster.client.value());
            for entry in table.map_or(&[][..], |table| &table.0) {
                if !client
                    .iter()
                    .any(|nearer| nearer.property.name == entry.property.name)
                {
                    client.push(entry.clone());
                }
            }
        }
        Self {
            file: Place::whole(chain.own().0.file.clone()),
            servers: servers.map_or(Vec::new(), |given| {
                given.value.0.iter().map(template).collect()
            }),
            servers_place: servers.map(|given| given.place.clone()),
            id: id.map(template),
            client,
        }
    }

    /// Checks the servers that need no variables.
    pub(in crate::desired) fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for given in &self.servers {
            if let Some(text) = given.value.fixed() {
                let split = split_servers(text, &given.place);
                findings.extend(split.err().map(|finding| *finding));
            }
        }
        if let (Some(place), []) = (&self.servers_place, self.servers.as_slice()) {
            findings.push(Finding::error(
                "empty",
                place.clone(),
                "there is no server in the list",
            ));
        }
        findings
    }

    /// Returns the cluster id, if the variables that it needs are set.
    pub(in crate::desired) fn cluster_id(
        &self,
        variables: &Variables,
        layer: Layer,
    ) -> Option<Sourced<ClusterId>> {
        let given = self.id.as_ref()?;
        let filled = given.value.fill(variables, no_file).ok()?;
        Some(Sourced {
            value: ClusterId(Filled::joined(&filled)),
            place: given.place.clone(),
            layer,
        })
    }

    /// Returns the servers for display: resolved if they need no variables, and otherwise as
    /// written.
    pub fn servers_shown(&self) -> Vec<String> {
        self.servers
            .iter()
            .map(|given| given.value.to_string())
            .collect()
    }

    /// Returns the connection settings as written, unresolved, without potential credentials.
    pub fn written(&self) -> Vec<Written> {
        let servers = self.servers_place.as_ref().map(|place| {
            let servers = self.servers_shown().join(", ");
            Written::at("bootstrap_servers", servers, place)
        });
        let id = self.id.as_ref();
        let id = id.map(|given| Written::at("id", given.value.to_string(), &given.place));
        let client = self.client.iter().map(|entry| {
            let property = entry.property;
            let value = match property.is_secret() {
                true => "(a secret)".to_owned(),
                false => entry.value.value.to_string(),
            };
            let key = format!("client.{}", property.name);
            Written::at(&key, value, &entry.value.place)
        });
        servers.into_iter().chain(id).chain(client).collect()
    }

    /// Resolves variables and secret files.
    ///
    /// # Errors
    /// Returns everything that is missing, at its place. Findings contain no values.
    pub fn resolve(&self, outside: Outside<'_>) -> Result<Connection, Vec<Finding>> {
        let mut findings = Vec::new();
        let servers = self.servers(outside.variables, &mut findings);
        let mut connection = servers.connection();
        if let Some(given) = &self.id
            && let Err(missing) = given.value.fill(outside.variables, no_file)
        {
            findings.push(missing.at(given.place.clone()));
        }
        for entry in &self.client {
            let value = property(entry, outside, &mut connection.secrets);
            match value.and_then(|value| check_path(entry, value)) {
                Ok(value) => {
                    let name = entry.property.name.to_owned();
                    connection.properties.insert(name, value);
                }
                Err(finding) => findings.push(*finding),
            }
        }
        match findings.is_empty() {
            true => Ok(connection),
            false => Err(findings),
        }
    }

    /// Returns the runner's connection. Nothing is resolved here, and the settings here must not
    /// add to it.
    ///
    /// # Errors
    /// Returns the settings that add to it, at their places.
    pub fn beside(&self, runner: Connection) -> Result<Connection, Vec<Finding>> {
        let repository = Repository {
            servers: &self.servers,
            id: self.id.as_ref(),
            client: &self.client,
        };
        repository.beside(runner)
    }

    fn servers(&self, variables: &Variables, findings: &mut Vec<Finding>) -> Servers {
        let mut servers = Servers::default();
        for given in &self.servers {
            let filled = match given.value.fill(variables, no_file) {
                Ok(filled) => filled,
                Err(missing) => {
                    findings.push(missing.at(given.place.clone()));
                    continue;
                }
            };
            match Servers::split(&filled, &given.place) {
                Ok(split) => servers.extend(split),
                Err(finding) => findings.push(*finding),
            }
        }
        if self.servers.is_empty() {
            let message = "[cluster] bootstrap_servers is missing: there is nothing to connect to";
            let finding = Finding::error("missing", self.file.clone(), message);
            findings.push(finding.help("bootstrap_servers = [\"kafka-1:9092\"]"));
        }
        servers
    }
}

fn no_file(name: &str) -> Result<String, Missing> {
    Err(Missing {
        code: "variable",
        message: format!("the secret's file {} cannot be read here", shown(name)),
        help: "${file:NAME} works in [cluster.client] only".to_owned(),
    })
}
