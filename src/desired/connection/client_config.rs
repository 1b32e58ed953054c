//! A client configuration from the runner, not from the repository: `key=value` lines with
//! librdkafka's names, the format of librdkafka's own tools. It alone determines the connection,
//! and additional connection settings in the repository are rejected: users with write access to
//! the repository cannot send the runner's credentials elsewhere or over an unencrypted connection.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::secrets::{Outside, property};
use super::servers::{Servers, split_servers};
use crate::desired::reader::cluster_table::ClientEntry;
use crate::desired::reader::field::Given;
use crate::desired::reader::variables::{Missing, Template, Variables};
use crate::desired::suggest::shown;
use crate::model::client_property::{self, PropertyKind};
use crate::model::connection::Connection;
use crate::model::{Finding, Place, Secret};

const SERVERS: &str = "bootstrap.servers";

/// The only property that a repository may set in addition.
const FREE: &str = "client.id";

/// The code of all findings about it.
const CODE: &str = "client-config";

/// The runner's configuration as written.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// The whole file.
    file: Place,
    /// The file's folder, the base of relative paths in it.
    folder: PathBuf,
    servers: Option<Given<Template>>,
    entries: Vec<ClientEntry>,
}

impl ClientConfig {
    /// Parses a configuration. `path` is its file.
    ///
    /// # Errors
    /// Returns all problems. Findings contain no values.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Vec<Finding>> {
        let file: Arc<str> = path.to_string_lossy().into();
        let mut config = Self {
            file: Place::whole(file.clone()),
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            servers: None,
            entries: Vec::new(),
        };
        let mut findings = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let place = Place {
                line: number,
                column: 1,
                ..Place::whole(file.clone())
            };
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                findings.extend(config.add(line, place).err().map(|finding| *finding));
            }
        }
        if config.servers.is_none() && findings.is_empty() {
            let message = format!("{SERVERS} is missing: there is nothing to connect to");
            let finding = Finding::error(CODE, config.file.clone(), message);
            findings.push(finding.help(format!("{SERVERS}=kafka-1:9093,kafka-2:9093")));
        }
        match findings.is_empty() {
            true => Ok(config),
            false => Err(findings),
        }
    }

    fn add(&mut self, line: &str, place: Place) -> Result<(), Box<Finding>> {
        let error = |message: String| Box::new(Finding::error(CODE, place.clone(), message));
        let Some((name, value)) = line.split_once('=') else {
            let finding = error("this is no property".to_owned());
            let help = "a property is written key=value, a comment begins with #";
            return Err(Box::new(finding.help(help)));
        };
        let (name, value) = (name.trim(), value.trim());
        let template = Template::parse(value).map_err(error)?;
        let given = Given {
            value: template,
            place: place.clone(),
        };
        let twice = || error(format!("{} stands here twice", shown(name)));
        if name == SERVERS {
            return match self.servers.replace(given) {
                None => Ok(()),
                Some(_) => Err(twice()),
            };
        }
        let Some(property) = client_property::find(name) else {
            let finding = error(format!("{} is no property that may be set", shown(name)));
            let advice = client_property::advice(name);
            let advice = advice.replace("`bootstrap_servers` in [cluster]", "`bootstrap.servers`");
            return Err(Box::new(finding.help(advice)));
        };
        if self
            .entries
            .iter()
            .any(|e| e.property.name == property.name)
        {
            return Err(twice());
        }
        let fixed = given.value.fixed();
        if let Some(Err(problem)) = fixed.map(|value| property.check(value)) {
            return Err(error(format!("`{}` {problem}", property.name)));
        }
        let value = given;
        self.entries.push(ClientEntry { property, value });
        Ok(())
    }

    /// Resolves variables and secret files. A connection for a repository must also pass
    /// [`super::template::ConnectionTemplate::beside`].
    ///
    /// # Errors
    /// Returns everything that is missing. Findings contain no values.
    pub fn resolve(&self, outside: Outside<'_>) -> Result<Connection, Vec<Finding>> {
        let mut findings = Vec::new();
        let servers = self.servers(outside.variables, &mut findings);
        let mut connection = servers.connection();
        for entry in &self.entries {
            match property(entry, outside, &mut connection.secrets) {
                Ok(value) => {
                    let name = entry.property.name.to_owned();
                    let value = match entry.property.kind {
                        PropertyKind::Path => value.map(|path| self.in_folder(path)),
                        _ => value,
                    };
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

    fn servers(&self, variables: &Variables, findings: &mut Vec<Finding>) -> Servers {
        let Some(given) = &self.servers else {
            return Servers::default();
        };
        let no_file = |name: &str| {
            Err(Missing {
                code: "variable",
                message: format!("the secret's file {} cannot be read here", shown(name)),
                help: format!("{SERVERS} takes variables, and no files"),
            })
        };
        let place = &given.place;
        let filled = given.value.fill(variables, no_file);
        let filled = filled.map_err(|missing| Box::new(missing.at(place.clone())));
        let servers = filled.and_then(|filled| Servers::split(&filled, place));
        servers.unwrap_or_else(|finding| {
            findings.push(*finding);
            Servers::default()
        })
    }

    /// Resolves a path relative to the file. `probe` is librdkafka's value for automatic detection.
    fn in_folder(&self, path: String) -> String {
        match path.as_str() {
            "" | "probe" => path,
            relative => self.folder.join(relative).to_string_lossy().into_owned(),
        }
    }
}

/// The repository's connection settings, unresolved.
pub(in crate::desired) struct Repository<'a> {
    pub(in crate::desired) servers: &'a [Given<Template>],
    pub(in crate::desired) id: Option<&'a Given<Template>>,
    pub(in crate::desired) client: &'a [ClientEntry],
}

impl Repository<'_> {
    /// Returns the runner's connection, if the repository adds nothing to it.
    pub(in crate::desired) fn beside(
        self,
        mut runner: Connection,
    ) -> Result<Connection, Vec<Finding>> {
        let servers = self
            .servers
            .iter()
            .filter_map(|given| servers(given, &runner));
        let mut findings: Vec<Finding> = servers.collect();
        if let Some(given) = self.id.filter(|given| given.value.fixed().is_none()) {
            findings.push(variable(&given.place));
        }
        findings.extend(
            self.client
                .iter()
                .filter_map(|entry| client(entry, &runner)),
        );
        if !findings.is_empty() {
            findings.sort_by(|a, b| a.place.cmp(&b.place));
            return Err(findings);
        }
        let id = self.client.iter().find(|e| e.property.name == FREE);
        if let Some(id) = id.and_then(|entry| entry.value.value.fixed()) {
            let id = Secret::public(id);
            runner.properties.entry(FREE.to_owned()).or_insert(id);
        }
        Ok(runner)
    }
}

fn servers(given: &Given<Template>, runner: &Connection) -> Option<Finding> {
    let Some(text) = given.value.fixed() else {
        return Some(variable(&given.place));
    };
    let servers = match split_servers(text, &given.place) {
        Ok(servers) => servers.all,
        Err(finding) => return Some(*finding),
    };
    let known = |server: &Secret| {
        let mut known = runner.servers.iter();
        known.any(|known| known.expose().eq_ignore_ascii_case(server.expose()))
    };
    let foreign = servers.into_iter().find(|server| !known(server))?;
    let message = format!(
        "the runner's client configuration knows no server {}",
        shown(&foreign)
    );
    Some(Finding::error(CODE, given.place.clone(), message).help(
        "its credentials go to its own servers alone: leave bootstrap_servers out, or write what stands there",
    ))
}

/// Accepts a property that equals the runner's. Secrets are not even compared, since the result
/// would reveal something about them.
fn client(entry: &ClientEntry, runner: &Connection) -> Option<Finding> {
    let name = entry.property.name;
    let Some(text) = entry.value.value.fixed() else {
        return Some(variable(&entry.value.place));
    };
    let same = || {
        let given = runner.property(name);
        given.is_some_and(|given| given.eq_ignore_ascii_case(text))
    };
    if name == FREE || (!entry.property.is_secret() && same()) {
        return None;
    }
    let message = format!("`{name}` is allowed only in --client-config");
    let finding = Finding::error(CODE, entry.value.place.clone(), message);
    Some(finding.help(format!(
        "--client-config alone sets how to connect: remove this; only {FREE} may be here"
    )))
}

fn variable(place: &Place) -> Finding {
    let message = "no variable is filled in here beside the runner's client configuration";
    Finding::error(CODE, place.clone(), message)
        .help("--client-config alone sets how to connect: remove this")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        let findings = ClientConfig::parse(Path::new("/etc/client.properties"), text);
        let findings = findings.err().unwrap_or_default();
        let message = |f: Finding| format!("{}: {}", f.place.file_line(), f.message);
        findings.into_iter().map(message).collect()
    }

    #[test]
    fn what_is_wrong_stands_at_its_line() {
        let text = "# ours\nbootstrap.servers=a:1\n\nsasl.password hunter2\nplugin.library.paths=x\nclient.id=a\nclient.id=b\nsecurity.protocol=hunter2\n";
        assert_eq!(
            messages(text),
            [
                "/etc/client.properties:4: this is no property",
                "/etc/client.properties:5: `plugin.library.paths` is no property that may be set",
                "/etc/client.properties:7: `client.id` stands here twice",
                "/etc/client.properties:8: `security.protocol` takes one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
            ]
        );
        let missing =
            "/etc/client.properties: bootstrap.servers is missing: there is nothing to connect to";
        assert_eq!(messages("client.id=a\n"), [missing]);
        let findings = ClientConfig::parse(Path::new("c"), "metadata.broker.list=a:1\n");
        let help = findings.unwrap_err().remove(0).help;
        assert_eq!(help.as_deref(), Some("write `bootstrap.servers`"));
    }

    #[test]
    fn paths_begin_where_the_file_stands() {
        let text = "bootstrap.servers=${A}:1\nssl.ca.location=ca.pem\nssl.crl.location=/crl.pem\nsasl.password=p=${B}\n";
        let config = ClientConfig::parse(Path::new("/etc/k/client.properties"), text).unwrap();
        let values = [("A", "a"), ("B", "b=")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let outside = Outside {
            variables: &Variables {
                values: values.into(),
                allowed: Vec::new(),
            },
            secrets_dir: None,
        };
        let connection = config.resolve(outside).unwrap();
        assert_eq!(connection.servers[0].expose(), "a:1");
        assert_eq!(connection.servers_shown(), "${A}:1");
        let property = |name| connection.property(name);
        assert_eq!(property("ssl.ca.location"), Some("/etc/k/ca.pem"));
        assert_eq!(property("ssl.crl.location"), Some("/crl.pem"));
        assert_eq!(property("sasl.password"), Some("p=b="));
        assert_eq!(connection.redact("p=b="), "${B}");
    }
}
