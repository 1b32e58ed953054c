//! How to reach a cluster, before variables and secrets are filled in.

use std::path::Path;

use super::environment_file::{ClientEntry, ClusterText};
use super::environments::Chain;
use super::field::Given;
use super::suggest::shown;
use super::variables::{Filled, Missing, Template, Variables};
use crate::model::connection::Connection;
use crate::model::{Finding, Layer, Place, Secret, Sourced};

/// `[cluster]` as it is written: it needs the process environment and secrets only once somebody
/// connects.
#[derive(Debug, Clone)]
pub struct ConnectionTemplate {
    /// The environment's own file, for what is missing altogether.
    file: Place,
    servers: Vec<Given<Template>>,
    servers_place: Option<Place>,
    id: Option<Given<Template>>,
    client: Vec<ClientEntry>,
}

/// A secret's file is at most so large: certificates fit in it.
const LARGEST_SECRET: u64 = 1 << 20;

impl ConnectionTemplate {
    pub(super) fn of(chain: &Chain<'_>) -> Self {
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

    /// What is wrong with the servers that need no variables.
    pub(super) fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for given in &self.servers {
            if let Some(text) = given.value.fixed() {
                findings.extend(
                    split_servers(text, &given.place, true)
                        .err()
                        .map(|finding| *finding),
                );
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

    /// The cluster's id, as far as the variables that it needs are set.
    pub(super) fn cluster_id(
        &self,
        variables: &Variables,
        layer: Layer,
    ) -> Option<Sourced<String>> {
        let given = self.id.as_ref()?;
        let filled = given.value.fill(variables, no_file).ok()?;
        Some(Sourced {
            value: filled.iter().map(Filled::as_str).collect(),
            place: given.place.clone(),
            layer,
        })
    }

    /// The servers for people: those that need no variables, and the others as they are written in
    /// the file.
    pub fn servers_shown(&self) -> Vec<String> {
        self.servers
            .iter()
            .map(|given| given.value.to_string())
            .collect()
    }

    /// Fills in variables and secret files.
    ///
    /// # Errors
    /// Everything that is missing, at its place. No finding holds a value.
    pub fn resolve(
        &self,
        variables: &Variables,
        secrets_dir: Option<&Path>,
    ) -> Result<Connection, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut connection = Connection {
            servers: self.servers(variables, &mut findings),
            properties: std::collections::BTreeMap::new(),
            secrets: Vec::new(),
        };
        if let Some(given) = &self.id
            && let Err(missing) = given.value.fill(variables, no_file)
        {
            findings.push(missing.at(given.place.clone()));
        }
        for entry in &self.client {
            let place = &entry.value.place;
            let read = |name: &str| read_secret(name, secrets_dir);
            let filled = match entry.value.value.fill(variables, read) {
                Ok(filled) => filled,
                Err(missing) => {
                    findings.push(missing.at(place.clone()));
                    continue;
                }
            };
            let text: String = filled.iter().map(Filled::as_str).collect();
            if let Err(problem) = entry.property.check(&text) {
                let message = format!("`{}` {problem}", entry.property.name);
                let finding = Finding::error("client-property", place.clone(), message);
                findings.push(
                    finding.help("its value comes from a variable or a file, and is not shown"),
                );
            }
            let outside = filled.iter().filter_map(|part| match part {
                Filled::Outside(text) => Some(Secret::new(text.clone())),
                Filled::Written(_) => None,
            });
            connection.secrets.extend(outside);
            if entry.property.is_secret() {
                connection.secrets.push(Secret::new(text.clone()));
            }
            connection
                .properties
                .insert(entry.property.name.to_owned(), Secret::new(text));
        }
        if findings.is_empty() {
            Ok(connection)
        } else {
            Err(findings)
        }
    }

    fn servers(&self, variables: &Variables, findings: &mut Vec<Finding>) -> Vec<String> {
        let mut servers = Vec::new();
        for given in &self.servers {
            let filled = match given.value.fill(variables, no_file) {
                Ok(filled) => filled,
                Err(missing) => {
                    findings.push(missing.at(given.place.clone()));
                    continue;
                }
            };
            let text: String = filled.iter().map(Filled::as_str).collect();
            let is_written = filled.iter().all(|part| matches!(part, Filled::Written(_)));
            match split_servers(&text, &given.place, is_written) {
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

/// `host:port,host:port`. What comes from a variable is shown only once it reads as that.
fn split_servers(text: &str, place: &Place, show: bool) -> Result<Vec<String>, Box<Finding>> {
    let mut servers = Vec::new();
    let parts: Vec<&str> = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() {
        let finding = Finding::error("server", place.clone(), "there is no server here");
        return Err(Box::new(finding.help("a server is written host:port")));
    }
    for server in parts {
        if is_server(server) {
            servers.push(server.to_owned());
            continue;
        }
        let message = match show {
            true => format!("{} is no server", shown(server)),
            false => "the variable holds something else than servers".to_owned(),
        };
        let help = match server.split_once("://") {
            Some((_, rest)) if show && is_server(rest) => {
                format!(
                    "leave the protocol out, \"{rest}\", and set security.protocol in [cluster.client]"
                )
            }
            _ => "a server is written host:port, several are separated by commas".to_owned(),
        };
        return Err(Box::new(
            Finding::error("server", place.clone(), message).help(help),
        ));
    }
    Ok(servers)
}

fn is_server(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let legal_host = match host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            !host.is_empty() && host.chars().all(legal)
        }
    };
    let digits = !port.is_empty() && port.chars().all(|c| c.is_ascii_digit());
    legal_host && digits && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// A secret from the folder that `--secrets-dir` names, and from nowhere else.
fn read_secret(name: &str, folder: Option<&Path>) -> Result<String, Missing> {
    let missing = |message: String, help: &str| Missing {
        code: "secret-file",
        message,
        help: help.to_owned(),
    };
    let Some(folder) = folder else {
        let message = format!("{} needs a folder to be read from", shown(name));
        return Err(missing(message, "name the folder with --secrets-dir"));
    };
    let cannot = |error: std::io::Error| {
        let message = format!("the secret's file {} cannot be read: {error}", shown(name));
        missing(
            message,
            "it is looked for in the folder that --secrets-dir names",
        )
    };
    let home = folder.canonicalize().map_err(cannot)?;
    let path = home.join(name).canonicalize().map_err(cannot)?;
    if !path.starts_with(&home) {
        let message = format!(
            "{} is a link that leaves the folder of --secrets-dir",
            shown(name)
        );
        return Err(missing(message, "copy the file into the folder"));
    }
    let metadata = path.metadata().map_err(cannot)?;
    if !metadata.is_file() || metadata.len() > LARGEST_SECRET {
        let message = format!(
            "{} is no secret's file: it is no regular file, or larger than 1 MiB",
            shown(name)
        );
        return Err(missing(message, "name another one"));
    }
    let text = std::fs::read_to_string(&path).map_err(cannot)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}
