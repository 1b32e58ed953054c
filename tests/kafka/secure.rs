//! Secured connections and all their failures.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use topicsmith::internals::kafka::{Cause, Cluster};
use topicsmith::internals::model::connection::{Connection, Token, TokenSource};
use topicsmith::internals::model::{Secret, clock};

use crate::harness::secure::{self, pem, sasl, tls, token, untrusting};
use crate::harness::{self, LIMITS, Test, connect, connection, with};

harness::tests! {
    tls_with_a_private_authority,
    mutual_tls,
    every_mechanism_with_and_without_tls,
    tokens_are_refreshed_while_it_runs,
    causes_of_tls,
    other_certificates_can_be_accepted,
    causes_of_logins,
    causes_of_settings,
    causes_of_tokens,
    an_advertised_address_where_nothing_listens,
}

async fn works(connection: Connection) {
    let cluster = connect(connection).await;
    let metadata = cluster.metadata().await;
    assert!(metadata.is_ok(), "{:?}", metadata.err());
}

/// Asserts that the connection fails within seconds, with this message (`SERVER` stands for the
/// server) and this text in its help.
async fn refused(cause: Cause, connection: Connection, words: String, help: &str) {
    let server = connection.servers_shown();
    let start = Instant::now();
    let Err(error) = Cluster::connect(connection, LIMITS).await else {
        panic!("connected: {words}");
    };
    let took = start.elapsed();
    assert_eq!(error.to_string().replace(&server, "SERVER"), words);
    let way_out = error.help().unwrap_or_default();
    assert!(way_out.contains(help), "{words}: {way_out}");
    assert_eq!(error.cause(), cause, "{words}");
    assert!(took < Duration::from_secs(5), "{words}: {took:?}");
}

async fn tls_with_a_private_authority(_: Test) {
    works(tls("tls")).await;
    let text = fs::read_to_string(pem("ca.pem")).expect("it was made");
    works(with(untrusting("tls"), "ssl.ca.pem", &text)).await;
}

fn with_certificate(connection: Connection, name: &str) -> Connection {
    let connection = with(
        connection,
        "ssl.certificate.location",
        &pem(&format!("{name}.pem")),
    );
    with(connection, "ssl.key.location", &pem(&format!("{name}.key")))
}

async fn mutual_tls(_: Test) {
    works(with_certificate(tls("mutual"), "client")).await;
}

async fn every_mechanism_with_and_without_tls(_: Test) {
    for listener in ["sasl_all", "sasltls"] {
        for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
            works(sasl(listener, mechanism)).await;
        }
        works(bearer(listener, || token(60))).await;
    }
}

/// Returns a connection that logs in with the tokens of `make`.
fn bearer(listener: &str, make: impl Fn() -> String + Send + Sync + 'static) -> Connection {
    let source = TokenSource::new(move || {
        Ok(Token {
            value: Secret::new(make()),
            subject: None,
            expires: Some(clock::local() + Duration::from_secs(5)),
        })
    });
    Connection {
        tokens: Some(source),
        ..sasl(listener, "OAUTHBEARER")
    }
}

async fn tokens_are_refreshed_while_it_runs(_: Test) {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let cluster = connect(bearer("sasl_all", move || {
        count.fetch_add(1, Ordering::Relaxed);
        token(5)
    }))
    .await;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(12) {
        let metadata = cluster.metadata().await;
        assert!(metadata.is_ok(), "{:?}", metadata.err());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let made = made.load(Ordering::Relaxed);
    assert!((3..=8).contains(&made), "{made} tokens");
}

async fn causes_of_tls(_: Test) {
    let reach = "cannot reach Kafka at SERVER: ";
    let says = |words: &str| format!("{reach}{words}");
    let refused = |connection, words, help| refused(Cause::Tls, connection, says(words), help);
    refused(
        untrusting("tls"),
        "the broker's certificate is not signed by a trusted CA (/CN=ca)",
        "ssl.ca.location",
    )
    .await;
    refused(
        tls("expired"),
        "the broker's certificate has expired (/CN=expired)",
        "the broker needs a new one",
    )
    .await;
    refused(
        tls("otherhost"),
        "the broker's certificate is not for 127.0.0.1 (/CN=otherhost)",
        "subjectAltName",
    )
    .await;
    refused(
        tls("mutual"),
        "the broker wants a certificate of this client",
        "ssl.certificate.location",
    )
    .await;
    refused(
        with_certificate(tls("mutual"), "foreign"),
        "the broker does not accept this client's certificate",
        "ssl.truststore.location",
    )
    .await;
    for listener in ["tls", "mutual", "sasltls"] {
        let plain = connection(&secure::broker().listener(listener));
        refused(plain, "the port expects TLS", "SASL_SSL").await;
    }
    let login = with(sasl("sasl_all", "PLAIN"), "security.protocol", "SASL_SSL");
    for connection in [tls("faraway"), login] {
        let error = Cluster::connect(connection, LIMITS).await.err();
        let error = error.expect("it does not speak TLS");
        // How a plaintext port interprets a handshake, and so when it closes the connection,
        // depends on the broker.
        let words = [
            "does not speak TLS",
            "closes the connection during the TLS handshake",
        ];
        assert!(
            words.iter().any(|words| error.to_string().ends_with(words)),
            "{error}"
        );
        assert!(
            error
                .help()
                .is_some_and(|help| help.contains("SASL_PLAINTEXT"))
        );
        assert_eq!(error.cause(), Cause::Tls);
    }
}

async fn other_certificates_can_be_accepted(_: Test) {
    let careless = with(
        tls("otherhost"),
        "ssl.endpoint.identification.algorithm",
        "none",
    );
    works(careless).await;
    let careless = with(
        untrusting("expired"),
        "enable.ssl.certificate.verification",
        "false",
    );
    works(careless).await;
}

async fn causes_of_logins(_: Test) {
    for listener in ["sasl_all", "sasltls"] {
        for (mechanism, words) in [
            (
                "PLAIN",
                "Authentication failed: Invalid username or password",
            ),
            (
                "SCRAM-SHA-256",
                "Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256",
            ),
            (
                "scram-sha-512",
                "Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512",
            ),
        ] {
            let words = format!("cannot reach Kafka at SERVER: the login was refused: {words}");
            for (name, value) in [("sasl.password", "hunter2"), ("sasl.username", "nobody")] {
                let wrong = with(sasl(listener, mechanism), name, value);
                refused(Cause::Authentication, wrong, words.clone(), "sasl.password").await;
            }
        }
    }
    refused(
        Cause::Closed,
        tls("sasltls"),
        "cannot reach Kafka at SERVER: the other side closes the connection, as a port does that expects a login".to_owned(),
        "SASL_SSL",
    )
    .await;
}

async fn causes_of_settings(_: Test) {
    let says = |words: &str| format!("cannot connect with these client settings: {words}");
    let refused = |connection, words, help| refused(Cause::Settings, connection, says(words), help);
    let bare = || with(connection("127.0.0.1:1"), "security.protocol", "sasl_ssl");
    refused(bare(), "SASL_SSL needs sasl.mechanism", "SCRAM-SHA-512").await;
    let plain = with(bare(), "sasl.mechanism", "PLAIN");
    refused(plain, "sasl.username is not set", "KAFKA_").await;
    let oidc = with(
        sasl("sasl_all", "OAUTHBEARER"),
        "sasl.oauthbearer.method",
        "oidc",
    );
    refused(
        oidc,
        "this build of topicsmith does not get tokens by itself (sasl.oauthbearer.method)",
        "--token-command",
    )
    .await;
}

async fn causes_of_tokens(_: Test) {
    let why = |why: &str| format!("cannot log in to Kafka at SERVER: there is no token: {why}");
    let login = |outcome: Result<Token, String>| Connection {
        tokens: Some(TokenSource::new(move || outcome.clone())),
        ..sasl("sasl_all", "OAUTHBEARER")
    };
    let refused = |connection, words: &str, help| {
        refused(Cause::Authentication, connection, words.to_owned(), help)
    };
    let none = sasl("sasl_all", "OAUTHBEARER");
    refused(none, &why("no token source is set"), "--token-file").await;
    let away = login(Err("it is away".to_owned()));
    refused(away, &why("it is away"), "TOPICSMITH_TOKEN").await;
    let old = login(Ok(Token {
        value: Secret::new("x"),
        subject: None,
        expires: Some(clock::local() - Duration::from_secs(601)),
    }));
    refused(
        old,
        &why("the token expired 10 min ago"),
        "TOPICSMITH_TOKEN",
    )
    .await;
    // Only the broker can detect these.
    let invalid =
        "cannot reach Kafka at SERVER: the broker does not accept the token (invalid_token)";
    for text in [token(-100), "no.token".to_owned()] {
        let bad = bearer("sasl_all", move || text.clone());
        refused(bad, invalid, "its audience").await;
    }
}

async fn an_advertised_address_where_nothing_listens(_: Test) {
    refused(
        Cause::Unreachable,
        connection(&secure::broker().listener("faraway")),
        "cannot reach Kafka at 127.0.0.1:1: nothing listens there (connection refused)".to_owned(),
        "advertised.listeners",
    )
    .await;
}
