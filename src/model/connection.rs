//! How to reach a cluster: servers and librdkafka's client properties, with every secret filled in.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::secret::Secret;

/// A connection that is ready to be used. What came from variables and secret files is shown by its
/// name.
#[derive(Debug, Clone)]
pub struct Connection {
    /// `host:port` of each bootstrap server.
    pub servers: Vec<Secret>,
    /// librdkafka's properties besides `bootstrap.servers`.
    pub properties: BTreeMap<String, Secret>,
    /// Every text that must not reach an output: values of variables and secret files.
    pub secrets: Vec<Secret>,
    /// Parts of the servers that came from variables. Hosts have short names (`kafka`), so that these
    /// are secret only where they are words of their own.
    pub hosts: Vec<Secret>,
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
    #[cfg(any(test, feature = "internals"))]
    pub fn to(servers: Vec<String>) -> Self {
        Self::to_servers(servers.into_iter().map(Secret::public).collect())
    }

    /// The same where an address may have come from a variable.
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

    /// Whom the brokers take this client for, as far as that stands in the connection.
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

    /// The servers as they are shown, each name once: several may come from one variable.
    pub fn servers_shown(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for server in &self.servers {
            if !names.contains(&server.name()) {
                names.push(server.name());
            }
        }
        names.join(", ")
    }

    /// The address of a server or broker by the name that it is shown by.
    pub fn address(&self, shown: &str) -> String {
        let mut servers = self.servers.iter();
        let known =
            servers.find(|server| server.name() == shown || self.redact(server.expose()) == shown);
        match known {
            Some(server) => server.expose().to_owned(),
            // One that the cluster gave, and that has a part in common with a server.
            None => self.hosts.iter().fold(shown.to_owned(), |address, host| {
                address.replace(host.name(), host.expose())
            }),
        }
    }

    /// Replaces every secret by its name in a text that came from elsewhere, such as a library's
    /// error, and so a part of one: libraries take values apart, or cut them off.
    ///
    /// What the configuration itself holds in plain text, its servers and `client.id`, stays as it
    /// is: were it replaced, its author could find out a secret by guessing parts of it.
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
        // In one pass: a secret may be a part of another one's name.
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

/// What is replaced in a text.
struct Needle<'a> {
    text: &'a str,
    /// By what.
    name: &'a str,
    /// Whether it is only one as a word of its own.
    is_word: bool,
    /// Whether its beginning is enough.
    is_whole: bool,
}

impl<'a> Needle<'a> {
    /// The shortest beginning of a secret that is taken for it.
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

    /// The secret as a whole, and what separators make of it, but for words that any text may hold.
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

    /// How much of the beginning of a text it is, if any.
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

/// Whether a character beside a word makes it a part of a longer one.
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
        // A secret that is a part of a name does not spoil it.
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
