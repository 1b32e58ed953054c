//! A broker with every way to secure a connection, and certificates created for it, valid and
//! invalid ones. All users have the password `NAME-secret`.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use topicsmith::internals::model::clock;
use topicsmith::internals::model::connection::Connection;

use super::{Brokers, connection, with};

/// The listeners, each with its protocol: TLS, TLS that requires a client certificate, TLS with an
/// expired certificate and with one for another host, SASL with and without TLS, and one that
/// advertises an address at which nothing listens.
const LISTENERS: &str = "tls:SSL mutual:SSL expired:SSL otherhost:SSL sasltls:SASL_SSL \
                         sasl_all:SASL_PLAINTEXT faraway:PLAINTEXT:127.0.0.1:1";

/// Returns the broker, which all tests share.
pub fn broker() -> &'static Brokers {
    static USERS: OnceLock<()> = OnceLock::new();
    let broker = Brokers::secure(LISTENERS, &|folder| {
        certificates(folder);
        properties(folder)
    });
    USERS.get_or_init(|| {
        for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
            let password = format!("{mechanism}=[password=admin-secret]");
            let user = [
                "--alter",
                "--entity-type",
                "users",
                "--entity-name",
                "admin",
            ];
            let arguments = [user.as_slice(), &["--add-config", &password]].concat();
            broker.cli("ConfigCommand", &arguments);
        }
    });
    broker
}

/// Returns the path of a certificate or key.
pub fn pem(name: &str) -> String {
    broker().path(name).to_string_lossy().into_owned()
}

/// Returns a connection to a TLS listener that trusts the tests' own CA.
pub fn tls(listener: &str) -> Connection {
    let tls = with(untrusting(listener), "security.protocol", "SSL");
    with(tls, "ssl.ca.location", &pem("ca.pem"))
}

/// Returns a connection to a TLS listener that does not trust the tests' own CA.
pub fn untrusting(listener: &str) -> Connection {
    let servers = broker().listener(listener);
    with(connection(&servers), "security.protocol", "SSL")
}

/// Returns a connection that logs in as `admin`, with or without TLS.
pub fn sasl(listener: &str, mechanism: &str) -> Connection {
    let connection = match listener {
        "sasltls" => with(tls(listener), "security.protocol", "SASL_SSL"),
        _ => with(untrusting(listener), "security.protocol", "SASL_PLAINTEXT"),
    };
    let connection = with(connection, "sasl.mechanism", mechanism);
    let connection = with(connection, "sasl.username", "admin");
    with(connection, "sasl.password", "admin-secret")
}

/// Returns an unsigned token for `admin` that is valid for this time.
pub fn token(seconds: i64) -> String {
    let now = clock::local().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.unwrap_or(Duration::ZERO).as_secs_f64();
    let expires = now + seconds as f64;
    // The broker rejects tokens that were issued in the future.
    let made = now.min(expires) - 60.0;
    let claims = format!(r#"{{"sub":"admin","iat":{made:.3},"exp":{expires:.3}}}"#);
    format!("{}.{}.", base64(r#"{"alg":"none"}"#), base64(&claims))
}

/// Encodes URL-safe base64 without padding.
pub fn base64(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letter = |bits: u32| char::from(ALPHABET[(bits & 63) as usize]);
    let group = |bytes: &[u8]| -> String {
        let byte = |index: usize| u32::from(bytes.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let letters = [bits >> 18, bits >> 12, bits >> 6, bits].map(letter);
        letters.into_iter().take(bytes.len() + 1).collect()
    };
    text.as_bytes().chunks(3).map(group).collect()
}

fn properties(folder: &Path) -> String {
    let store = |name: &str| folder.join(format!("{name}.store")).display().to_string();
    let ca = folder.join("ca.pem").display().to_string();
    let mut lines = vec![
        "ssl.keystore.type=PEM".to_owned(),
        format!("ssl.key.password={KEY_PASSWORD}"),
        "ssl.truststore.type=PEM".to_owned(),
        format!("ssl.truststore.location={ca}"),
        format!("ssl.keystore.location={}", store("good")),
        "listener.name.mutual.ssl.client.auth=required".to_owned(),
        "super.users=User:ANONYMOUS;User:admin;User:hunter2user;User:CN=client".to_owned(),
        // A login ends with its token, so that a client that does not renew it is disconnected.
        "connections.max.reauth.ms=3600000".to_owned(),
    ];
    for (listener, name) in [("expired", "expired"), ("otherhost", "otherhost")] {
        lines.push(format!(
            "listener.name.{listener}.ssl.keystore.location={}",
            store(name)
        ));
    }
    for listener in ["sasltls", "sasl_all"] {
        lines.push(format!(
            "listener.name.{listener}.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"
        ));
        for (mechanism, module) in [
            (
                "plain",
                "plain.PlainLoginModule required user_admin=\"admin-secret\" user_reader=\"reader-secret\" user_hunter2user=\"hunter2-password\"",
            ),
            ("scram-sha-256", "scram.ScramLoginModule required"),
            ("scram-sha-512", "scram.ScramLoginModule required"),
            (
                "oauthbearer",
                "oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"broker\"",
            ),
        ] {
            lines.push(format!(
                "listener.name.{listener}.{mechanism}.sasl.jaas.config=org.apache.kafka.common.security.{module};"
            ));
        }
    }
    lines.join("\n")
}

/// Creates a CA, certificates signed by it, and a client certificate signed by another CA.
fn certificates(folder: &Path) {
    authority(folder, "ca");
    authority(folder, "stranger");
    let here = "IP:127.0.0.1,DNS:localhost";
    signed(folder, "good", "ca", here, 2);
    signed(folder, "expired", "ca", here, -1);
    signed(folder, "otherhost", "ca", "DNS:other.example", 2);
    signed(folder, "client", "ca", "DNS:client", 2);
    signed(folder, "foreign", "stranger", "DNS:client", 2);
}

const KEY_PASSWORD: &str = "broker-secret";
const NEW_KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";

fn authority(folder: &Path, name: &str) {
    let arguments = format!(
        "req -x509 {NEW_KEY} -keyout {name}.key -out {name}.pem -days 2 -subj /CN={name} \
         -addext basicConstraints=critical,CA:TRUE"
    );
    openssl(folder, &arguments);
}

fn signed(folder: &Path, name: &str, authority: &str, names: &str, days: i32) {
    let request = format!("req -new {NEW_KEY} -keyout {name}.key -out {name}.csr -subj /CN={name}");
    openssl(folder, &request);
    write(
        folder,
        &format!("{name}.ext"),
        &format!("subjectAltName={names}\n"),
    );
    let sign = format!(
        "x509 -req -in {name}.csr -CA {authority}.pem -CAkey {authority}.key -CAcreateserial \
         -days {days} -extfile {name}.ext -out {name}.pem"
    );
    openssl(folder, &sign);
    // Kafka 2.8 rejects keys without a password, and those in the new format.
    let encrypt = format!(
        "pkcs8 -topk8 -in {name}.key -out {name}.encrypted -v1 PBE-SHA1-3DES -passout pass:{KEY_PASSWORD}"
    );
    openssl(folder, &encrypt);
    let part = |end: &str| {
        let path = folder.join(format!("{name}.{end}"));
        fs::read_to_string(path).expect("openssl wrote it")
    };
    write(
        folder,
        &format!("{name}.store"),
        &(part("encrypted") + &part("pem")),
    );
}

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .expect("openssl is needed for certificates: apt-get install openssl");
    assert!(output.status.success(), "openssl {arguments}: {output:?}");
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("it can be written");
}
