//! Creates and updates the topics of a repository, and returns once they are there:
//! `cargo run --example topics -- FOLDER ENVIRONMENT`

use std::error::Error;
use std::time::Duration;

use topicsmith::{ConnectOptions, Options, Repository, RunResult};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err("usage: topics FOLDER ENVIRONMENT".into());
    };
    let repository = Repository::open(folder).on_notice(|notice| eprintln!("{notice}"));
    let environment = repository.environment(&name)?;
    let client = environment
        .connect(&ConnectOptions {
            // A broker that was just started may not answer yet.
            wait: Some(Duration::from_secs(60)),
            ..ConnectOptions::default()
        })
        .await?;

    let apply = client.apply(&Options::default()).await?;
    print!("{}", apply.plan());
    let blocked = apply.plan().blocked().next();
    if let Some(why) = blocked.map(|reason| reason.to_string()) {
        apply.cancel().await;
        return Err(why.into());
    }
    let report = apply.run().await?;
    print!("{report}");
    match report.result() {
        RunResult::Done => Ok(()),
        _ => Err("not all of it was applied".into()),
    }
}
