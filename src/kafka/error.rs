//! Errors of connections and of whole calls, with causes and fixes.

use std::fmt;
use std::time::Duration;

use super::client_events::{ClientEvents, TokenState};
use super::failure::{Diagnosis, Failure};
use super::fault::{Fault, FaultKind};
use crate::model::Secret;
use crate::model::connection::Connection;
use crate::model::text::escape;

/// The error of a connection or of a whole call. `Display` is one sentence with the address and the
/// cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Error {
    sentence: String,
    help: Option<String>,
    cause: Cause,
}

/// The cause of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Nothing listens at the address, or the network blocks it.
    Unreachable,
    /// The host name cannot be resolved.
    Unresolved,
    /// Something other than Kafka listens at the address.
    NotKafka,
    /// The server closes the connection.
    Closed,
    /// TLS: versions, certificates, or TLS on only one side.
    Tls,
    /// Wrong user, password, token or mechanism.
    Authentication,
    /// The client's settings are unusable, for example a missing file.
    Settings,
    /// Brokers respond, but the cluster's controller does not.
    NoController,
    /// No response in time, for an unknown reason.
    TimedOut,
    /// The cluster returned an error.
    Refused,
}

impl Cause {
    /// Returns whether waiting cannot resolve it.
    pub fn is_lasting(self) -> bool {
        matches!(self, Cause::Tls | Cause::Authentication | Cause::Settings)
    }
}

impl Error {
    /// Returns how to fix the error.
    pub fn help(&self) -> Option<String> {
        self.help.clone()
    }

    /// Returns the cause.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// Creates the error of unusable client settings, with a fix.
    pub(super) fn settings(message: &str, help: &str) -> Self {
        let sentence = format!(
            "cannot connect with these client settings: {}",
            escape(message)
        );
        Self {
            sentence,
            help: Some(help.to_owned()),
            cause: Cause::Settings,
        }
    }

    /// Creates the error of client settings that librdkafka rejects.
    pub(super) fn refused_settings(fault: &Fault) -> Self {
        if fault.message.contains("OAuth/OIDC depends on libcurl") {
            return Self::settings(
                "this build of topicsmith does not get tokens by itself (sasl.oauthbearer.method)",
                "leave out what belongs to OIDC, and let --token-command fetch the tokens",
            );
        }
        Self::settings(
            &fault.message,
            "check [cluster.client] in the environment's file, or the file of --client-config",
        )
    }

    /// Creates the error of a failed connection.
    pub(super) fn connecting(
        connection: &Connection,
        fault: &Fault,
        client_events: &ClientEvents,
        waited: Duration,
    ) -> Self {
        let failures = Failures::of(client_events, connection);
        if let Some(error) = Self::token(connection, client_events, failures.0.is_empty(), waited) {
            return error;
        }
        match failures.worst() {
            Some(worst) => Self {
                sentence: format!("cannot reach Kafka at {failures}"),
                help: Some(worst.help.clone()),
                cause: worst.cause,
            },
            None => {
                let help = "is the address right, and is the cluster busy? --timeout waits longer";
                Self::unexplained(connection, ("cannot reach Kafka", help), fault, waited)
            }
        }
    }

    /// Creates the error of a missing token.
    fn token(
        connection: &Connection,
        client_events: &ClientEvents,
        no_failure: bool,
        waited: Duration,
    ) -> Option<Self> {
        let (why, cause) = match client_events.token() {
            TokenState::Missing(why) => (why, Cause::Authentication),
            TokenState::Asked if no_failure => (
                format!("it did not come within {waited:?}"),
                Cause::TimedOut,
            ),
            TokenState::Asked | TokenState::Settled => return None,
        };
        Some(Self {
            sentence: format!(
                "cannot log in to Kafka at {}: there is no token: {}",
                shown(connection),
                escape(&why)
            ),
            help: Some(
                "--token-file, --token-command or the variable TOPICSMITH_TOKEN give one for sasl.mechanism OAUTHBEARER"
                    .to_owned(),
            ),
            cause,
        })
    }

    /// Creates the error of a whole call on a cluster that was reachable before.
    pub(super) fn call(
        connection: &Connection,
        what: &str,
        fault: &Fault,
        client_events: &ClientEvents,
        waited: Duration,
    ) -> Self {
        let what = format!("cannot read {what}");
        Self::cannot(connection, &what, "from", fault, client_events, waited)
    }

    /// Creates the error of a failed append on a cluster that was reachable before.
    pub(super) fn writing(
        connection: &Connection,
        what: &str,
        fault: &Fault,
        client_events: &ClientEvents,
        waited: Duration,
    ) -> Self {
        let what = format!("cannot write {what}");
        Self::cannot(connection, &what, "to", fault, client_events, waited)
    }

    fn cannot(
        connection: &Connection,
        what: &str,
        way: &str,
        fault: &Fault,
        client_events: &ClientEvents,
        waited: Duration,
    ) -> Self {
        let failures = Failures::of(client_events, connection);
        match failures.worst() {
            Some(worst) if fault.kind() == FaultKind::Unanswered => Self {
                sentence: format!("{what} {way} {failures}"),
                help: Some(worst.help.clone()),
                cause: worst.cause,
            },
            _ => {
                let help = "reachable earlier; overloaded, or no active controller? \
                            --timeout waits longer";
                Self::unexplained(connection, (what, help), fault, waited)
            }
        }
    }

    /// Creates the error of a reachable cluster with a controller that never responded.
    pub(super) fn controller(
        connection: &Connection,
        what: &str,
        client_events: &ClientEvents,
    ) -> Self {
        let failures = Failures::of(client_events, connection);
        let servers = shown(connection);
        let mut sentence = format!(
            "cannot read {what}: brokers at {servers} answer, but no active controller does"
        );
        if !failures.0.is_empty() {
            sentence.push_str(&format!(" ({failures})"));
        }
        Self {
            sentence,
            help: Some(
                "Kafka changes nothing without a controller: are most of those that \
                 controller.quorum.voters names up (with ZooKeeper: is it)?"
                    .to_owned(),
            ),
            cause: Cause::NoController,
        }
    }

    /// Adds the known reason to the fault of a request without a response.
    pub(super) fn explain(
        fault: Fault,
        client_events: &ClientEvents,
        connection: &Connection,
    ) -> Fault {
        let failures = Failures::of(client_events, connection);
        if fault.kind() != FaultKind::Unanswered || failures.0.is_empty() {
            return fault;
        }
        Fault {
            message: format!("{}; {failures}", fault.message),
            ..fault
        }
    }

    /// Creates the error if librdkafka reports no reason.
    fn unexplained(
        connection: &Connection,
        (what, help): (&str, &str),
        fault: &Fault,
        waited: Duration,
    ) -> Self {
        let servers = shown(connection);
        if fault.kind() == FaultKind::Unanswered {
            return Self {
                sentence: format!("{what} at {servers}: no answer within {waited:?}"),
                help: Some(help.to_owned()),
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
    escape(&connection.servers_shown()).into_owned()
}

/// The failed servers, each with its diagnosis.
struct Failures(Vec<(String, Diagnosis)>);

impl Failures {
    fn of(client_events: &ClientEvents, connection: &Connection) -> Self {
        let failures = client_events.failures();
        // If the cluster was reached, failures at its advertised addresses are the relevant ones.
        let learned = failures.iter().any(|failure| failure.learned);
        let relevant = failures.iter().filter(|failure| failure.learned == learned);
        // A part of an address may come from a variable, and is then redacted in librdkafka's
        // messages.
        let server = |failure: &Failure| {
            let mut given = connection.servers.iter();
            let given = given.find(|server| connection.redact(server.expose()) == failure.server);
            given.map_or(&*failure.server, Secret::name).to_owned()
        };
        Self(
            relevant
                .map(|failure| (server(failure), failure.diagnosis(connection)))
                .collect(),
        )
    }

    /// Returns the diagnosis to act on: causes that waiting cannot resolve come first.
    fn worst(&self) -> Option<&Diagnosis> {
        let lasting = self.0.iter().find(|(_, d)| d.cause.is_lasting());
        lasting.or(self.0.first()).map(|(_, diagnosis)| diagnosis)
    }
}

/// Formats as `a:9092 and b:9092: connection refused`, or `a:9092: …; b:9092: …` if the reasons
/// differ.
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

#[cfg(test)]
mod tests {
    use super::super::fault::TIMED_OUT;
    use super::super::ffi::Notice;
    use super::*;

    const WAITED: Duration = Duration::from_secs(30);

    fn connection(servers: &[&str], secrets: &[&str]) -> Connection {
        let servers = servers.iter().map(|&server| server.to_owned()).collect();
        Connection {
            secrets: secrets.iter().map(|&secret| Secret::new(secret)).collect(),
            ..Connection::to(servers)
        }
    }

    fn told(lines: &[(i32, &str)]) -> ClientEvents {
        let client_events = ClientEvents::default();
        for &(code, line) in lines {
            client_events.hear(Notice::Error(code, line.to_owned()));
        }
        client_events
    }

    fn unanswered() -> Fault {
        Fault::new(TIMED_OUT, "Timed out".to_owned())
    }

    const REFUSED: &str = "/bootstrap: Connect to ipv4#1.2.3.4:1 failed: Connection refused (after 0ms in state CONNECT)";

    #[test]
    fn servers_with_one_cause_share_it() {
        let connection = connection(&["a:1", "b:1", "c:1"], &[]);
        let client_events = told(&[
            (-195, &format!("a:1{REFUSED}")),
            (
                -193,
                "b:1/bootstrap: Failed to resolve 'b:1': no (after 0ms in state CONNECT)",
            ),
            (-195, &format!("c:1{REFUSED}")),
        ]);
        let error = Error::connecting(&connection, &unanswered(), &client_events, WAITED);
        assert_eq!(
            error.to_string(),
            "cannot reach Kafka at a:1, c:1: nothing listens there (connection refused); b:1: no such host name"
        );
        assert_eq!(error.cause(), Cause::Unreachable);
    }

    #[test]
    fn what_waiting_cannot_cure_comes_first() {
        let connection = connection(&["a:1", "b:1"], &[]);
        let login =
            "b:1/bootstrap: SASL authentication error: no\u{1b}[2J (after 0ms in state AUTH_REQ)";
        let client_events = told(&[(-195, &format!("a:1{REFUSED}")), (-169, login)]);
        let error = Error::connecting(&connection, &unanswered(), &client_events, WAITED);
        assert!(error.cause().is_lasting());
        assert!(
            error
                .help()
                .is_some_and(|help| help.contains("sasl.password"))
        );
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
    }

    #[test]
    fn a_server_is_shown_though_its_host_is_a_variable() {
        let connection = connection(&["kafka-1:9093"], &["kafka-1"]);
        let client_events = told(&[(-195, &format!("kafka-1:9093{REFUSED}"))]);
        let error = Error::connecting(&connection, &unanswered(), &client_events, WAITED);
        assert!(error.to_string().contains("kafka-1:9093"), "{error}");
    }

    #[test]
    fn without_any_reason_the_wait_is_told() {
        let connection = connection(&["a:1"], &[]);
        let error = Error::call(
            &connection,
            "the topics",
            &unanswered(),
            &ClientEvents::default(),
            WAITED,
        );
        let expected = "cannot read the topics at a:1: no answer within 30s";
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.cause(), Cause::TimedOut);
    }

    #[test]
    fn an_answer_is_not_explained_by_old_failures() {
        let connection = connection(&["a:1"], &[]);
        let client_events = told(&[(-195, &format!("a:1{REFUSED}"))]);
        let denied = Fault::new(31, "Cluster authorization failed.".to_owned());
        assert_eq!(
            Error::explain(denied.clone(), &client_events, &connection),
            denied
        );
        let unanswered = Error::explain(unanswered(), &client_events, &connection);
        assert_eq!(
            unanswered.message,
            "Timed out; a:1: nothing listens there (connection refused)"
        );
        client_events.all_is_well();
        let error = Error::call(&connection, "the topics", &denied, &client_events, WAITED);
        assert!(
            error
                .to_string()
                .ends_with("(31): Cluster authorization failed."),
            "{error}"
        );
        assert_eq!(error.cause(), Cause::Refused);
    }
}
