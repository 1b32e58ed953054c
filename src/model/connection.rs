//! How to reach a cluster: servers and librdkafka's client properties, with every secret filled in.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::secret::Secret;

/// A connection that is ready to be used. It holds credentials: nothing of it is printed but the
/// servers.
#[derive(Debug, Clone)]
pub struct Connection {
    /// `host:port` of each bootstrap server.
    pub servers: Vec<String>,
    /// librdkafka's properties besides `bootstrap.servers`.
    pub properties: BTreeMap<String, Secret>,
    /// Every text that must not reach an output: values of variables and secret files.
    pub secrets: Vec<Secret>,
    /// Where the tokens of OAUTHBEARER come from, where the runner named something.
    pub tokens: Option<TokenSource>,
    /// Who hears librdkafka's log, of what the property `debug` names.
    pub log: Option<Log>,
}

/// Hears librdkafka's log, line by line, without secrets. It must not block for long, and escapes
/// what it shows.
#[derive(Clone)]
pub struct Log(Arc<dyn Fn(&str) + Send + Sync>);

impl Log {
    /// Lines go to this.
    pub fn new(hear: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hear))
    }

    /// Takes in a line.
    pub fn hear(&self, line: &str) {
        (self.0)(line);
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log(…)")
    }
}

/// A token that proves who the client is, for OAUTHBEARER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The token itself.
    pub value: Secret,
    /// Who it is for, as far as it says so.
    pub subject: Option<String>,
    /// When it expires, as far as it says so.
    pub expires: Option<SystemTime>,
}

/// Fetches a token. It may block; an error says why in words that hold no secret.
#[derive(Clone)]
pub struct TokenSource(Arc<dyn Fn() -> Result<Token, String> + Send + Sync>);

impl TokenSource {
    /// Tokens come from calling this.
    pub fn new(fetch: impl Fn() -> Result<Token, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(fetch))
    }

    /// Fetches a token anew.
    ///
    /// # Errors
    /// Why there is none.
    pub fn fetch(&self) -> Result<Token, String> {
        (self.0)()
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSource(…)")
    }
}

impl Connection {
    /// Connects to these servers with nothing else set.
    pub fn to(servers: Vec<String>) -> Self {
        Self {
            servers,
            properties: BTreeMap::new(),
            secrets: Vec::new(),
            tokens: None,
            log: None,
        }
    }

    /// The value of a property.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(Secret::expose)
    }

    /// How the connection is secured, in capitals: `PLAINTEXT`, `SSL`, `SASL_PLAINTEXT`, `SASL_SSL`.
    pub fn protocol(&self) -> String {
        let given = self.property("security.protocol");
        given.unwrap_or("PLAINTEXT").to_ascii_uppercase()
    }

    /// Whether the client logs in with tokens that the runner names, and does not get them itself
    /// (`sasl.oauthbearer.method`).
    pub fn uses_tokens(&self) -> bool {
        let is = |name, value: &str| {
            let given = self.property(name);
            given.is_some_and(|given| given.eq_ignore_ascii_case(value))
        };
        self.protocol().starts_with("SASL")
            && is("sasl.mechanism", "OAUTHBEARER")
            && !is("sasl.oauthbearer.method", "oidc")
    }

    /// Whether the client shows a certificate of its own.
    pub fn has_certificate(&self) -> bool {
        let mut names = self.properties.keys();
        names.any(|name| name.starts_with("ssl.certificate.") || name.starts_with("ssl.keystore."))
    }

    /// Whom the brokers take this client for, as far as that stands in the connection and is no
    /// secret.
    pub fn principal(&self) -> Option<String> {
        if self.protocol().starts_with("SASL") {
            let mechanism = self.property("sasl.mechanism")?.to_ascii_uppercase();
            let named = mechanism == "PLAIN" || mechanism.starts_with("SCRAM");
            let user = self.property("sasl.username").filter(|_| named)?;
            return (self.redact(user) == user).then(|| format!("User:{user}"));
        }
        (!self.has_certificate()).then(|| "User:ANONYMOUS".to_owned())
    }

    /// Replaces every secret in a text that came from elsewhere, such as a library's error.
    pub fn redact(&self, text: &str) -> String {
        let mut secrets: Vec<&str> = self
            .secrets
            .iter()
            .map(Secret::expose)
            .filter(|secret| !secret.is_empty() && !self.servers.iter().any(|s| s == secret))
            .collect();
        // The longest first: one secret may contain another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut text = text.to_owned();
        for secret in secrets {
            text = text.replace(secret, "***");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_wherever_they_stand() {
        let mut connection = Connection::to(vec!["kafka:9092".to_owned()]);
        connection.secrets = ["hunter2", "hunter22", "kafka:9092", ""]
            .map(Secret::new)
            .to_vec();
        assert_eq!(connection.principal().as_deref(), Some("User:ANONYMOUS"));
        let text = connection.redact("bad password \"hunter22\" or hunter2 at kafka:9092");
        assert_eq!(text, "bad password \"***\" or *** at kafka:9092");
        assert!(!format!("{connection:?}").contains("hunter2"));
    }
    #[test]
    fn the_principal_is_shown_where_it_is_no_secret() {
        let properties = [
            ("security.protocol", "sasl_ssl"),
            ("sasl.mechanism", "SCRAM-SHA-256"),
            ("sasl.username", "reader"),
        ];
        let mut connection = Connection::to(vec!["kafka:9092".to_owned()]);
        for (name, value) in properties {
            let value = Secret::new(value);
            connection.properties.insert(name.to_owned(), value);
        }
        assert_eq!(connection.principal().as_deref(), Some("User:reader"));
        connection.secrets.push(Secret::new("reader"));
        assert_eq!(connection.principal(), None);
        let bearer = Secret::new("OAUTHBEARER");
        connection
            .properties
            .insert("sasl.mechanism".to_owned(), bearer);
        assert!(connection.uses_tokens());
        assert_eq!(connection.principal(), None);
    }
}
