//! Bootstrap servers: one or more `host:port`.

use crate::desired::reader::variables::Filled;
use crate::desired::suggest::shown;
use crate::model::connection::Connection;
use crate::model::{Finding, Place, Secret};

/// Servers, with the parts of them that came from variables.
#[derive(Debug, Default)]
pub(in crate::desired) struct Servers {
    /// The servers, each `host:port`.
    pub(in crate::desired) all: Vec<Secret>,
    /// The secret parts: whole addresses and hosts.
    pub(in crate::desired) hosts: Vec<Secret>,
}

/// Maximum servers in one text or list; a client needs only a few to bootstrap.
pub(in crate::desired) const MOST_SERVERS: usize = 1_000;

/// Parses `host:port,host:port` without variables.
pub(in crate::desired) fn split_servers(
    text: &str,
    place: &Place,
) -> Result<Servers, Box<Finding>> {
    Servers::split(&[Filled::Written(text.to_owned())], place)
}

impl Servers {
    /// Parses `host:port,host:port` with resolved variables. Errors show variables by name.
    pub(in crate::desired) fn split(parts: &[Filled], place: &Place) -> Result<Self, Box<Finding>> {
        let mut servers = Self::default();
        for pieces in pieces(parts) {
            let (text, name) = (pieces.expose().trim(), pieces.name().trim());
            if text.is_empty() {
                continue;
            }
            if !is_server(text) {
                return Err(Box::new(no_server(name, place)));
            }
            if servers.all.len() >= MOST_SERVERS {
                let message = format!("more than {MOST_SERVERS} servers");
                return Err(Box::new(Finding::error("server", place.clone(), message)));
            }
            servers.all.push(Secret::named(text, name));
        }
        if servers.all.is_empty() {
            let finding = Finding::error("server", place.clone(), "no server is set here");
            return Err(Box::new(finding.help("write servers as host:port")));
        }
        servers.hosts = hosts(parts, &servers.all);
        Ok(servers)
    }

    /// Appends other servers.
    pub(in crate::desired) fn extend(&mut self, other: Self) {
        self.all.extend(other.all);
        self.hosts.extend(other.hosts);
    }

    /// Creates a connection to the servers.
    pub(in crate::desired) fn connection(self) -> Connection {
        Connection {
            hosts: self.hosts,
            ..Connection::to_servers(self.all)
        }
    }
}

/// Splits at commas, including commas from variables.
fn pieces(parts: &[Filled]) -> Vec<Secret> {
    let mut pieces = Vec::new();
    let (mut text, mut name) = (String::new(), String::new());
    for part in parts {
        for (number, piece) in part.as_str().split(',').enumerate() {
            if number > 0 {
                let done = (std::mem::take(&mut text), std::mem::take(&mut name));
                pieces.push(Secret::named(done.0, done.1));
            }
            text.push_str(piece);
            name.push_str(match part {
                Filled::Written(_) => piece,
                Filled::Outside(secret) => secret.name(),
            });
        }
    }
    pieces.push(Secret::named(text, name));
    pieces
}

/// Returns the secret parts of the servers: those from variables and, for a server that is entirely
/// from a variable, also its host, which is resolved separately.
fn hosts(parts: &[Filled], servers: &[Secret]) -> Vec<Secret> {
    let outside = parts.iter().filter_map(|part| match part {
        Filled::Outside(secret) => Some(secret),
        Filled::Written(_) => None,
    });
    let pieces = outside.flat_map(|secret| {
        let pieces = secret.expose().split(',').map(str::trim);
        pieces.map(|piece| Secret::named(piece, secret.name()))
    });
    let with_port = pieces.flat_map(|piece| {
        let host = piece.expose().rsplit_once(':').map(|(host, _)| host);
        let host = host.map(|host| Secret::named(host, piece.name()));
        std::iter::once(piece).chain(host)
    });
    let whole = servers.iter().filter(|server| !server.is_public()).cloned();
    with_port
        .chain(whole)
        .filter(|host| !host.expose().is_empty())
        .collect()
}

fn no_server(name: &str, place: &Place) -> Finding {
    let help = match name.split_once("://") {
        Some((_, rest)) if is_server(rest) => format!(
            "leave the protocol out, \"{rest}\", and set security.protocol in [cluster.client]"
        ),
        _ => "a server is written host:port, several are separated by commas".to_owned(),
    };
    let message = format!("invalid address {}: expected host:port", shown(name));
    Finding::error("server", place.clone(), message).help(help)
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
