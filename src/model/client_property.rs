//! The librdkafka client properties that an environment file may set: addresses, security and
//! timeouts.
//!
//! Properties that load code, run a command, or send the client or its credentials elsewhere are
//! excluded on purpose: pull requests can change environment files, and a runner with credentials
//! reads them. Source: librdkafka's CONFIGURATION.md.

/// A librdkafka property that an environment file may set.
#[derive(Debug, PartialEq, Eq)]
pub struct ClientProperty {
    /// librdkafka's name of the property.
    pub name: &'static str,
    /// The accepted values.
    pub kind: PropertyKind,
    /// What the property does, in one sentence.
    pub doc: &'static str,
}

/// The type of a property's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyKind {
    /// Any text.
    Text,
    /// A credential, redacted in all output.
    Secret,
    /// The path of a file to read.
    Path,
    /// One of these values, case-insensitive.
    OneOf(&'static [&'static str]),
    /// One or more of these values, case-insensitive, separated by commas.
    SomeOf(&'static [&'static str]),
    /// A whole number between these bounds, both included.
    Integer(i64, i64),
    /// `true` or `false`.
    Boolean,
}

/// Maximum bytes of `client.id`. librdkafka truncates longer values in its log, and a truncated
/// secret could not be recognized and redacted.
const LONGEST_CLIENT_ID: usize = 100;

impl ClientProperty {
    /// Validates a value.
    ///
    /// # Errors
    /// Returns what the property accepts, as the end of a sentence that begins with the property's
    /// name. The message does not contain the value, which may be a secret.
    pub fn check(&self, value: &str) -> Result<(), String> {
        let is_one_of = |words: &[&str], value: &str| {
            let mut words = words.iter();
            words.any(|word| word.eq_ignore_ascii_case(value))
        };
        if self.name == "client.id" && value.len() > LONGEST_CLIENT_ID {
            return Err(format!("takes up to {LONGEST_CLIENT_ID} bytes"));
        }
        let legal = match self.kind {
            PropertyKind::Text | PropertyKind::Secret | PropertyKind::Path => !value.contains('\0'),
            PropertyKind::OneOf(words) => is_one_of(words, value),
            PropertyKind::SomeOf(words) => {
                let mut given = value.split(',').map(str::trim);
                given.all(|word| is_one_of(words, word))
            }
            PropertyKind::Integer(min, max) => value
                .parse()
                .is_ok_and(|number: i64| (min..=max).contains(&number)),
            PropertyKind::Boolean => matches!(value, "true" | "false"),
        };
        if legal {
            Ok(())
        } else {
            Err(format!("takes {}", self.expected()))
        }
    }

    /// Returns whether the value is a credential.
    pub fn is_secret(&self) -> bool {
        self.kind == PropertyKind::Secret
    }

    /// Returns what the property accepts, with its article.
    pub fn expected(&self) -> String {
        match self.kind {
            PropertyKind::Text => "a string".to_owned(),
            PropertyKind::Secret => "a credential".to_owned(),
            PropertyKind::Path => "a path".to_owned(),
            PropertyKind::OneOf(words) => format!("one of {}", words.join(", ")),
            PropertyKind::SomeOf(words) => {
                format!("one or more of {}, separated by commas", words.join(", "))
            }
            PropertyKind::Integer(min, max) => format!("a whole number from {min} to {max}"),
            PropertyKind::Boolean => "true or false".to_owned(),
        }
    }
}

/// Finds an allowed property by name.
pub fn find(name: &str) -> Option<&'static ClientProperty> {
    let index = PROPERTIES.binary_search_by(|property| property.name.cmp(name));
    index.ok().map(|index| &PROPERTIES[index])
}

/// Returns why a property is not allowed, or what to write instead.
pub fn advice(name: &str) -> String {
    if let Some((_, advice)) = ADVICE.iter().find(|(known, _)| *known == name) {
        return (*advice).to_owned();
    }
    if let Some((_, why)) = REFUSED.iter().find(|(start, _)| name.starts_with(start)) {
        return (*why).to_owned();
    }
    let near = PROPERTIES
        .iter()
        .filter(|_| name.len() <= 80)
        .map(|property| (strsim::osa_distance(name, property.name), property.name))
        .filter(|(distance, _)| *distance <= 3)
        .min();
    match near {
        Some((_, near)) => format!("did you mean `{near}`?"),
        None => "only what connects, secures and times out can be set: security.protocol, sasl.*, ssl.*, socket.* and such".to_owned(),
    }
}

/// Names of the Java client's properties and other near misses, with what to write instead.
const ADVICE: &[(&str, &str)] = &[
    (
        "bootstrap.servers",
        "write `bootstrap_servers` in [cluster]",
    ),
    (
        "metadata.broker.list",
        "write `bootstrap_servers` in [cluster]",
    ),
    ("brokers", "write `bootstrap_servers` in [cluster]"),
    ("sasl.mechanisms", "write `sasl.mechanism`"),
    (
        "sasl.jaas.config",
        "this is Java's; librdkafka takes `sasl.username` and `sasl.password`",
    ),
    (
        "sasl.login.callback.handler.class",
        "this is Java's, and loads code; --token-file or --token-command give a token",
    ),
    (
        "sasl.oauthbearer.client.credentials.client.id",
        "write `sasl.oauthbearer.client.id`",
    ),
    (
        "sasl.oauthbearer.client.credentials.client.secret",
        "write `sasl.oauthbearer.client.secret`",
    ),
    (
        "sasl.kerberos.service.name",
        "Kerberos is not supported; this tool logs in by PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER",
    ),
    ("ssl.provider", "this is Java's; leave it out"),
    ("ssl.keymanager.algorithm", "this is Java's; leave it out"),
    ("ssl.trustmanager.algorithm", "this is Java's; leave it out"),
    (
        "reconnect.backoff.jitter.ms",
        "write `reconnect.backoff.ms` and `reconnect.backoff.max.ms`",
    ),
    (
        "socket.connection.setup.timeout.max.ms",
        "this is Java's; librdkafka takes `socket.connection.setup.timeout.ms`",
    ),
    (
        "send.buffer.bytes",
        "this is Java's; librdkafka takes `socket.send.buffer.bytes`",
    ),
    (
        "receive.buffer.bytes",
        "this is Java's; librdkafka takes `socket.receive.buffer.bytes`",
    ),
    (
        "sasl.client.callback.handler.class",
        "this is Java's, and loads code",
    ),
    (
        "ssl.truststore.location",
        "this is Java's; librdkafka takes `ssl.ca.location`, a PEM file",
    ),
    (
        "ssl.truststore.password",
        "this is Java's; the PEM file that `ssl.ca.location` names needs none",
    ),
    (
        "ssl.truststore.certificates",
        "this is Java's; librdkafka takes `ssl.ca.pem`",
    ),
    (
        "ssl.truststore.type",
        "this is Java's; librdkafka takes `ssl.ca.location`, a PEM file",
    ),
    (
        "ssl.keystore.type",
        "this is Java's; `ssl.keystore.location` is a PKCS#12 file, `ssl.certificate.location` a PEM file",
    ),
    (
        "ssl.keystore.key",
        "this is Java's; librdkafka takes `ssl.key.pem`",
    ),
    (
        "ssl.keystore.certificate.chain",
        "this is Java's; librdkafka takes `ssl.certificate.pem`",
    ),
    ("ssl.protocol", "this is Java's; leave it out"),
    ("ssl.enabled.protocols", "this is Java's; leave it out"),
    (
        "request.timeout.ms",
        "write `socket.timeout.ms`; --timeout bounds each request",
    ),
    ("default.api.timeout.ms", "--timeout bounds each request"),
    ("username", "did you mean `sasl.username`?"),
    ("password", "did you mean `sasl.password`?"),
];

/// Prefixes of rejected names, with the reason.
const REFUSED: &[(&str, &str)] = &[
    ("plugin.", "it loads code"),
    ("ssl.engine", "it loads code"),
    ("ssl.providers", "it loads code"),
    (
        "sasl.kerberos",
        "librdkafka runs a command with it; Kerberos is not supported",
    ),
    (
        "sasl.oauthbearer.assertion",
        "it signs with a key of this machine's; --token-command can do that",
    ),
    (
        "sasl.oauthbearer.config",
        "it makes unsigned tokens; --token-file, --token-command or the variable TOPICSMITH_TOKEN give one",
    ),
    (
        "enable.sasl.oauthbearer",
        "it makes unsigned tokens; --token-file, --token-command or the variable TOPICSMITH_TOKEN give one",
    ),
    ("statistics", "this tool shows no statistics"),
    ("log", "`debug` sets what is printed of librdkafka's log"),
];

/// The contexts that librdkafka's `debug` property accepts.
const CONTEXTS: &[&str] = &[
    "generic",
    "broker",
    "topic",
    "metadata",
    "feature",
    "queue",
    "msg",
    "protocol",
    "cgrp",
    "security",
    "fetch",
    "interceptor",
    "plugin",
    "consumer",
    "admin",
    "eos",
    "mock",
    "assignor",
    "conf",
    "telemetry",
    "all",
];

const DAY_MS: i64 = 86_400_000;

macro_rules! properties {
    ($($name:literal $kind:expr, $doc:literal;)+) => {
        /// All allowed properties, sorted by name.
        pub static PROPERTIES: &[ClientProperty] = &[$(ClientProperty {
            name: $name,
            kind: { use PropertyKind::*; $kind },
            doc: $doc,
        },)+];
    };
}

properties! {
    "broker.address.family" OneOf(&["any", "v4", "v6"]), "Which IP addresses are used";
    "broker.address.ttl" Integer(0, DAY_MS), "How long a resolved address is kept";
    "client.dns.lookup" OneOf(&["use_all_dns_ips", "resolve_canonical_bootstrap_servers_only"]), "How names are resolved";
    "client.id" Text, "The name that the client gives itself, up to 100 bytes";
    "connections.max.idle.ms" Integer(0, i32::MAX as i64), "When an idle connection is closed";
    "debug" SomeOf(CONTEXTS), "What is shown of librdkafka's log, on standard error and without secrets";
    "enable.ssl.certificate.verification" Boolean, "Whether the broker's certificate is checked";
    "https.ca.location" Path, "The certificates of the authorities that are trusted for the token endpoint, PEM (OIDC)";
    "https.ca.pem" Text, "The same, as text (OIDC)";
    "receive.message.max.bytes" Integer(1000, i32::MAX as i64), "The largest answer that is accepted";
    "reconnect.backoff.max.ms" Integer(0, 3_600_000), "The longest wait before the next attempt to connect";
    "reconnect.backoff.ms" Integer(0, 3_600_000), "The first wait before the next attempt to connect";
    "retry.backoff.max.ms" Integer(1, 300_000), "The longest wait before a request is sent again";
    "retry.backoff.ms" Integer(1, 300_000), "The first wait before a request is sent again";
    "sasl.mechanism" OneOf(&["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]), "How the client logs in";
    "sasl.oauthbearer.client.id" Text, "Who asks the token endpoint for a token (OIDC)";
    "sasl.oauthbearer.client.secret" Secret, "The secret for the token endpoint (OIDC)";
    "sasl.oauthbearer.extensions" Text, "What goes to the broker with a token, name=value,name=value";
    "sasl.oauthbearer.method" OneOf(&["default", "oidc"]), "Whether the client itself gets tokens, from a token endpoint (OIDC)";
    "sasl.oauthbearer.scope" Text, "The scope that the token endpoint is asked for (OIDC)";
    "sasl.oauthbearer.token.endpoint.url" Text, "Where tokens are fetched (OIDC)";
    "sasl.password" Secret, "The password";
    "sasl.username" Text, "The user's name";
    "security.protocol" OneOf(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]), "How the connection is secured";
    "socket.connection.setup.timeout.ms" Integer(1000, i32::MAX as i64), "How long a connection may take to come up";
    "socket.keepalive.enable" Boolean, "Whether idle connections are kept alive by TCP";
    "socket.max.fails" Integer(0, 1_000_000), "After how many failures a connection is closed";
    "socket.nagle.disable" Boolean, "Whether small packets are sent at once";
    "socket.receive.buffer.bytes" Integer(0, 100_000_000), "The socket's receive buffer";
    "socket.send.buffer.bytes" Integer(0, 100_000_000), "The socket's send buffer";
    "socket.timeout.ms" Integer(10, 300_000), "How long a request may take on the network";
    "ssl.ca.location" Path, "The certificates of the authorities that are trusted, PEM";
    "ssl.ca.pem" Text, "The same, as text";
    "ssl.certificate.location" Path, "The client's certificate, PEM";
    "ssl.certificate.pem" Text, "The same, as text";
    "ssl.cipher.suites" Text, "Which ciphers are used";
    "ssl.crl.location" Path, "Certificates that are revoked, PEM";
    "ssl.curves.list" Text, "Which curves are used";
    "ssl.endpoint.identification.algorithm" OneOf(&["https", "none"]), "Whether the broker's name must stand in its certificate";
    "ssl.key.location" Path, "The client's private key, PEM";
    "ssl.key.password" Secret, "The private key's password";
    "ssl.key.pem" Secret, "The private key, as text";
    "ssl.keystore.location" Path, "The client's key and certificate, PKCS#12";
    "ssl.keystore.password" Secret, "The PKCS#12 file's password";
    "ssl.sigalgs.list" Text, "Which signature algorithms are used";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_client_properties_has_each() {
        let page = include_str!("../../docs/reference/client-properties.md");
        for property in PROPERTIES {
            let (name, takes, does) = (property.name, property.expected(), property.doc);
            let row = format!("| `{name}` | {takes} | {does} |\n");
            assert!(page.contains(&row), "{row}");
        }
        let rows = page.lines().skip_while(|line| *line != "## All properties");
        let rows = rows.filter(|line| line.starts_with("| `")).count();
        assert_eq!(rows, PROPERTIES.len());
    }

    #[test]
    fn what_is_dangerous_or_unknown_is_refused_with_a_reason() {
        for name in [
            "plugin.library.paths",
            "ssl.engine.location",
            "sasl.kerberos.kinit.cmd",
            "metadata.broker.list",
            "sasl.jaas.config",
            "group.id",
            "log_level",
        ] {
            assert_eq!(find(name), None, "{name}");
            assert!(!advice(name).is_empty(), "{name}");
        }
        assert_eq!(advice("sasl.pasword"), "did you mean `sasl.password`?");
    }

    #[test]
    fn values_are_checked_without_being_repeated() {
        let check = |name: &str, value: &str| find(name).unwrap().check(value);
        assert_eq!(check("security.protocol", "sasl_ssl"), Ok(()));
        let problem = check("security.protocol", "hunter2").unwrap_err();
        assert!(!problem.contains("hunter2"));
        assert!(check("socket.timeout.ms", "1").is_err());
        assert!(check("client.id", &"x".repeat(100)).is_ok());
        assert!(check("client.id", &"x".repeat(101)).is_err());
        assert!(check("socket.nagle.disable", "yes").is_err());
        assert_eq!(check("debug", "broker, Security"), Ok(()));
        for wrong in ["", "broker,", "hunter2"] {
            let problem = check("debug", wrong).unwrap_err();
            assert!(problem.starts_with("takes one or more of generic, broker,"));
        }
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(PROPERTIES.windows(2).all(|two| two[0].name < two[1].name));
    }
}
