//! Bootstrap servers: `host:port`, one or several.

use super::suggest::shown;
use crate::model::{Finding, Place};

/// `host:port,host:port`. What comes from a variable is shown only once it reads as that.
pub(super) fn split_servers(
    text: &str,
    place: &Place,
    show: bool,
) -> Result<Vec<String>, Box<Finding>> {
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
