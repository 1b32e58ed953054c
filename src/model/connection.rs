//! Connection settings of a cluster: bootstrap servers and librdkafka properties, with all secrets
//! resolved.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::secret::Secret;

/// A complete connection. Values from variables and secret files are displayed by name.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The bootstrap servers, each `host:port`.
    pub servers: Vec<Secret>,
    /// librdkafka's properties other than `bootstrap.servers`.
    pub properties: BTreeMap<String, Secret>,
    /// All texts that must not reach an output: values of variables and secret files.
    pub secrets: Vec<Secret>,
    /// Parts of the server addresses that came from variables. Host names are short (`kafka`), so
    /// they are redacted only as whole words.
    pub hosts: Vec<Secret>,
    /// The source of OAUTHBEARER tokens, if the runner configures one.
    pub tokens: Option<TokenSource>,
    /// The receiver of librdkafka's log, for the contexts in the property `debug`.
    pub log: Option<Log>,
}

/// Receives librdkafka's log line by line, secrets redacted. A receiver must not block for long and
/// must escape what it prints.
#[derive(Clone)]
pub struct Log(Arc<dyn Fn(&str) + Send + Sync>);

impl Log {
    /// Creates a log that passes each line to `hear`.
    pub fn new(hear: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hear))
    }

    /// Passes a line to the receiver.
    pub fn hear(&self, line: &str) {
        (self.0)(line);
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log(…)")
    }
}

/// An OAUTHBEARER token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The token as sent to the broker.
    pub value: Secret,
    /// The subject, if the token has one.
    pub subject: Option<String>,
    /// The expiry, if the token has one.
    pub expires: Option<SystemTime>,
}

/// Fetches tokens. A fetch may block; its error messages contain no secret.
#[derive(Clone)]
pub struct TokenSource(Arc<dyn Fn() -> Result<Token, String> + Send + Sync>);

impl TokenSource {
    /// Creates a source that calls `fetch` for each token.
    pub fn new(fetch: impl Fn() -> Result<Token, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(fetch))
    }

    /// Fetches a new token.
    ///
    /// # Errors
    /// Returns why no token is available.
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
    /// Creates a connection to these servers, without other properties.
    #[cfg(any(test, feature = "internals"))]
    pub fn to(servers: Vec<String>) -> Self {
        Self::to_servers(servers.into_iter().map(Secret::public).collect())
    }

    /// Creates a connection to servers with addresses that may come from variables, without other
    /// properties.
    pub fn to_servers(servers: Vec<Secret>) -> Self {
        Self {
            servers,
            hosts: Vec::new(),
            properties: BTreeMap::new(),
            secrets: Vec::new(),
            tokens: None,
            log: None,
        }
    }

    /// Returns the value of a librdkafka property.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(Secret::expose)
    }

    /// Returns the security protocol in upper case: `PLAINTEXT`, `SSL`, `SASL_PLAINTEXT`,
    /// `SASL_SSL`.
    pub fn protocol(&self) -> String {
        let given = self.property("security.protocol");
        given.unwrap_or("PLAINTEXT").to_ascii_uppercase()
    }

    /// Returns whether the client authenticates with tokens from the runner, as opposed to tokens
    /// that librdkafka fetches (`sasl.oauthbearer.method`).
    pub fn uses_tokens(&self) -> bool {
        let is = |name, value: &str| {
            let given = self.property(name);
            given.is_some_and(|given| given.eq_ignore_ascii_case(value))
        };
        self.protocol().starts_with("SASL")
            && is("sasl.mechanism", "OAUTHBEARER")
            && !is("sasl.oauthbearer.method", "oidc")
    }

    /// Returns whether the client presents a certificate.
    pub fn has_certificate(&self) -> bool {
        let mut names = self.properties.keys();
        names.any(|name| name.starts_with("ssl.certificate.") || name.starts_with("ssl.keystore."))
    }

    /// Returns the client's principal, as far as the connection settings determine it.
    pub fn principal(&self) -> Option<String> {
        if self.protocol().starts_with("SASL") {
            let mechanism = self.property("sasl.mechanism")?.to_ascii_uppercase();
            let named = mechanism == "PLAIN" || mechanism.starts_with("SCRAM");
            let user = self.properties.get("sasl.username").filter(|_| named)?;
            let user = match user.is_public() {
                true => self.redact(user.expose()),
                false => user.to_string(),
            };
            return Some(format!("User:{user}"));
        }
        (!self.has_certificate()).then(|| "User:ANONYMOUS".to_owned())
    }

    /// Returns the servers as displayed, without duplicates: several may come from one variable.
    pub fn servers_shown(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for server in &self.servers {
            if !names.contains(&server.name()) {
                names.push(server.name());
            }
        }
        names.join(", ")
    }

    /// Returns the address of a server or broker by its displayed name.
    pub fn address(&self, shown: &str) -> String {
        let mut servers = self.servers.iter();
        let known =
            servers.find(|server| server.name() == shown || self.redact(server.expose()) == shown);
        match known {
            Some(server) => server.expose().to_owned(),
            // An address returned by the cluster that shares a part with a bootstrap server.
            None => self.hosts.iter().fold(shown.to_owned(), |address, host| {
                address.replace(host.name(), host.expose())
            }),
        }
    }

    /// Replaces every secret in a text from elsewhere, such as a library's error, by its name.
    /// Parts of secrets are replaced, too: libraries split or truncate values.
    ///
    /// Servers and `client.id` that the configuration holds in plain text are kept: replacing them
    /// would let their author find out a secret by guessing parts of it.
    pub fn redact(&self, text: &str) -> String {
        let literals = self.servers.iter().chain(self.properties.get("client.id"));
        let literals = literals.filter(|literal| literal.is_public());
        let mut needles: Vec<Needle> = literals.map(Needle::of_literal).collect();
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.text.len()));
        let secrets = self.secrets.iter().flat_map(Needle::of_secret);
        let mut secrets: Vec<Needle> = secrets
            .chain(self.hosts.iter().map(Needle::of_host))
            .collect();
        // The longest first: one secret may contain another.
        secrets.sort_by_key(|needle| std::cmp::Reverse(needle.text.len()));
        needles.extend(secrets);
        needles.retain(|needle| !needle.text.is_empty());
        let mut redacted = String::with_capacity(text.len());
        let (mut rest, mut before) = (text, None);
        // A single pass, because a secret may be a part of another secret's name.
        while let Some(next) = rest.chars().next() {
            let found = needles.iter().find_map(|needle| {
                let length = needle.length_in(rest, before)?;
                Some((needle, length))
            });
            match found {
                Some((needle, length)) => {
                    redacted.push_str(needle.name);
                    before = rest[..length].chars().next_back();
                    rest = &rest[length..];
                }
                None => {
                    redacted.push(next);
                    before = Some(next);
                    rest = &rest[next.len_utf8()..];
                }
            }
        }
        redacted
    }
}

/// A text to redact.
struct Needle<'a> {
    text: &'a str,
    /// The replacement.
    name: &'a str,
    /// Whether it matches only as a whole word.
    is_word: bool,
    /// Whether it is the whole secret, of which a prefix is also redacted.
    is_whole: bool,
}

impl<'a> Needle<'a> {
    /// The minimum length of a prefix of a secret that is redacted.
    const BEGINNING: usize = 8;

    /// A text that is no secret, whatever it has in common with one.
    fn of_literal(literal: &'a Secret) -> Self {
        Self {
            text: literal.expose(),
            name: literal.expose(),
            is_word: true,
            is_whole: false,
        }
    }

    fn of_host(host: &'a Secret) -> Self {
        Self {
            text: host.expose(),
            name: host.name(),
            is_word: true,
            is_whole: false,
        }
    }

    /// Creates needles for the whole secret and for its parts between separators, without words
    /// that are common in any text.
    fn of_secret(secret: &'a Secret) -> Vec<Self> {
        let needle = |text, is_whole: bool| Self {
            text,
            name: secret.name(),
            is_word: !is_whole,
            is_whole,
        };
        let is_separator = |c: char| c.is_whitespace() || ",;:=|/+\"'()[]{}<>&?#%".contains(c);
        let is_telling = |piece: &&str| {
            let has = |is: fn(char) -> bool| piece.contains(is);
            let mixed = has(|c| c.is_ascii_digit()) && has(char::is_alphabetic);
            piece.len() >= 12 || piece.len() >= 4 && mixed
        };
        let pieces = secret.expose().split(is_separator).filter(is_telling);
        let pieces = pieces.filter(|piece| piece.len() < secret.expose().len());
        let pieces = pieces.map(|piece| needle(piece, false));
        std::iter::once(needle(secret.expose(), true))
            .chain(pieces)
            .collect()
    }

    /// Returns how many bytes of the beginning of a text match, if any.
    fn length_in(&self, text: &str, before: Option<char>) -> Option<usize> {
        if let Some(after) = text.strip_prefix(self.text) {
            let ends = !is_part(before) && !is_part(after.chars().next());
            return (ends || !self.is_word).then_some(self.text.len());
        }
        let same = self.text.chars().zip(text.chars());
        let same = same.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8());
        let same: usize = same.sum();
        (self.is_whole && same >= Self::BEGINNING).then_some(same)
    }
}

/// Returns whether a character next to a word makes the word part of a longer one.
fn is_part(beside: Option<char>) -> bool {
    beside.is_some_and(char::is_alphanumeric)
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
    fn a_guess_at_a_secret_is_shown_as_it_was_written() {
        let guesses = ["admin-se.example:9092", "admin-secret:9092", "other:9092"];
        let mut connection = Connection::to(guesses.map(str::to_owned).to_vec());
        connection.properties =
            BTreeMap::from([("client.id".to_owned(), Secret::public("admin-secret"))]);
        connection.secrets = vec![Secret::named("admin-secret:9092 and more", "${PASSWORD}")];
        let text = "admin-se.example:9092/1 admin-secret:9092/2 [admin-secret] other:9092";
        assert_eq!(connection.redact(text), text);
        let text = "admin-secret:9092 and more, admin-sec";
        assert_eq!(
            connection.redact(text),
            "admin-secret:9092 and more, ${PASSWORD}"
        );
        let text = "x admin-secret:90";
        assert_eq!(connection.redact(text), "x admin-secret:90");
    }

    #[test]
    fn parts_of_a_secret_are_replaced_too() {
        let mut connection = Connection::to(vec!["kafka:9092".to_owned()]);
        let long = "x1".repeat(300);
        connection.secrets = vec![
            Secret::named("P-256:s3cr3tA,with words;s3cr3tB", "${KAFKA_CURVES}"),
            Secret::named(&long, "${KAFKA_LONG}"),
        ];
        let text = format!(
            "group 's3cr3tA' of P-256:s3cr3tA with words; {}…",
            &long[..512]
        );
        let shown = "group '${KAFKA_CURVES}' of ${KAFKA_CURVES} with words; ${KAFKA_LONG}…";
        assert_eq!(connection.redact(&text), shown);
        assert_eq!(connection.redact("as3cr3tA x1x1x1"), "as3cr3tA x1x1x1");
    }

    #[test]
    fn what_came_from_a_variable_is_shown_by_its_name() {
        let mut connection = Connection::to_servers(vec![
            Secret::named("kafka:9092", "${KAFKA_HOST}:9092"),
            Secret::named("other:1", "${KAFKA_SERVERS}"),
            Secret::named("third:1", "${KAFKA_SERVERS}"),
        ]);
        connection.hosts = vec![
            Secret::named("kafka", "${KAFKA_HOST}"),
            Secret::named("other:1", "${KAFKA_SERVERS}"),
        ];
        // A secret that is a part of a name does not change the name.
        connection.secrets = vec![Secret::named("HOST", "${file:host}")];
        assert_eq!(
            connection.servers_shown(),
            "${KAFKA_HOST}:9092, ${KAFKA_SERVERS}"
        );
        let redacted = connection.redact("rdkafka#1: kafka:9092/1 and other:1 of kafka-2, HOST");
        let shown =
            "rdkafka#1: ${KAFKA_HOST}:9092/1 and ${KAFKA_SERVERS} of ${KAFKA_HOST}-2, ${file:host}";
        assert_eq!(redacted, shown);
        assert_eq!(connection.address("${KAFKA_HOST}:9092"), "kafka:9092");
        assert_eq!(connection.address("${KAFKA_HOST}:9093"), "kafka:9093");
        assert_eq!(connection.address("b:1"), "b:1");
        let text = format!("{connection:?}{:?}", connection.servers);
        assert!(!text.contains("kafka") && !text.contains("other"), "{text}");
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
            let value = Secret::public(value);
            connection.properties.insert(name.to_owned(), value);
        }
        assert_eq!(connection.principal().as_deref(), Some("User:reader"));
        connection.secrets.push(Secret::new("reader"));
        assert_eq!(connection.principal().as_deref(), Some("User:***"));
        let user = Secret::named("reader", "${KAFKA_USER}");
        connection
            .properties
            .insert("sasl.username".to_owned(), user);
        assert_eq!(
            connection.principal().as_deref(),
            Some("User:${KAFKA_USER}")
        );
        let bearer = Secret::new("OAUTHBEARER");
        connection
            .properties
            .insert("sasl.mechanism".to_owned(), bearer);
        assert!(connection.uses_tokens());
        assert_eq!(connection.principal(), None);
    }
}
