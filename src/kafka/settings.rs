//! The client's properties: what the connection says, over what this tool needs.

use std::time::Duration;

use super::types::Delivery;
use crate::model::Secret;
use crate::model::connection::Connection;

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
        // Nobody asked for this tool's metrics.
        own("enable.metrics.push", "false"),
    ];
    let given = connection.properties.iter();
    properties.extend(given.map(|(name, value)| own(name, value.expose())));
    properties.extend([
        own("bootstrap.servers", &connection.servers.join(",")),
        // Asking about a topic must not make it.
        own("allow.auto.create.topics", "false"),
        // Logs come to the queue and tell causes; `feature` tells what the brokers can do.
        own("log.queue", "true"),
        own("debug", "feature"),
    ]);
    properties
}

/// What a client that reads the records of a partition needs besides.
pub(super) fn reading(connection: &Connection, timeout: Duration) -> Vec<(String, String)> {
    with(
        properties(connection, timeout),
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
    delivery: Delivery,
) -> Vec<(String, String)> {
    let timeout_ms = timeout.as_millis().max(100).to_string();
    let once = match delivery {
        Delivery::Once => "true",
        Delivery::AtLeastOnce => "false",
    };
    with(
        properties(connection, timeout),
        &[
            ("enable.idempotence", once),
            ("acks", "all"),
            ("linger.ms", "0"),
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

/// The connection with every password and key among its secrets, wherever it came from.
pub(super) fn with_passwords_secret(mut connection: Connection) -> Connection {
    let hidden = |name: &str| {
        name.ends_with("password") || name.ends_with(".secret") || name.ends_with(".pem")
    };
    let passwords: Vec<Secret> = connection
        .properties
        .iter()
        .filter(|(name, _)| hidden(name))
        .map(|(_, value)| value.clone())
        .collect();
    connection.secrets.extend(passwords);
    connection
}
