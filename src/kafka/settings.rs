//! The client's properties: what the connection says, over what this tool needs.

use std::time::Duration;

use super::error::Error;
use super::pace::Pace;
use super::tokens;
use super::types::Delivery;
use crate::model::Secret;
use crate::model::connection::Connection;

/// How long a client that reads or appends records waits for one answer, at least: less than a lease
/// of the inventory's lock lasts.
const ANSWER: Duration = Duration::from_secs(4);

/// Everything that librdkafka is given. What the connection sets wins over what is only a better
/// default; what the client layer stands on cannot be changed.
pub(super) fn properties(connection: &Connection, timeout: Duration) -> Vec<(String, String)> {
    // Well within the time-out, so that librdkafka says how far it came: it looks once a second,
    // and takes no less than one.
    let setup = timeout
        .as_millis()
        .saturating_sub(2_000)
        .clamp(1_000, 30_000);
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut properties = vec![
        own("client.id", "topicsmith"),
        own("socket.connection.setup.timeout.ms", &setup.to_string()),
        own("api.version.request.timeout.ms", &setup.to_string()),
        // A broker that was away is tried again soon.
        own("reconnect.backoff.max.ms", "1000"),
        // Else a small question may wait until the one before it was acknowledged (RFC 896).
        own("socket.nagle.disable", "true"),
        // Nobody asked for this tool's metrics.
        own("enable.metrics.push", "false"),
    ];
    let given = connection.properties.iter();
    // Tokens that do not come from librdkafka are handed over with their extensions.
    let given = given.filter(|(name, _)| {
        !connection.uses_tokens() || name.as_str() != "sasl.oauthbearer.extensions"
    });
    properties.extend(given.map(|(name, value)| own(name, value.expose())));
    let servers: Vec<&str> = connection.servers.iter().map(Secret::expose).collect();
    properties.extend([
        own("bootstrap.servers", &servers.join(",")),
        // Asking about a topic must not make it.
        own("allow.auto.create.topics", "false"),
        // Logs come to the queue and tell causes; `feature` tells what the brokers can do.
        own("log.queue", "true"),
        own("debug", &contexts(connection)),
    ]);
    properties
}

/// What librdkafka is to log: what this tool needs, and what was asked for.
fn contexts(connection: &Connection) -> String {
    let asked = connection.property("debug").into_iter();
    let all: Vec<&str> = asked.chain(["feature"]).collect();
    all.join(",")
}

/// The same for a client of records. `timeout` is for all that it is told to do, and one answer that is
/// lost on an open connection must not take all of it: after `socket.timeout.ms` librdkafka connects
/// again, and asks again. (Where requests are bounded one by one, a fresh client does that.)
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

/// What a client that reads the records of a partition needs besides.
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
            // An offset that is gone is an error, not a reason to begin anywhere else.
            ("auto.offset.reset", "error"),
            // As soon as there is a record, and seldom while there is none.
            ("fetch.min.bytes", "1"),
            ("fetch.wait.max.ms", "500"),
            // The leader alone knows the end.
            ("client.rack", ""),
        ],
    )
}

/// What a client that appends records needs besides: in their order, acknowledged by all replicas
/// that are in sync, or an error in time.
pub(super) fn appending(
    connection: &Connection,
    timeout: Duration,
    pace: &Pace,
    delivery: Delivery,
) -> Vec<(String, String)> {
    let timeout_ms = timeout.as_millis().max(100).to_string();
    // What comes by the thousand goes in few requests: without a pause the first record goes alone,
    // and the rest in crumbs. A claim goes at once.
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

/// Refuses what librdkafka would refuse in words that lead nowhere.
pub(super) fn check(connection: &Connection) -> Result<(), Error> {
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

/// The connection as the clients use it: with every password and key among its secrets, wherever
/// it came from, and with tokens that are shared.
pub(super) fn prepared(mut connection: Connection) -> Connection {
    connection.tokens = connection.tokens.map(tokens::kept);
    // The one word that librdkafka takes in capitals alone.
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
    fn an_answer_gets_a_part_of_the_time_out_unless_the_connection_sets_it() {
        let mut connection = Connection::to(vec!["a:1".to_owned()]);
        let pace = Pace::default();
        let answer = |connection: &Connection, seconds| {
            let all = reading(connection, Duration::from_secs(seconds), &pace);
            // The last one counts.
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
