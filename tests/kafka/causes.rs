//! Causes of connection and cluster failures, each on a real broker with the real binary: with the
//! messages in docs/troubleshooting.md, and within how many seconds.
//!
//! `TOPICSMITH_TABLE=1 cargo test --test kafka causes -- --nocapture` prints that page's rows.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::connect::{answer, impostor, nobody};
use crate::harness::secure::{self, pem, token};
use crate::harness::{self, Brokers, Repository, Run, Test, new_topic};
use crate::preflight::{allow, log_in};

harness::tests! {
    of_addresses,
    of_advertised_addresses,
    of_tls,
    of_logins,
    of_tokens,
    of_rights,
    of_the_controller,
}

const PAGE: &str = include_str!("../../docs/troubleshooting.md");

/// Maximum seconds until librdkafka reports a known cause; the machine may be busy.
const SOON: u64 = 6;

/// A test of one cause.
struct Trial<'a> {
    cause: &'a str,
    repository: &'a Repository,
    /// The bootstrap servers.
    servers: &'a str,
    command: &'a str,
}

impl Trial<'_> {
    /// Asserts the exit code, the maximum time in seconds, and the message, with SERVER for the
    /// address. The page must contain the same.
    #[track_caller]
    fn says(&self, code: i32, within: u64, words: &str) -> Run {
        let start = Instant::now();
        let run = self.repository.run(self.command).exits(code);
        let took = start.elapsed();
        let text = format!("{}{}", run.stdout, run.stderr).replace(self.servers, "SERVER");
        let line = text.lines().find(|line| line.contains(words));
        let line = line.unwrap_or_else(|| panic!("{}: no {words:?} in {text}", self.cause));
        assert!(
            took < Duration::from_secs(within),
            "{}: {took:?}",
            self.cause
        );
        if std::env::var_os("TOPICSMITH_TABLE").is_some() {
            let after = text.lines().skip_while(|other| *other != line).nth(1);
            let (line, after) = (line.trim(), after.unwrap_or_default().trim());
            let seconds = took.as_secs_f64();
            eprintln!("| {} | `{line}` | {after} | {seconds:.1} |", self.cause);
        }
        let row = format!("| {} |", self.cause);
        let row = PAGE.lines().find(|line| line.starts_with(&row));
        let row = row.unwrap_or_else(|| panic!("the page has no {}", self.cause));
        assert!(row.contains(words), "the page has other words: {row}");
        run
    }
}

/// Creates a repository with these connection settings.
fn repository(test: &Test, servers: &str, client: &str) -> Repository {
    let repository = test.repository("[topics.\"@a\"]\n");
    let text = format!(
        "[cluster]\nbootstrap_servers = \"{servers}\"\n[cluster.client]\n{client}\n[defaults]\npartitions = 1\nreplication_factor = 1\n[inventory]\nenabled = false\n"
    );
    repository.write("environments/dev.toml", &text);
    repository
}

/// Plans on an unreachable cluster.
#[track_caller]
fn plan(test: &Test, cause: &str, (servers, client): (&str, &str), within: u64, words: &str) {
    let trial = Trial {
        cause,
        repository: &repository(test, servers, client),
        servers,
        command: "plan",
    };
    trial.says(1, within, words).warns("\nhelp: ");
}

/// Opens a port that accepts no more connections and sends no response, like a firewall that drops
/// packets: its backlog is full. It stays so while the returned values are kept.
fn swallowing() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let patience = Duration::from_millis(300);
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, patience) {
        waiting.push(stream);
        assert!(waiting.len() < 20_000, "it takes any number of connections");
    }
    (address, listener, waiting)
}

async fn of_addresses(test: Test) {
    let nobody = nobody();
    plan(
        &test,
        "nothing listens",
        (&nobody, ""),
        SOON,
        "cannot reach Kafka at SERVER: nothing listens there (connection refused)",
    );
    plan(
        &test,
        "unknown host name",
        ("kafka.invalid:9092", ""),
        SOON,
        "cannot reach Kafka at SERVER: no such host name",
    );
    let http = impostor(|stream| answer(stream, b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    plan(
        &test,
        "a web server",
        (&http.to_string(), ""),
        SOON,
        "cannot reach Kafka at SERVER: an HTTP server answers there, not Kafka",
    );
    let closing = impostor(drop);
    plan(
        &test,
        "a port that hangs up",
        (&closing.to_string(), ""),
        SOON,
        "cannot reach Kafka at SERVER: the other side closes the connection",
    );
    let silent = impostor(|stream| {
        thread::sleep(Duration::from_secs(120));
        drop(stream);
    });
    plan(
        &test,
        "a port that says nothing",
        (&silent.to_string(), ""),
        33,
        "cannot reach Kafka at SERVER: something accepts the connection there, but does not answer",
    );
    let (dropping, _listener, _waiting) = swallowing();
    plan(
        &test,
        "a firewall that drops packets",
        (&dropping.to_string(), ""),
        33,
        "cannot reach Kafka at SERVER: no answer at all",
    );
}

async fn of_advertised_addresses(test: Test) {
    let misled = test.broker().misled();
    plan(
        &test,
        "advertised: a name that nobody knows here",
        (&misled, ""),
        SOON,
        "cannot reach Kafka at kafka.invalid:909",
    );
    let faraway = secure::broker().listener("faraway");
    plan(
        &test,
        "advertised: a port where nothing listens",
        (&faraway, ""),
        SOON,
        "cannot reach Kafka at 127.0.0.1:1: nothing listens there (connection refused)",
    );
    let (dropping, _listener, _waiting) = swallowing();
    let brokers = Brokers::own_listening(&format!("dropping:PLAINTEXT:{dropping}"));
    let servers = brokers.listener("dropping");
    let trial = Trial {
        cause: "advertised: an address behind a firewall",
        repository: &repository(&test, &servers, ""),
        servers: &servers,
        command: "plan",
    };
    let run = trial.says(1, 33, ": no answer at all");
    run.warns(&format!("cannot reach Kafka at {dropping}: "))
        .warns("advertised.listeners");
}

async fn of_tls(test: Test) {
    let at = |listener: &str| secure::broker().listener(listener);
    let trust = format!(
        "security.protocol = \"SSL\"\nssl.ca.location = \"{}\"\n",
        pem("ca.pem")
    );
    let trusting = trust.as_str();
    plan(
        &test,
        "TLS to a port without TLS",
        (&at("faraway"), trusting),
        SOON,
        "cannot reach Kafka at SERVER: the ",
    );
    plan(
        &test,
        "no TLS to a port with TLS",
        (&at("tls"), ""),
        SOON,
        "cannot reach Kafka at SERVER: the port expects TLS",
    );
    plan(
        &test,
        "a certificate of an unknown authority",
        (&at("tls"), "security.protocol = \"SSL\""),
        SOON,
        "cannot reach Kafka at SERVER: the broker's certificate is not signed by a trusted CA (/CN=ca)",
    );
    plan(
        &test,
        "a certificate that has expired",
        (&at("expired"), trusting),
        SOON,
        "cannot reach Kafka at SERVER: the broker's certificate has expired (/CN=expired)",
    );
    plan(
        &test,
        "a certificate for another host",
        (&at("otherhost"), trusting),
        SOON,
        "cannot reach Kafka at SERVER: the broker's certificate is not for 127.0.0.1 (/CN=otherhost)",
    );
    plan(
        &test,
        "no certificate of this client",
        (&at("mutual"), trusting),
        SOON,
        "cannot reach Kafka at SERVER: the broker wants a certificate of this client",
    );
    let (certificate, key) = (pem("foreign.pem"), pem("foreign.key"));
    let foreign = format!(
        "{trust}ssl.certificate.location = \"{certificate}\"\nssl.key.location = \"{key}\"\n"
    );
    plan(
        &test,
        "a certificate that the broker does not trust",
        (&at("mutual"), &foreign),
        SOON,
        "cannot reach Kafka at SERVER: the broker does not accept this client's certificate",
    );
}

fn login(mechanism: &str, password: &str) -> String {
    format!(
        "security.protocol = \"SASL_PLAINTEXT\"\nsasl.mechanism = \"{mechanism}\"\nsasl.username = \"admin\"\nsasl.password = \"{password}\"\n"
    )
}

async fn of_logins(test: Test) {
    let (plain, sasl) = (test.broker().servers(), test.broker().sasl());
    let all = secure::broker().listener("sasl_all");
    plan(
        &test,
        "a mechanism that the broker does not have",
        (&sasl, &login("SCRAM-SHA-256", "x")),
        SOON,
        "cannot reach Kafka at SERVER: the login was refused: the broker does not have this mechanism",
    );
    plan(
        &test,
        "a wrong password, PLAIN",
        (&all, &login("PLAIN", "hunter2")),
        SOON,
        "cannot reach Kafka at SERVER: the login was refused: Authentication failed: Invalid username or password",
    );
    plan(
        &test,
        "a wrong password, SCRAM",
        (&all, &login("SCRAM-SHA-512", "hunter2")),
        SOON,
        "cannot reach Kafka at SERVER: the login was refused: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512",
    );
    plan(
        &test,
        "no login where one is needed",
        (&sasl, ""),
        SOON,
        "cannot reach Kafka at SERVER: the other side closes the connection, as a port does that expects a login",
    );
    plan(
        &test,
        "a login where none is taken",
        (plain, &login("PLAIN", "x")),
        SOON,
        "cannot reach Kafka at SERVER: the port does not take a login",
    );
}

async fn of_tokens(test: Test) {
    let servers = secure::broker().listener("sasl_all");
    let client = "security.protocol = \"SASL_PLAINTEXT\"\nsasl.mechanism = \"OAUTHBEARER\"";
    let repository = repository(&test, &servers, client);
    let trial = |cause, token: &str, words| {
        repository.write("token", token);
        let trial = Trial {
            cause,
            repository: &repository,
            servers: &servers,
            command: "plan --token-file token",
        };
        trial.says(1, SOON, words);
    };
    trial(
        "a token that has expired",
        &token(-7300),
        "cannot log in to Kafka at SERVER: there is no token: the token expired 2 h ago",
    );
    trial(
        "a token that the broker does not take",
        "no.token",
        "cannot reach Kafka at SERVER: the broker does not accept the token (invalid_token)",
    );
    plan(
        &test,
        "no token",
        (&servers, client),
        SOON,
        "cannot log in to Kafka at SERVER: there is no token: no token source is set",
    );
}

async fn of_rights(test: Test) {
    let topics = ["goes", "grows", "set"].map(|name| new_topic(test.topic(name), 1, &[]));
    test.create(&topics).await;
    let repository = test.repository("[topics.\"@new\"]\n");
    log_in(&test, &repository, "reader");
    let trial = |cause, topics: &str, command, code, words| {
        repository.topics(topics);
        let trial = Trial {
            cause,
            repository: &repository,
            servers: "SERVER",
            command,
        };
        trial.says(code, SOON, words);
    };
    let apply = "apply -e reader --yes --allow topic-deleted --allow topic-in-use";
    trial(
        "no right to describe a topic",
        "[topics.\"@new\"]\n",
        "plan -e reader",
        0,
        "this principal may not see whether it exists: Topic authorization failed for User:reader; needed: Describe on the topic.",
    );
    allow(&test, &test.topic(""), &["Describe"]);
    trial(
        "no right to describe its configs",
        "[topics.\"@set\"]\n",
        "plan -e reader",
        0,
        "needed: DescribeConfigs on the topic",
    );
    allow(&test, &test.topic(""), &["DescribeConfigs"]);
    trial(
        "no right to create",
        "[topics.\"@new\"]\n",
        apply,
        4,
        "needed: Create on the topic",
    );
    trial(
        "no right to add partitions",
        "[topics.\"@grows\"]\npartitions = 2\n",
        apply,
        4,
        "needed: Alter on the topic",
    );
    trial(
        "no right to change configs",
        "[topics.\"@set\"]\nconfig.retention.ms = \"8d\"\n",
        apply,
        4,
        "needed: AlterConfigs on the topic",
    );
    trial(
        "no right to delete",
        "[removed.\"@goes\"]\n",
        apply,
        4,
        "needed: Delete on the topic",
    );
    trial(
        "no right to read the brokers' settings",
        "[topics.\"@set\"]\n",
        "doctor -e reader",
        1,
        "grant User:reader DescribeConfigs on the cluster",
    );
    trial(
        "no right to see consumer groups",
        "[topics.\"@set\"]\n",
        "doctor -e reader",
        1,
        "grant User:reader Describe on all groups (*)",
    );
}

async fn of_the_controller(test: Test) {
    let brokers = Brokers::own_apart();
    let servers = brokers.servers().split(',').next().unwrap_or_default();
    let trial = Trial {
        cause: "no active controller",
        repository: &repository(&test, servers, ""),
        servers,
        command: "plan",
    };
    trial.repository.run("plan").exits(0);
    brokers.kill_controller();
    // Not detectable earlier: an election looks the same for seconds.
    let words = "brokers at SERVER answer, but no active controller does";
    trial.says(1, 33, words).warns("\nhelp: ");
}
