//! Why a cluster could not be reached, or a whole call failed, in words.

use std::fmt;
use std::time::Duration;

use super::failure::{Diagnosis, Failure};
use super::fault::{Fault, FaultKind};
use super::news::News;
use crate::model::connection::Connection;
use crate::model::text::escape;

/// Connecting, or a whole call, failed. `Display` is one sentence with the address and the cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Error {
    sentence: String,
    help: Option<String>,
    cause: Cause,
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Nothing listens at the address, or the way there is closed.
    Unreachable,
    /// The name of the host is not known.
    Unresolved,
    /// Something else than Kafka listens there.
    NotKafka,
    /// The other side closes the connection.
    Closed,
    /// TLS: versions, certificates, or TLS on one side alone.
    Tls,
    /// The user, the password, the token or the mechanism is wrong.
    Authentication,
    /// The client's own settings cannot be used: a file that is not there, say.
    Settings,
    /// No answer in time, and nothing that says why.
    TimedOut,
    /// The cluster answered with an error.
    Refused,
}

impl Cause {
    /// Whether waiting cannot cure it.
    pub fn is_lasting(self) -> bool {
        matches!(self, Cause::Tls | Cause::Authentication | Cause::Settings)
    }
}

impl Error {
    /// What to do now.
    pub fn help(&self) -> Option<String> {
        self.help.clone()
    }

    /// Why.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// No client can be made of these settings.
    pub(super) fn settings(message: &str) -> Self {
        let sentence = format!(
            "cannot connect with these client settings: {}",
            escape(message)
        );
        Self {
            sentence,
            help: Some("check [cluster] in the environment's file".to_owned()),
            cause: Cause::Settings,
        }
    }

    /// No broker could be reached.
    pub(super) fn connecting(
        connection: &Connection,
        fault: &Fault,
        news: &News,
        waited: Duration,
    ) -> Self {
        let failures = Failures::of(news, connection);
        match failures.worst() {
            Some(worst) => Self {
                sentence: format!("cannot reach Kafka at {failures}"),
                help: Some(worst.help.clone()),
                cause: worst.cause,
            },
            None => Self::unexplained(connection, "cannot reach Kafka", fault, waited),
        }
    }

    /// A whole call failed on a cluster that was reached before.
    pub(super) fn call(
        connection: &Connection,
        what: &str,
        fault: &Fault,
        news: &News,
        waited: Duration,
    ) -> Self {
        let failures = Failures::of(news, connection);
        match failures.worst() {
            Some(worst) if fault.kind() == FaultKind::Unanswered => Self {
                sentence: format!("cannot read {what} from {failures}"),
                help: Some(worst.help.clone()),
                cause: worst.cause,
            },
            _ => Self::unexplained(connection, &format!("cannot read {what}"), fault, waited),
        }
    }

    /// A request that got no answer, with what is known of the reason.
    pub(super) fn explain(fault: Fault, news: &News, connection: &Connection) -> Fault {
        let failures = Failures::of(news, connection);
        if fault.kind() != FaultKind::Unanswered || failures.0.is_empty() {
            return fault;
        }
        Fault {
            message: format!("{}; {failures}", fault.message),
            ..fault
        }
    }

    /// librdkafka says nothing that explains it.
    fn unexplained(connection: &Connection, what: &str, fault: &Fault, waited: Duration) -> Self {
        let servers = shown(connection);
        if fault.kind() == FaultKind::Unanswered {
            return Self {
                sentence: format!("{what} at {servers}: no answer within {waited:?}"),
                help: Some(
                    "is the address right, and is the cluster busy? --timeout waits longer"
                        .to_owned(),
                ),
                cause: Cause::TimedOut,
            };
        }
        Self {
            sentence: format!("{what} at {servers}: {fault}"),
            help: None,
            cause: Cause::Refused,
        }
    }
}

fn shown(connection: &Connection) -> String {
    escape(&connection.servers.join(", ")).into_owned()
}

/// The servers that failed, each with what it means.
struct Failures(Vec<(String, Diagnosis)>);

impl Failures {
    fn of(news: &News, connection: &Connection) -> Self {
        let failures = news.failures();
        // What the cluster says of itself matters once it was reached.
        let learned = failures.iter().any(|failure| failure.learned);
        let relevant = failures.iter().filter(|failure| failure.learned == learned);
        // Part of an address may come from a variable, and so be redacted in what librdkafka says.
        let server = |failure: &Failure| {
            let mut given = connection.servers.iter();
            let given = given.find(|server| connection.redact(server) == failure.server);
            given.unwrap_or(&failure.server).clone()
        };
        Self(
            relevant
                .map(|failure| (server(failure), failure.diagnosis(connection)))
                .collect(),
        )
    }

    /// The one to act on: what waiting cannot cure comes first.
    fn worst(&self) -> Option<&Diagnosis> {
        let lasting = self.0.iter().find(|(_, d)| d.cause.is_lasting());
        lasting.or(self.0.first()).map(|(_, diagnosis)| diagnosis)
    }
}

/// `a:9092 and b:9092: connection refused`, or `a:9092: …; b:9092: …` where they differ.
impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
        for (server, diagnosis) in &self.0 {
            match groups
                .iter_mut()
                .find(|(words, _)| *words == diagnosis.words)
            {
                Some((_, servers)) => servers.push(server),
                None => groups.push((&diagnosis.words, vec![server])),
            }
        }
        let texts: Vec<String> = groups
            .iter()
            .map(|(words, servers)| format!("{}: {}", escape(&servers.join(", ")), escape(words)))
            .collect();
        f.write_str(&texts.join("; "))
    }
}
