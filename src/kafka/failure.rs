//! Diagnosis of a single server's failure, from librdkafka's messages.

use super::certificate::Certificate;
use super::error::Cause;
use crate::model::connection::Connection;

/// librdkafka's local error codes that identify causes.
mod code {
    pub const BAD_MESSAGE: i32 = -199;
    pub const RESOLVE: i32 = -193;
    pub const SSL: i32 = -181;
    pub const AUTHENTICATION: i32 = -169;
}

/// A server's last failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// `host:port`.
    pub server: String,
    /// Whether the cluster advertised the address (`advertised.listeners`), as opposed to the
    /// connection settings.
    pub learned: bool,
    /// librdkafka's error code; log lines have none.
    pub code: Option<i32>,
    /// librdkafka's message.
    pub reason: String,
    /// The server's certificate, if it was rejected.
    pub certificate: Option<Certificate>,
    /// Whether a probe has found that the server expects TLS.
    pub expects_tls: bool,
    /// The state of the connection at the failure: `CONNECT`, `SSL_HANDSHAKE`, `APIVERSION_QUERY`,
    /// `UP`, …
    pub state: String,
}

/// The diagnosis of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Diagnosis {
    pub cause: Cause,
    /// What happened, to follow the address: `connection refused`.
    pub words: String,
    /// How to fix it.
    pub help: String,
}

impl Failure {
    /// Parses librdkafka's line: `[PROTOCOL://]HOST:PORT/ID: REASON (after 3ms in state UP, …)`,
    /// which has the prefix `[thrd:NAME]: ` in a log.
    pub fn parse(code: Option<i32>, line: &str) -> Option<Self> {
        let line = match line.strip_prefix("[thrd:") {
            Some(rest) => rest.split_once("]: ")?.1,
            None => line,
        };
        let (name, rest) = line.split_once(": ")?;
        let name = name.split_once("://").map_or(name, |(_, name)| name);
        let (server, id) = name.rsplit_once('/')?;
        let (reason, state) = match rest.rsplit_once(" (after ") {
            Some((reason, after)) => (reason, after.split_once("in state ")?.1),
            None => (rest, ""),
        };
        let state = state.trim_end_matches(')').split(',').next();
        Some(Self {
            server: server.to_owned(),
            learned: id != "bootstrap",
            code,
            reason: reason.to_owned(),
            certificate: None,
            expects_tls: false,
            state: state.unwrap_or_default().to_owned(),
        })
    }

    /// Returns whether another address of the same host may still work.
    pub fn may_have_other_addresses(&self) -> bool {
        self.state == "CONNECT" && self.code != Some(code::RESOLVE)
    }

    /// Returns whether the cluster advertises a host name that cannot be resolved here.
    pub fn is_unknown_advertised_name(&self) -> bool {
        self.learned && self.code == Some(code::RESOLVE)
    }

    /// Returns whether the server may have closed the connection because it expects TLS.
    pub fn may_expect_tls(&self, connection: &Connection) -> bool {
        !connection.protocol().ends_with("SSL")
            && self.state == "APIVERSION_QUERY"
            && self.reason.starts_with("Disconnected")
    }

    /// Returns the diagnosis.
    pub fn diagnosis(&self, connection: &Connection) -> Diagnosis {
        let mut diagnosis = match self.code {
            Some(code::RESOLVE) => self.unresolved(),
            _ if self.expects_tls => expects_tls(),
            Some(code::AUTHENTICATION) => self.login(connection),
            Some(code::BAD_MESSAGE) => self.not_kafka(),
            _ if self.alert().is_some() => self.tls(connection),
            _ if self.is_unreadable_alert() => client_certificate(connection),
            Some(code::SSL) => self.tls(connection),
            _ if self.reason.starts_with("Connection setup timed out") => self.silence(),
            _ if self.reason.starts_with("ApiVersionRequest failed") => self.silence(),
            _ if self.state == "SSL_HANDSHAKE" => self.tls(connection),
            _ if self.reason.starts_with("Connect to ") => self.refused(),
            _ if self.reason.starts_with("Disconnected") => self.closed(&connection.protocol()),
            _ => Diagnosis::new(
                Cause::Unreachable,
                &self.reason,
                "search the broker's log for this client",
            ),
        };
        if self.learned && matches!(diagnosis.cause, Cause::Unresolved | Cause::Unreachable) {
            diagnosis.help = format!(
                "{} is the address that the cluster gives for one of its brokers: is that broker up? \
                 If it cannot be reached from here at all, advertised.listeners in its settings needs \
                 an address that can",
                self.server
            );
        }
        diagnosis
    }

    fn unresolved(&self) -> Diagnosis {
        Diagnosis::new(
            Cause::Unresolved,
            "no such host name",
            "check the spelling of bootstrap_servers, and whether this machine can look the name up",
        )
    }

    fn refused(&self) -> Diagnosis {
        let why = self.reason.rsplit_once("failed: ").map(|(_, why)| why);
        let why = why.unwrap_or(&self.reason).to_lowercase();
        let words = match why.as_str() {
            "connection refused" => "nothing listens there (connection refused)",
            other => other,
        };
        Diagnosis::new(
            Cause::Unreachable,
            words,
            "is the broker up, and is this its port? --wait 60s waits for one that is still starting",
        )
    }

    fn silence(&self) -> Diagnosis {
        if self.state == "CONNECT" {
            return Diagnosis::new(
                Cause::Unreachable,
                "no answer at all",
                "is the address right, and does a firewall or a VPN stand in between?",
            );
        }
        Diagnosis::new(
            Cause::NotKafka,
            "something accepts the connection there, but does not answer",
            "is this Kafka's port? A proxy without a broker behind it looks like this too",
        )
    }

    fn not_kafka(&self) -> Diagnosis {
        // librdkafka interprets the first four bytes of a response as its length, and reports this
        // number.
        let http = i32::from_be_bytes(*b"HTTP").to_string();
        let words = if self.reason.contains(&http) {
            "an HTTP server answers there, not Kafka"
        } else {
            "something answers there that is not Kafka"
        };
        let help = "this is not a Kafka port: check bootstrap_servers";
        Diagnosis::new(Cause::NotKafka, words, help)
    }

    fn closed(&self, protocol: &str) -> Diagnosis {
        let (tls, sasl) = (protocol.ends_with("SSL"), protocol.starts_with("SASL"));
        let (words, help) = match self.state.as_str() {
            "APIVERSION_QUERY" if !tls => (
                "the other side closes the connection",
                "is this Kafka's port? One that expects TLS does this too: then set \
                 security.protocol to \"SSL\" or \"SASL_SSL\"",
            ),
            "UP" if !sasl => (
                "the other side closes the connection, as a port does that expects a login",
                "set security.protocol to \"SASL_SSL\" or \"SASL_PLAINTEXT\", and sasl.mechanism, \
                 sasl.username and sasl.password",
            ),
            _ => (
                "the other side closes the connection",
                "search the broker's log for this client",
            ),
        };
        Diagnosis::new(Cause::Closed, words, help)
    }

    /// Returns the TLS alert number that the broker sent (RFC 8446, section 6).
    fn alert(&self) -> Option<u8> {
        let (_, number) = self.reason.rsplit_once("SSL alert number ")?;
        let end = number.find(|c: char| !c.is_ascii_digit());
        number[..end.unwrap_or(number.len())].parse().ok()
    }

    /// Returns whether this is the error of Kafka 2.8 for a missing or rejected client certificate:
    /// with TLS 1.3, the client considers the handshake complete and receives an alert that it
    /// cannot decrypt.
    fn is_unreadable_alert(&self) -> bool {
        self.state != "SSL_HANDSHAKE" && self.reason.contains("bad record mac")
    }

    fn tls(&self, connection: &Connection) -> Diagnosis {
        if self.reason.contains("PLAINTEXT broker listener") {
            return Diagnosis::new(
                Cause::Tls,
                "the port does not speak TLS",
                "set security.protocol to \"PLAINTEXT\" or \"SASL_PLAINTEXT\", or use the port that has TLS",
            );
        }
        if let Some(certificate) = &self.certificate {
            return certificate.diagnosis(&self.server);
        }
        if self.reason.starts_with("Disconnected") {
            return Diagnosis::new(
                Cause::Tls,
                "the other side closes the connection during the TLS handshake",
                "does the port speak TLS? If not, set security.protocol to \"PLAINTEXT\" or \
                 \"SASL_PLAINTEXT\"; a proxy without a broker behind it looks like this too",
            );
        }
        match self.alert() {
            // bad_certificate to unknown_ca, except illegal_parameter; certificate_required.
            Some(41..=46 | 48 | 116) => client_certificate(connection),
            // handshake_failure, protocol_version, insufficient_security.
            Some(40 | 70 | 71) => Diagnosis::new(
                Cause::Tls,
                "the broker and this client have no version of TLS or no cipher in common",
                "compare ssl.cipher.suites, ssl.curves.list and ssl.sigalgs.list with the broker's \
                 ssl.enabled.protocols and ssl.cipher.suites",
            ),
            _ => Diagnosis::new(
                Cause::Tls,
                &self.reason,
                "check the ssl.* settings in [cluster.client] against the broker's",
            ),
        }
    }

    fn login(&self, connection: &Connection) -> Diagnosis {
        let words = |why: &str| format!("the login was refused: {why}");
        if let Some((_, known)) = self
            .reason
            .split_once("Unsupported SASL mechanism: broker's supported mechanisms: ")
        {
            return Diagnosis::new(
                Cause::Authentication,
                &words("the broker does not have this mechanism"),
                &format!("set sasl.mechanism to one that it has: {known}"),
            );
        }
        if self.reason.contains("not valid in current SASL state") {
            return Diagnosis::new(
                Cause::Authentication,
                "the port does not take a login",
                "set security.protocol to \"PLAINTEXT\" or \"SSL\", or use the port that has SASL",
            );
        }
        let why = self.reason.strip_prefix("SASL authentication error: ");
        // The broker's response to a token is JSON (RFC 7628, section 3.2.2).
        if connection.uses_tokens() {
            let status = why.and_then(|why| why.strip_prefix("{\"status\":\""));
            let status = status.and_then(|status| status.split('"').next());
            return Diagnosis::new(
                Cause::Authentication,
                &format!(
                    "the broker does not accept the token ({})",
                    status.or(why).unwrap_or(&self.reason)
                ),
                "it may have expired by the broker's clock, or be meant for another cluster: check \
                 what issued it, its audience and its scope",
            );
        }
        Diagnosis::new(
            Cause::Authentication,
            &words(why.unwrap_or(&self.reason)),
            "check sasl.mechanism, sasl.username and sasl.password",
        )
    }
}

fn expects_tls() -> Diagnosis {
    Diagnosis::new(
        Cause::Tls,
        "the port expects TLS",
        "set security.protocol to \"SSL\" or \"SASL_SSL\", or use the port that has no TLS",
    )
}

/// Returns the diagnosis of a missing or rejected client certificate.
fn client_certificate(connection: &Connection) -> Diagnosis {
    match connection.has_certificate() {
        true => Diagnosis::new(
            Cause::Tls,
            "the broker does not accept this client's certificate",
            "it must be signed by an authority that the broker trusts (its ssl.truststore.location), \
             and be valid today",
        ),
        false => Diagnosis::new(
            Cause::Tls,
            "the broker wants a certificate of this client",
            "set ssl.certificate.location and ssl.key.location, PEM files, or ssl.keystore.location, \
             a PKCS#12 file",
        ),
    }
}

impl Diagnosis {
    fn new(cause: Cause, words: &str, help: &str) -> Self {
        Self {
            cause,
            words: words.to_owned(),
            help: help.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::Secret;

    fn diagnosis(code: Option<i32>, line: &str, protocol: &str) -> Diagnosis {
        let protocol = ("security.protocol".to_owned(), Secret::new(protocol));
        let connection = Connection {
            properties: BTreeMap::from([protocol]),
            ..Connection::to(vec!["a:1".to_owned()])
        };
        let failure = Failure::parse(code, line).expect(line);
        failure.diagnosis(&connection)
    }

    #[test]
    fn librdkafkas_lines() {
        let log = "[thrd:sasl_ssl://a.b:9092/bootstrap]: sasl_ssl://a.b:9092/bootstrap: SASL authentication error: no (really) (after 302ms in state AUTH_REQ, 1 identical error(s) suppressed)";
        let expected = Failure {
            server: "a.b:9092".to_owned(),
            learned: false,
            code: None,
            reason: "SASL authentication error: no (really)".to_owned(),
            certificate: None,
            expects_tls: false,
            state: "AUTH_REQ".to_owned(),
        };
        assert_eq!(Failure::parse(None, log), Some(expected));
        let error = "[::1]:9092/3: Failed to resolve '[::1]:9092': no (after 1ms in state CONNECT)";
        let failure = Failure::parse(Some(-193), error).expect(error);
        assert_eq!(
            (failure.server.as_str(), failure.learned),
            ("[::1]:9092", true)
        );
        assert!(failure.is_unknown_advertised_name());
        assert_eq!(Failure::parse(None, "1/1 brokers are down"), None);
        assert_eq!(Failure::parse(None, "[thrd:main]: Starting"), None);
        assert_eq!(Failure::parse(None, ""), None);
    }

    #[test]
    fn the_same_end_means_another_thing_further_on() {
        let line = |state: &str| {
            format!(
                "a:1/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN (after 2ms in state {state})"
            )
        };
        let help = |state, protocol| diagnosis(None, &line(state), protocol).help;
        assert!(help("APIVERSION_QUERY", "plaintext").contains("TLS"));
        assert!(help("APIVERSION_QUERY", "SASL_SSL").contains("the broker's log"));
        assert!(help("UP", "SSL").contains("sasl.username"));
        assert!(help("UP", "SASL_SSL").contains("the broker's log"));
    }

    #[test]
    fn time_outs_say_how_far_it_came() {
        let line = |state: &str| {
            format!(
                "a:1/bootstrap: Connection setup timed out in state {state} (after 8000ms in state {state})"
            )
        };
        let words = |state| diagnosis(None, &line(state), "PLAINTEXT").words;
        assert_eq!(words("CONNECT"), "no answer at all");
        assert!(words("SSL_HANDSHAKE").contains("does not answer"));
    }

    #[test]
    fn alerts_say_what_the_broker_misses() {
        let line = |number: u8| {
            format!(
                "a:1/bootstrap: Receive failed: ssl3_read_bytes error:0A000412:SSL routines::x: SSL alert number {number} (after 2ms in state APIVERSION_QUERY)"
            )
        };
        let words = |number| diagnosis(Some(-195), &line(number), "SSL").words;
        assert_eq!(words(116), "the broker wants a certificate of this client");
        assert!(words(40).contains("no cipher in common"));
        assert!(words(80).contains("SSL alert number 80"));
    }

    #[test]
    fn an_alert_that_cannot_be_read_is_about_the_clients_certificate() {
        let line = |state: &str| {
            format!(
                "a:1/bootstrap: Receive failed: ssl3_record.c:616: error:0A000119:SSL routines::decryption failed or bad record mac (after 2ms in state {state})"
            )
        };
        let words = |state| diagnosis(Some(-195), &line(state), "SSL").words;
        let expected = "the broker wants a certificate of this client";
        assert_eq!(words("APIVERSION_QUERY"), expected);
        assert_ne!(words("SSL_HANDSHAKE"), expected);
    }

    #[test]
    fn advertised_addresses_are_somebody_elses_mistake() {
        let line = "b:1/2: Connect to ipv4#10.0.0.1:1 failed: Connection refused (after 0ms in state CONNECT)";
        let refused = diagnosis(Some(-195), line, "PLAINTEXT");
        assert!(
            refused.help.starts_with("b:1 is the address"),
            "{}",
            refused.help
        );
        let line = "b:1/2: SASL authentication error: no (after 0ms in state AUTH_REQ)";
        let login = diagnosis(Some(-169), line, "PLAINTEXT");
        assert!(login.help.starts_with("check sasl"), "{}", login.help);
    }
}
