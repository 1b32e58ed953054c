//! Connections and all their failures: the message contains address and cause, and arrives in time.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use topicsmith::internals::kafka::{Cause, Cluster, Error, Limits};
use topicsmith::internals::model::Secret;
use topicsmith::internals::model::connection::Connection;

use crate::harness::{self, Brokers, Test, connect, connection, connection_as, with};

harness::tests! {
    one_server_of_several_is_enough,
    nothing_listens,
    the_name_is_unknown,
    an_http_server,
    a_tls_port,
    a_silent_port,
    a_port_that_closes,
    several_servers_each_with_its_cause,
    a_wrong_password,
    a_mechanism_that_the_broker_does_not_have,
    a_login_where_none_is_taken,
    no_login_where_one_is_needed,
    tls_where_there_is_none,
    a_ca_file_that_is_not_there,
    a_property_that_librdkafka_does_not_know,
    an_advertised_address_that_nobody_knows,
    secrets_are_not_shown,
    waiting_ends_when_the_cluster_is_up,
    waiting_ends_when_it_cannot_help,
    waiting_ends_when_the_time_is_over,
}

/// Long enough for the second after which librdkafka detects a stuck connection.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Returns the error, checked to arrive in time and with the address and a fix.
async fn refused(connection: Connection) -> Error {
    let servers = connection.servers.clone();
    let start = Instant::now();
    let limits = Limits { timeout: TIMEOUT };
    let Err(error) = Cluster::connect(connection, limits).await else {
        panic!("connected");
    };
    let took = start.elapsed();
    assert!(took < TIMEOUT + Duration::from_secs(2), "{took:?}: {error}");
    let text = error.to_string();
    if error.cause() != Cause::Settings {
        assert!(
            servers.iter().any(|server| text.contains(server.name())),
            "{text}"
        );
    }
    assert!(error.help().is_some(), "{text}");
    error
}

fn help(error: &Error) -> String {
    error.help().unwrap_or_default()
}

/// Starts a server that is not Kafka and does this with every connection.
pub fn impostor(act: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || act(stream));
        }
    });
    address
}

/// Returns an address at which nothing listens.
pub fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").to_string()
}

/// Reads a request, and responds with these bytes.
pub fn answer(mut stream: TcpStream, bytes: &[u8]) {
    let mut request = [0; 512];
    let _ = stream.read(&mut request);
    let _ = stream.write_all(bytes);
    let _ = stream.read(&mut request);
}

async fn one_server_of_several_is_enough(test: Test) {
    let servers = format!("{},{}", nobody(), test.broker().servers());
    let cluster = connect(connection(&servers)).await;
    assert!(cluster.metadata().await.is_ok());
}

async fn nothing_listens(_: Test) {
    let server = nobody();
    let error = refused(connection(&server)).await;
    assert_eq!(
        error.to_string(),
        format!("cannot reach Kafka at {server}: nothing listens there (connection refused)")
    );
    assert_eq!(error.cause(), Cause::Unreachable);
}

async fn the_name_is_unknown(_: Test) {
    let error = refused(connection("kafka.invalid:9092")).await;
    assert_eq!(
        error.to_string(),
        "cannot reach Kafka at kafka.invalid:9092: no such host name"
    );
    assert_eq!(error.cause(), Cause::Unresolved);
}

async fn an_http_server(_: Test) {
    let server = impostor(|stream| answer(stream, b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let error = refused(connection(&server.to_string())).await;
    assert_eq!(
        error.to_string(),
        format!("cannot reach Kafka at {server}: an HTTP server answers there, not Kafka")
    );
    assert_eq!(error.cause(), Cause::NotKafka);
}

async fn a_tls_port(_: Test) {
    // The alert that OpenSSL sends to a client that does not speak TLS before closing the
    // connection.
    let server = impostor(|mut stream| {
        let mut request = [0; 512];
        let _ = stream.read(&mut request);
        let _ = stream.write_all(b"\x15\x03\x01\x00\x02\x02\x46");
    });
    let error = refused(connection(&server.to_string())).await;
    assert_eq!(error.cause(), Cause::Tls);
    assert!(
        error.to_string().ends_with("the port expects TLS"),
        "{error}"
    );
    assert!(help(&error).contains("SASL_SSL"), "{}", help(&error));
}

async fn a_silent_port(_: Test) {
    let server = impostor(|stream| {
        thread::sleep(Duration::from_secs(60));
        drop(stream);
    });
    let error = refused(connection(&server.to_string())).await;
    assert_eq!(
        error.to_string(),
        format!(
            "cannot reach Kafka at {server}: something accepts the connection there, but does not answer"
        )
    );
    assert_eq!(error.cause(), Cause::NotKafka);
}

async fn a_port_that_closes(_: Test) {
    let server = impostor(drop);
    let error = refused(connection(&server.to_string())).await;
    assert_eq!(
        error.to_string(),
        format!("cannot reach Kafka at {server}: the other side closes the connection")
    );
    assert_eq!(error.cause(), Cause::Closed);
}

async fn several_servers_each_with_its_cause(_: Test) {
    let http = impostor(|stream| answer(stream, b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    let (a, b) = (nobody(), nobody());
    let error = refused(connection(&format!("{a},{http},{b}")))
        .await
        .to_string();
    assert!(error.contains("an HTTP server answers there"), "{error}");
    assert!(error.contains("nothing listens there"), "{error}");
    for server in [a, b, http.to_string()] {
        assert!(error.contains(&server), "{error}");
    }
}

async fn a_wrong_password(test: Test) {
    let server = test.broker().sasl();
    let error = refused(connection_as(&server, "admin", "not-this-one")).await;
    assert_eq!(
        error.to_string(),
        format!(
            "cannot reach Kafka at {server}: the login was refused: Authentication failed: Invalid username or password"
        )
    );
    assert_eq!(error.cause(), Cause::Authentication);
}

async fn a_mechanism_that_the_broker_does_not_have(test: Test) {
    let login = connection_as(&test.broker().sasl(), "admin", "admin-secret");
    let error = refused(with(login, "sasl.mechanism", "SCRAM-SHA-256")).await;
    assert_eq!(error.cause(), Cause::Authentication);
    assert!(help(&error).ends_with("it has: PLAIN"), "{}", help(&error));
}

async fn a_login_where_none_is_taken(test: Test) {
    let plain = test.broker().servers();
    let error = refused(connection_as(plain, "admin", "admin-secret")).await;
    assert_eq!(error.cause(), Cause::Authentication);
    assert!(
        help(&error).contains("security.protocol"),
        "{}",
        help(&error)
    );
}

async fn no_login_where_one_is_needed(test: Test) {
    let error = refused(connection(&test.broker().sasl())).await;
    assert_eq!(error.cause(), Cause::Closed);
    assert!(help(&error).contains("SASL_PLAINTEXT"), "{}", help(&error));
}

async fn tls_where_there_is_none(test: Test) {
    let plain = connection(test.broker().servers());
    let error = refused(with(plain, "security.protocol", "SSL")).await;
    assert_eq!(error.cause(), Cause::Tls);
    let words = ["does not speak TLS", "during the TLS handshake"];
    assert!(
        words.iter().any(|words| error.to_string().ends_with(words)),
        "{error}"
    );
}

async fn a_ca_file_that_is_not_there(test: Test) {
    let tls = with(
        connection(test.broker().servers()),
        "security.protocol",
        "SSL",
    );
    let error = refused(with(tls, "ssl.ca.location", "/no/such/file")).await;
    assert_eq!(error.cause(), Cause::Settings);
    assert!(error.to_string().contains("ssl.ca.location"), "{error}");
}

async fn a_property_that_librdkafka_does_not_know(test: Test) {
    let plain = connection(test.broker().servers());
    let error = refused(with(plain, "no.such.property", "hunter2")).await;
    assert_eq!(error.cause(), Cause::Settings);
    assert!(error.to_string().contains("no.such.property"), "{error}");
}

async fn an_advertised_address_that_nobody_knows(test: Test) {
    let start = Instant::now();
    let servers = connection(&test.broker().misled());
    let Err(error) = Cluster::connect(servers, harness::LIMITS).await else {
        panic!("connected");
    };
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(
        error.to_string(),
        "cannot reach Kafka at kafka.invalid:9092: no such host name"
    );
    assert!(
        help(&error).contains("advertised.listeners"),
        "{}",
        help(&error)
    );
}

async fn secrets_are_not_shown(test: Test) {
    let mut login = connection_as(&test.broker().sasl(), "admin", "Invalid");
    let error = refused(login.clone()).await.to_string();
    // The password is a word in the broker's message.
    assert!(error.ends_with("*** username or password"), "{error}");
    login.secrets.push(Secret::new("username or"));
    let error = refused(login).await.to_string();
    assert!(error.ends_with("*** *** password"), "{error}");
    let plain = connection(test.broker().servers());
    let mut odd = with(plain, "socket.timeout.ms", "hunter2");
    odd.secrets.push(Secret::new("hunter2"));
    let error = refused(odd).await;
    assert_eq!(error.cause(), Cause::Settings);
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
}

async fn waiting_ends_when_the_cluster_is_up(_: Test) {
    // A proxy in front of the real broker that starts to listen after a while.
    let reserved = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = reserved.local_addr().expect("it is bound");
    drop(reserved);
    let broker = Brokers::one().servers().to_owned();
    thread::spawn(move || {
        thread::sleep(Duration::from_secs(2));
        let gate = TcpListener::bind(address).expect("it was free");
        for client in gate.incoming().flatten() {
            let broker = TcpStream::connect(&broker).expect("the broker is up");
            join(client, broker);
        }
    });
    let mut heard = Vec::new();
    let tick = |error: &Error| heard.push(error.cause());
    let (limits, wait) = (Limits { timeout: TIMEOUT }, Duration::from_secs(20));
    let servers = connection(&address.to_string());
    let cluster = Cluster::connect_within(servers, limits, wait, tick).await;
    assert!(cluster.is_ok(), "{:?}", cluster.err());
    assert!(!heard.is_empty());
    assert!(
        heard.iter().all(|cause| *cause == Cause::Unreachable),
        "{heard:?}"
    );
}

/// Forwards bytes in both directions.
fn join(client: TcpStream, broker: TcpStream) {
    for (from, to) in [(&client, &broker), (&broker, &client)] {
        let mut from = from.try_clone().expect("a socket");
        let mut to = to.try_clone().expect("a socket");
        thread::spawn(move || std::io::copy(&mut from, &mut to));
    }
}

async fn waiting_ends_when_it_cannot_help(test: Test) {
    let login = connection_as(&test.broker().sasl(), "admin", "not-this-one");
    let start = Instant::now();
    let never = |error: &Error| panic!("it was tried again after {error}");
    let wait = Duration::from_secs(60);
    let error = Cluster::connect_within(login, harness::LIMITS, wait, never).await;
    assert_eq!(error.err().map(|e| e.cause()), Some(Cause::Authentication));
    assert!(start.elapsed() < Duration::from_secs(10));
}

async fn waiting_ends_when_the_time_is_over(_: Test) {
    let start = Instant::now();
    let mut attempts = 0;
    let wait = Duration::from_secs(3);
    let tick = |_: &Error| attempts += 1;
    let limits = Limits { timeout: TIMEOUT };
    let error = Cluster::connect_within(connection(&nobody()), limits, wait, tick).await;
    assert_eq!(error.err().map(|e| e.cause()), Some(Cause::Unreachable));
    let took = start.elapsed();
    assert!(
        took > Duration::from_secs(2) && took < Duration::from_secs(6),
        "{took:?}"
    );
    assert!(attempts >= 1);
}
