//! Credentials: the runner's credentials are sent only to the runner's servers, and never
//! displayed.

use std::net::TcpListener;

use crate::harness::secure::{self, pem, token};
use crate::harness::{self, Repository, Test};

harness::tests! {
    a_runners_file_is_all_that_says_how_to_connect,
    a_repository_beside_it_may_not_say_more,
    tokens_of_the_runner,
    no_run_shows_a_secret,
}

/// Creates a repository without connection settings.
fn silent(test: &Test) -> Repository {
    let repository = test.repository("[topics.\"@a\"]\n");
    environment(&repository, "client.id = \"team-a\"\n");
    repository
}

fn environment(repository: &Repository, client: &str) {
    let text = format!(
        "[cluster.client]\n{client}[defaults]\npartitions = 1\nreplication_factor = 1\n[inventory]\nenabled = false\n"
    );
    repository.write("environments/dev.toml", &text);
}

/// Writes the runner's file for a login with TLS, beside the CA.
fn runner(repository: &Repository, rest: &str) {
    let text = format!(
        "# of the runner\nbootstrap.servers={}\nsecurity.protocol=SASL_SSL\nssl.ca.location=ca.pem\n{rest}",
        secure::broker().listener("sasltls")
    );
    repository.write("runner/client.properties", &text);
    let ca = std::fs::read_to_string(pem("ca.pem")).expect("it was made");
    repository.write("runner/ca.pem", &ca);
}

const PLAIN: &str =
    "sasl.mechanism = PLAIN\nsasl.username = admin\nsasl.password = ${RUNNER_PASSWORD}\n";

const PASSWORD: (&str, &str) = ("RUNNER_PASSWORD", "admin-secret");

async fn a_runners_file_is_all_that_says_how_to_connect(test: Test) {
    let repository = silent(&test);
    runner(&repository, PLAIN);
    let flag = "plan --client-config runner/client.properties";
    repository
        .run_with(flag, &[PASSWORD])
        .exits(0)
        .says("1 to create");
    let named = ("TOPICSMITH_CLIENT_CONFIG", "runner/client.properties");
    repository.run_with("plan", &[PASSWORD, named]).exits(0);
    repository
        .run(flag)
        .exits(1)
        .warns("RUNNER_PASSWORD is not set");
    // Equal settings add nothing.
    environment(&repository, "security.protocol = \"sasl_ssl\"\n");
    repository.run_with(flag, &[PASSWORD]).exits(0);
}

async fn a_repository_beside_it_may_not_say_more(test: Test) {
    let repository = silent(&test);
    runner(&repository, PLAIN);
    let trap = TcpListener::bind("127.0.0.1:0").expect("a free port");
    trap.set_nonblocking(true).expect("it is a socket");
    let address = trap.local_addr().expect("it is bound");
    let run = || {
        let arguments = "plan --format json --client-config runner/client.properties";
        repository.run_with(arguments, &[PASSWORD]).exits(4)
    };
    repository.environment(
        "dev",
        &address.to_string(),
        1,
        "[inventory]\nenabled = false\n",
    );
    run().says("environments/dev.toml").says("knows no server");
    for (client, says) in [
        (
            "security.protocol = \"SASL_PLAINTEXT\"",
            "security.protocol",
        ),
        ("ssl.ca.location = \"ca.pem\"", "ssl.ca.location"),
        ("enable.ssl.certificate.verification = false", "enable.ssl"),
        (
            "sasl.oauthbearer.token.endpoint.url = \"http://x\"",
            "endpoint.url",
        ),
        ("sasl.password = \"admin-secret\"", "sasl.password"),
        ("sasl.username = \"${KAFKA_USER:-admin}\"", "no variable"),
    ] {
        environment(&repository, &format!("{client}\n"));
        let run = run().says(says).says("\"line\": 2");
        assert!(!run.stdout.contains("admin-secret"), "{run}");
    }
    assert!(trap.accept().is_err(), "somebody connected");
}

async fn tokens_of_the_runner(test: Test) {
    let repository = silent(&test);
    runner(&repository, "sasl.mechanism = OAUTHBEARER\n");
    let plan = "plan --client-config runner/client.properties";
    let fresh = token(60);
    repository.write("runner/token", &format!("{fresh}\n"));
    let run = |rest: &str, variables: &[(&str, &str)]| {
        repository.run_with(&format!("{plan} {rest}"), variables)
    };
    run("--token-file runner/token", &[]).exits(0);
    run("", &[("TOPICSMITH_TOKEN_FILE", "runner/token")]).exits(0);
    run("", &[("TOPICSMITH_TOKEN", &fresh)]).exits(0);
    // A command does not run in the checkout.
    let there = repository.path("runner/token");
    let command = format!("cat {}", there.display());
    run("", &[("TOPICSMITH_TOKEN_COMMAND", &command)]).exits(0);
    run("", &[("TOPICSMITH_TOKEN_COMMAND", "cat runner/token")]).exits(1);
    run("", &[]).exits(1).warns("there is no token");
    let failed = ("TOPICSMITH_TOKEN_COMMAND", "echo hunter2; exit 7");
    let failed = run("", &[failed]).exits(1);
    let failed = failed.warns("the token command failed (exit status: 7)");
    assert!(!failed.stderr.contains("hunter2"), "{failed}");
    run("", &[("TOPICSMITH_TOKEN", &token(-7300))])
        .exits(1)
        .warns("the token expired 2 h ago");
    // The token's subject determines the rights.
    repository.topics("[topics.\"@a\"]\n[topics.\"@b\"]\n");
    run("--token-file runner/token", &[])
        .exits(0)
        .says("2 to create");
}

async fn no_run_shows_a_secret(test: Test) {
    let repository = silent(&test);
    for (mechanism, secret) in [
        ("PLAIN", "hunter2-plain"),
        ("SCRAM-SHA-256", "hunter2-scram"),
    ] {
        let login = format!(
            "sasl.mechanism={mechanism}\nsasl.username=hunter2-user\nsasl.password={secret}\n"
        );
        runner(&repository, &login);
        for format in ["text", "json"] {
            let arguments =
                format!("plan --format {format} --client-config runner/client.properties");
            let run = repository
                .run(&arguments)
                .exits(1)
                .warns("the login was refused");
            assert!(!format!("{run}").contains(secret), "{run}");
        }
    }
}
