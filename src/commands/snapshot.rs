//! `topicsmith snapshot`: writes the live state of a cluster as JSON.

use std::path::PathBuf;

use anyhow::Result;

use crate::app::{Connector, ReadScope, each, read, see_usage};
use crate::cli::{Connecting, Environments, Exit, Only, Reading, Session};
use crate::desired::{Ask, Loaded, LoadedEnvironment};
use crate::live::Live;
use crate::live::snapshot::LiveDocument;
use crate::model::Globs;
use crate::render::json_text;
use crate::terminal::write_whole;

/// Arguments of `snapshot`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith snapshot -e prod --out prod.json
  topicsmith plan -e prod --live prod.json

A snapshot holds topic names, settings and brokers; no records, and nothing of the credentials.")]
pub struct Args {
    #[command(flatten)]
    environments: Environments,
    #[command(flatten)]
    only: Only,
    /// Write it to FILE, whole or not at all, instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    connecting: Connecting,
}

/// Reads each environment's cluster and writes what is live there.
///
/// # Errors
/// The files have errors, the only environment cannot be looked at, or FILE cannot be written.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let ask = args.environments.ask()?.unwrap_or(Ask::Only);
    let only = args.only.globs()?;
    let connector = args.connecting.connector(session)?;
    let loaded = &session.warned(connector.load(&ask).await?);
    let snapshots = each(loaded, |environment| async {
        let live = one(&connector, loaded, environment, &only).await;
        live.map(Snapshot)
    });
    let (document, exit) = session.document(snapshots.await, loaded.list_form)?;
    match &args.out {
        None => session.print_json(&document)?,
        Some(file) => write_whole(file, &json_text(&document))?,
    }
    Ok(exit)
}

async fn one(
    connector: &Connector<'_>,
    loaded: &Loaded,
    environment: &LoadedEnvironment,
    only: &Globs,
) -> Result<Live> {
    let cluster = connector.connect(loaded, environment).await?;
    let desired = &environment.desired;
    let mut live = read(&cluster, desired, only, ReadScope::Support, None)
        .await?
        .live;
    see_usage(&cluster, &mut live, desired.removed.keys()).await;
    Ok(live)
}

/// The live state of one environment. It is JSON for people too.
struct Snapshot(Live);

impl Reading for Snapshot {
    type Document = LiveDocument;

    fn document(&self) -> LiveDocument {
        LiveDocument::from(&self.0)
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}
