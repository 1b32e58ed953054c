//! The client's properties: the connection's settings, merged with those that this tool needs.

use std::time::Duration;

use super::error::Error;
use super::pace::Pace;
use super::tokens;
use super::types::Delivery;
use crate::model::Secret;
use crate::model::connection::Connection;

/// The minimum time that a client that reads or appends records waits for a response: less than the
/// lease of the inventory's lock.
const ANSWER: Duration = Duration::from_secs(4);

/// Returns all librdkafka properties. The connection's settings override this tool's defaults, but
/// not the properties that the client layer depends on.
pub(super) fn properties(connection: &Connection, timeout: Duration) -> Vec<(String, String)> {
    // Well within the timeout, so that librdkafka reports how far the connection came: it checks
    // once a second, and its minimum is one second.
    let setup = timeout
        .as_millis()
        .saturating_sub(2_000)
        .clamp(1_000, 30_000);
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut properties = vec![
        own("client.id", "topicsmith"),
        own("socket.connection.setup.timeout.ms", &setup.to_string()),
        own("api.version.request.timeout.ms", &setup.to_string()),
        // Retries a broker soon after it was down.
        own("reconnect.backoff.max.ms", "1000"),
        // Otherwise a small request may wait until the previous one is acknowledged (RFC 896).
        own("socket.nagle.disable", "true"),
        // This tool's client metrics are of no use to the cluster.
        own("enable.metrics.push", "false"),
    ];
    let given = connection.properties.iter();
    // Tokens that librdkafka does not fetch itself are set together with their extensions.
    let given = given.filter(|(name, _)| {
        !connection.uses_tokens() || name.as_str() != "sasl.oauthbearer.extensions"
    });
    properties.extend(given.map(|(name, value)| own(name, value.expose())));
    let servers: Vec<&str> = connection.servers.iter().map(Secret::expose).collect();
    properties.extend([
        own("bootstrap.servers", &servers.join(",")),
        // Requesting a topic must not create it.
        own("allow.auto.create.topics", "false"),
        // Logs are delivered to the queue and contain causes; `feature` logs the brokers' API
        // versions.
        own("log.queue", "true"),
        own("debug", &contexts(connection)),
    ]);
    properties
}

/// Returns the debug contexts: the one that this tool needs, and those that the user set.
fn contexts(connection: &Connection) -> String {
    let asked = connection.property("debug").into_iter();
    let all: Vec<&str> = asked.chain(["feature"]).collect();
    all.join(",")
}

/// Returns the properties of a client of records. `timeout` applies to the whole operation, and one
/// lost response must not use up all of it: after `socket.timeout.ms`, librdkafka reconnects and
/// retries. (Where each request has its own limit, a new client does that.)
fn of_records(
    connection: &Connection,
    (timeout, pace): (Duration, &Pace),
) -> Vec<(String, String)> {
    let several = pace.round_trip().saturating_mul(4);
    let answer = ANSWER.max(timeout / 8).max(several).min(timeout / 2);
    let answer = answer.as_millis().clamp(10, 300_000).to_string();
    let own = ("socket.timeout.ms".to_owned(), answer);
    let rest = properties(connection, timeout);
    std::iter::once(own).chain(rest).collect()
}

/// Returns the properties of a client that reads a partition.
pub(super) fn reading(
    connection: &Connection,
    timeout: Duration,
    pace: &Pace,
) -> Vec<(String, String)> {
    with(
        of_records(connection, (timeout, pace)),
        &[
            ("enable.partition.eof", "true"),
            ("isolation.level", "read_committed"),
            // A deleted offset is an error, not a reason to start elsewhere.
            ("auto.offset.reset", "error"),
            // Returns records immediately, and polls rarely while there are none.
            ("fetch.min.bytes", "1"),
            ("fetch.wait.max.ms", "500"),
            // Only the leader knows the end.
            ("client.rack", ""),
        ],
    )
}

/// Returns the properties of a client that appends records: in order, acknowledged by all in-sync
/// replicas, or an error in time.
pub(super) fn appending(
    connection: &Connection,
    timeout: Duration,
    pace: &Pace,
    delivery: Delivery,
) -> Vec<(String, String)> {
    let timeout_ms = timeout.as_millis().max(100).to_string();
    // Thousands of records are sent in few requests: without lingering, the first record is sent
    // alone, and the rest in small batches. A lock claim is sent at once.
    let (once, linger_ms) = match delivery {
        Delivery::Once => ("true", "1"),
        Delivery::AtLeastOnce => ("false", "0"),
    };
    with(
        of_records(connection, (timeout, pace)),
        &[
            ("enable.idempotence", once),
            ("acks", "all"),
            ("linger.ms", linger_ms),
            ("message.timeout.ms", &timeout_ms),
        ],
    )
}

fn with(mut properties: Vec<(String, String)>, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let more = more
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()));
    properties.extend(more);
    properties
}

/// Rejects settings for which librdkafka's own error message is not helpful.
pub(super) fn check(connection: &Connection) -> Result<(), Error> {
    for (name, value) in &connection.properties {
        // librdkafka removes it without a word, and the login fails with a value that looks right.
        if is_credential(name)
            && value
                .expose()
                .starts_with(|c: char| c.is_ascii_whitespace())
        {
            let message = format!("{name} begins with white space, which librdkafka removes");
            let help = format!(
                "use a {name} without white space in front; if it is only in the variable or file, \
                 remove it there"
            );
            return Err(Error::settings(&message, &help));
        }
    }
    if !connection.protocol().starts_with("SASL") {
        return Ok(());
    }
    let given = |name| {
        connection
            .property(name)
            .is_some_and(|value| !value.is_empty())
    };
    if !given("sasl.mechanism") {
        let message = format!("{} needs sasl.mechanism", connection.protocol());
        let help = "set sasl.mechanism to PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER";
        return Err(Error::settings(&message, help));
    }
    let bearer = connection.uses_tokens() || given("sasl.oauthbearer.method");
    for name in ["sasl.username", "sasl.password"] {
        if !bearer && !given(name) {
            let help = format!("set {name}; \"${{KAFKA_…}}\" takes it from a variable");
            return Err(Error::settings(&format!("{name} is not set"), &help));
        }
    }
    Ok(())
}

/// Returns whether a property is a name or a secret, in which every character counts.
fn is_credential(name: &str) -> bool {
    ["username", "password", ".secret", ".client.id"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Prepares the connection for the clients: adds every password and key to its secrets, from any
/// source, and shares tokens between clients.
pub(super) fn prepared(mut connection: Connection) -> Connection {
    connection.tokens = connection.tokens.map(tokens::kept);
    // The only enum value that librdkafka requires in upper case.
    let name = "sasl.mechanism";
    if let Some(mechanism) = connection.properties.remove(name) {
        let mechanism = mechanism.map(|mechanism| mechanism.to_ascii_uppercase());
        connection.properties.insert(name.to_owned(), mechanism);
    }
    let hidden = |name: &str| {
        name.ends_with("password") || name.ends_with(".secret") || name.ends_with(".pem")
    };
    let passwords: Vec<Secret> = connection
        .properties
        .iter()
        .filter(|(name, _)| hidden(name))
        .map(|(_, value)| match value.is_public() {
            true => Secret::new(value.expose()),
            false => value.clone(),
        })
        .collect();
    connection.secrets.extend(passwords);
    connection
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_begin_without_white_space() {
        for (name, value, is_right) in [
            ("sasl.password", "x y ", true),
            ("sasl.password", " x", false),
            ("sasl.username", "\tx", false),
            ("ssl.keystore.password", "\nx", false),
            ("sasl.oauthbearer.client.secret", " x", false),
            ("client.id", "x", true),
            ("sasl.kerberos.principal", " x", true),
        ] {
            let mut connection = Connection::to(vec!["a:1".to_owned()]);
            let secret = Secret::named(value, "${KAFKA_PASSWORD}");
            connection.properties.insert(name.to_owned(), secret);
            let checked = check(&connection).map_err(|error| error.to_string());
            let expected = format!("{name} begins with white space, which librdkafka removes");
            match is_right {
                true => assert_eq!(checked, Ok(())),
                false => assert!(
                    checked.is_err_and(|error| error.contains(&expected)),
                    "{name}"
                ),
            }
        }
    }

    #[test]
    fn an_answer_gets_a_part_of_the_time_out_unless_the_connection_sets_it() {
        let mut connection = Connection::to(vec!["a:1".to_owned()]);
        let pace = Pace::default();
        let answer = |connection: &Connection, seconds| {
            let all = reading(connection, Duration::from_secs(seconds), &pace);
            // The last value wins.
            let mut set = all.into_iter().rev();
            let found = set.find(|(name, _)| name == "socket.timeout.ms");
            found.map(|(_, value)| value)
        };
        let table = [(3, "1500"), (10, "4000"), (30, "4000"), (120, "15000")];
        for (seconds, expected) in table {
            assert_eq!(answer(&connection, seconds).as_deref(), Some(expected));
        }
        pace.saw(Duration::from_secs(2));
        assert_eq!(answer(&connection, 30).as_deref(), Some("8000"));
        let own = Secret::new("60000");
        let name = "socket.timeout.ms".to_owned();
        connection.properties.insert(name, own);
        assert_eq!(answer(&connection, 30).as_deref(), Some("60000"));
    }
}
