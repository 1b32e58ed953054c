//! Whole runs with every kind of credential, with all of librdkafka's log in the output: nothing
//! that they print, write or record contains a secret.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{ClientConfig, Message as _, Offset, TopicPartitionList};

use crate::harness::secure::{self, base64, pem, token};
use crate::harness::{self, Repository, Run, Test};

harness::tests! {
    a_whole_run_with_a_password,
    a_whole_run_with_a_scram_password,
    a_whole_run_with_a_token,
    a_whole_run_with_a_key,
    a_login_that_is_refused,
    a_whole_run_with_variables_for_everything,
    servers_that_are_a_secret,
}

const TOPICS: &str = "
[topics.\"@a\"]
config.retention.ms = \"1d\"
[topics.\"@b\"]
[lifecycles.task]
parameters.id = '[a-z0-9-]+'
delete_after = \"1s\"
max_age = \"24h\"
[topics.\"@raw_{id}\"]
lifecycle = \"task\"
";

/// The connection options of every command.
const RUNNER: &str =
    "--client-config runner/client.properties --secrets-dir secrets --token-file secrets/token";

/// Creates a repository with connection settings in the runner's own file and with secrets in
/// files.
fn repository(test: &Test, listener: &str, login: &str, secrets: &[(&str, &str)]) -> Repository {
    let repository = test.repository(TOPICS);
    let inventory = harness::inventory("shop");
    repository.write(
        "environments/dev.toml",
        &format!("[defaults]\npartitions = 1\nreplication_factor = 1\n{inventory}"),
    );
    let servers = secure::broker().listener(listener);
    let ca = pem("ca.pem");
    repository.write(
        "runner/client.properties",
        &format!("bootstrap.servers={servers}\nssl.ca.location={ca}\n{login}\ndebug=all\n"),
    );
    for (name, secret) in secrets {
        repository.write(&format!("secrets/{name}"), secret);
    }
    repository
}

/// Runs all commands, one after the other, and checks what they leave behind.
fn whole_run(test: &Test, listener: &str, login: &str, secrets: &[(&str, &str)]) {
    let repository = repository(test, listener, login, secrets);
    let forms: Vec<String> = secrets.iter().flat_map(|(_, text)| forms(text)).collect();
    let run = |arguments: &str, code: i32| {
        let run = repository.run_whole(&format!("{arguments} -e dev {RUNNER}"));
        clean(&format!("{run}"), arguments, &forms);
        run.exits(code)
    };
    let shows_the_log = |run: Run| {
        let secured = match listener {
            "mutual" => &["SSL"][..],
            "sasl_all" => &["SASL"],
            _ => &["SSL", "SASL"],
        };
        for context in secured.iter().chain(&["CONNECT", "CONF", "APIVERSION"]) {
            let line = format!("librdkafka {context}");
            assert!(run.stderr.contains(&line), "no {line}");
        }
        // All of it passes through this tool: librdkafka itself writes `%7|time|…`.
        assert!(!run.stderr.contains("%7|"));
    };
    repository.run_whole("validate").exits(0);
    shows_the_log(run("plan --only @a --only @b --out saved.plan", 0));
    run("plan --format json --only @a --only @b", 0);
    run("apply saved.plan --yes --report report.json", 0);
    run("drift --only @*", 0);
    run("snapshot --out live.json", 0);
    // It has findings about the test brokers.
    let doctor = repository.run_whole(&format!("doctor --format json -e dev {RUNNER}"));
    clean(&format!("{doctor}"), "doctor", &forms);
    assert_eq!(doctor.json()["format"], "topicsmith/doctor/1");
    run("list --only @*", 0);
    run("instance up task id=x", 0);
    run("instance list", 0);
    run("inventory list", 0);
    run("inventory hold @a --for 1h --reason because", 0);
    let written = files(&repository.path("."), &["runner", "secrets"]);
    let names = ["saved.plan", "report.json", "live.json"];
    for name in names {
        assert!(
            written.iter().any(|(path, _)| path.ends_with(name)),
            "{name}"
        );
    }
    for (path, text) in written {
        clean(&text, &path, &forms);
    }
    let records = records(test);
    assert!(records.contains("because"), "{records}");
    clean(&records, "the inventory", &forms);
}

/// Returns the forms in which a secret could occur: unchanged, line by line, in base64 at any
/// offset of a longer text, in hexadecimal.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    // Without the common parts of keys (`-----BEGIN …`), and without short remainders.
    let lines = secret.lines().filter(|line| !line.starts_with("-----"));
    for line in lines.filter(|line| line.len() >= 8) {
        forms.push(line.to_owned());
        for before in ["", "x", "xx"] {
            let whole = base64(&format!("{before}{line}"));
            // The characters at the ends depend on the surrounding bytes.
            let own = whole
                .get(4..whole.len().saturating_sub(4))
                .unwrap_or_default();
            assert!(own.len() >= 6, "{line} is too short to be found");
            forms.extend([own.to_owned(), own.replace('-', "+").replace('_', "/")]);
        }
        forms.push(line.bytes().map(|byte| format!("{byte:02x}")).collect());
    }
    assert!(!forms.is_empty());
    forms
}

#[track_caller]
fn clean(text: &str, of: &str, forms: &[String]) {
    for form in forms {
        // Neither is printed here: the log of the tests is public.
        assert!(!text.contains(form), "{of} holds a secret");
    }
}

/// Returns the files below a folder with their texts, without some folders.
fn files(folder: &Path, without: &[&str]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if !without.contains(&name.as_str()) {
                all.extend(files(&path, without));
            }
        } else {
            let bytes = fs::read(&path).expect("a file");
            all.push((name, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    all
}

/// Returns every record of the inventory, read by a plain consumer.
fn records(test: &Test) -> String {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", secure::broker().servers())
        .set("group.id", test.prefix())
        .set("enable.auto.commit", "false")
        .create()
        .expect("a client");
    let topic = test.topic("inventory");
    let (_, end) = consumer
        .fetch_watermarks(topic.as_str(), 0, Duration::from_secs(30))
        .expect("it is there");
    let mut all = TopicPartitionList::new();
    all.add_partition_offset(topic.as_str(), 0, Offset::Beginning)
        .expect("an offset");
    consumer.assign(&all).expect("a partition");
    let mut text = String::new();
    let start = Instant::now();
    let mut next = 0;
    while next < end && start.elapsed() < Duration::from_secs(30) {
        let Some(record) = consumer.poll(Duration::from_millis(200)) else {
            continue;
        };
        let record = record.expect("a record");
        for bytes in [record.key(), record.payload()].into_iter().flatten() {
            text.push_str(&String::from_utf8_lossy(bytes));
            text.push('\n');
        }
        next = record.offset() + 1;
    }
    text
}

async fn a_whole_run_with_a_password(test: Test) {
    let login = "security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=admin\nsasl.password=${file:password}";
    whole_run(&test, "sasltls", login, &[("password", "admin-secret")]);
}

async fn a_whole_run_with_a_scram_password(test: Test) {
    let login = "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\nsasl.username=admin\nsasl.password=${file:password}";

    whole_run(&test, "sasl_all", login, &[("password", "admin-secret")]);
}

async fn a_whole_run_with_a_token(test: Test) {
    let login = "security.protocol=SASL_SSL\nsasl.mechanism=OAUTHBEARER";
    whole_run(&test, "sasltls", login, &[("token", &token(3600))]);
}

async fn a_whole_run_with_a_key(test: Test) {
    let login = "security.protocol=SSL\nssl.certificate.pem=${file:both}\nssl.key.pem=${file:key}";
    let text = |name: &str| fs::read_to_string(pem(name)).expect("it was made");
    let key = text("client.key");
    let both = text("client.pem") + &key;
    whole_run(&test, "mutual", login, &[("both", &both), ("key", &key)]);
}

async fn a_login_that_is_refused(test: Test) {
    for (mechanism, secrets) in [
        ("PLAIN", ("password", "hunter2-plain".to_owned())),
        ("SCRAM-SHA-256", ("password", "hunter2-scram".to_owned())),
        ("OAUTHBEARER", ("token", token(-100))),
    ] {
        let password = match mechanism {
            "OAUTHBEARER" => "",
            _ => "sasl.username=admin\nsasl.password=${file:password}",
        };
        let login =
            format!("security.protocol=SASL_PLAINTEXT\nsasl.mechanism={mechanism}\n{password}");
        let (name, secret) = secrets;
        let repository = repository(&test, "sasl_all", &login, &[(name, &secret)]);
        let run = repository.run_whole(&format!("plan -e dev {RUNNER}"));
        let run = run.exits(1).warns("librdkafka SASL");
        clean(&format!("{run}"), mechanism, &forms(&secret));
    }
}

/// The variables in an environment file, with their values.
const VARIABLES: [(&str, &str); 6] = [
    // 127.0.0.1, written so that it is unique in the output.
    ("KAFKA_HOST", "0x7f.1"),
    ("KAFKA_USERNAME", "hunter2user"),
    ("KAFKA_PASSWORD", "hunter2-password"),
    ("KAFKA_CLIENT_ID", "hunter2-client"),
    ("KAFKA_ID", "hunter2-cluster"),
    ("KAFKA_SERVERS", "hunter2.invalid:9092,hunter3.invalid:9093"),
];

fn environment(repository: &Repository, cluster: &str, client: &str) {
    let inventory = harness::inventory("shop");
    let text = format!(
        "[cluster]\n{cluster}[cluster.client]\ndebug = \"all\"\n{client}[defaults]\npartitions = 1\nreplication_factor = 1\n{inventory}"
    );
    repository.write("environments/dev.toml", &text);
}

/// Runs at the highest verbosity, and checks the output for the values of all variables.
fn run_clean(repository: &Repository, arguments: &str) -> Run {
    let forms: Vec<String> = VARIABLES
        .iter()
        .flat_map(|(_, value)| value.split(','))
        .flat_map(|value| {
            let host = value.split(':').next().unwrap_or_default();
            [value.to_owned(), host.to_owned()]
        })
        .collect();
    let run = repository.run_whole_with(&format!("{arguments} -e dev"), &VARIABLES);
    clean(&format!("{run}"), arguments, &forms);
    run
}

async fn a_whole_run_with_variables_for_everything(test: Test) {
    let repository = test.repository(TOPICS);
    let (_, port) = secure::broker()
        .listener("sasl_all")
        .rsplit_once(':')
        .map(|(host, port)| (host.to_owned(), port.to_owned()))
        .expect("a port");
    let servers = format!("bootstrap_servers = \"${{KAFKA_HOST}}:{port}\"\n");
    let login = "security.protocol = \"SASL_PLAINTEXT\"\nsasl.mechanism = \"PLAIN\"\nsasl.username = \"${KAFKA_USERNAME}\"\nsasl.password = \"${KAFKA_PASSWORD}\"\nclient.id = \"${KAFKA_CLIENT_ID}\"\n";
    environment(&repository, &servers, login);
    for (arguments, code) in [
        ("plan --only @a --only @b -vvv --out saved.plan", 0),
        ("plan --only @a --only @b --format json", 0),
        (
            "apply saved.plan --yes --report report.json -vvv --metrics-file figures",
            0,
        ),
        ("drift --only @* -vvv", 0),
        ("snapshot --out live.json", 0),
        ("list --only @* -vv", 0),
        ("instance up task id=x -vvv", 0),
        ("inventory list", 0),
    ] {
        run_clean(&repository, arguments).exits(code);
    }
    let doctor = run_clean(&repository, "doctor");
    assert!(doctor.stdout.contains("${KAFKA_HOST}:"), "{doctor}");
    assert!(doctor.stdout.contains("User:${KAFKA_USERNAME}"), "{doctor}");
    let written = files(&repository.path("."), &["environments"]);
    for (path, text) in written {
        assert!(
            !text.contains("hunter2") && !text.contains("0x7f.1"),
            "{path}"
        );
    }
    // Another cluster than the one in the variable.
    environment(
        &repository,
        &format!("{servers}id = \"${{KAFKA_ID}}\"\n"),
        login,
    );
    run_clean(&repository, "plan --only @a -vvv")
        .exits(4)
        .says("${KAFKA_ID}");
    run_clean(&repository, "doctor");
    // A rejected login.
    let wrong = login.replace("${KAFKA_PASSWORD}", "${KAFKA_CLIENT_ID}");
    environment(&repository, &servers, &wrong);
    run_clean(&repository, "plan -vvv").exits(1).warns(&format!(
        "cannot reach Kafka at ${{KAFKA_HOST}}:{port}: the login was refused"
    ));
}

async fn servers_that_are_a_secret(test: Test) {
    let repository = test.repository(TOPICS);
    for (servers, shown) in [
        (
            "${KAFKA_PASSWORD}:9",
            "${KAFKA_PASSWORD}:9: no such host name",
        ),
        ("${KAFKA_SERVERS}", "${KAFKA_SERVERS}: no such host name"),
        ("${KAFKA_HOST}:1", "${KAFKA_HOST}:1: nothing listens there"),
        (
            "127.0.0.1:1,${KAFKA_SERVERS}",
            "127.0.0.1:1: nothing listens there",
        ),
        // Not a server at all.
        (
            "${KAFKA_PASSWORD}",
            "invalid address `${KAFKA_PASSWORD}`: expected host:port",
        ),
        (
            "kafka://${KAFKA_PASSWORD}:9",
            "invalid address `kafka://${KAFKA_PASSWORD}:9`: expected host:port",
        ),
    ] {
        environment(
            &repository,
            &format!("bootstrap_servers = \"{servers}\"\n"),
            "",
        );
        for format in ["text", "json", "markdown", "github"] {
            let arguments = format!("plan --timeout 5s -vvv --format {format}");
            let run = run_clean(&repository, &arguments).exits(1);
            let said = format!("{}{}", run.stdout, run.stderr);
            // Comments and annotations escape their contents.
            if matches!(format, "text" | "json") {
                assert!(said.contains(shown), "{run}");
            }
        }
        run_clean(&repository, "doctor --timeout 5s");
        run_clean(&repository, "list --timeout 5s -vvv --metrics-file figures");
    }
    // The runner's own file.
    environment(&repository, "", "");
    let text = "bootstrap.servers=${KAFKA_PASSWORD}:9\ndebug=all\n";
    repository.write("runner/client.properties", text);
    repository.write(
        "environments/dev.toml",
        "[defaults]\npartitions = 1\nreplication_factor = 1\n[inventory]\nenabled = false\n",
    );
    run_clean(
        &repository,
        "plan --timeout 5s -vvv --client-config runner/client.properties",
    )
    .exits(1)
    .warns("${KAFKA_PASSWORD}:9: no such host name");
}
