//! Prints as JSON where a cluster is not what was last applied, and where the files are not:
//! `cargo run --example drift -- FOLDER ENVIRONMENT`

use std::error::Error;

use topicsmith::{ConnectOptions, Options, Repository};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err("usage: drift FOLDER ENVIRONMENT".into());
    };
    let environment = Repository::open(folder).environment(&name)?;
    let client = environment.connect(&ConnectOptions::default()).await?;
    let drift = client.drift(&Options::default()).await?;
    println!("{:#}", drift.json());
    eprintln!("{} drifted, {} pending", drift.drifted(), drift.pending());
    Ok(())
}
