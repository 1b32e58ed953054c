//! `topicsmith schema`: JSON Schemas of what people write and programs read.

use anyhow::Result;

use crate::cli::{Exit, Session};
use crate::desired::{self, Ask, LoadError};
use crate::live::snapshot;
use crate::model::Globs;
use crate::model::schema::of_document;
use crate::plan::PlanDocument;
use crate::plan::document::PlanFormat;
use crate::plan::drift::document::{DriftDocument, DriftFormat};
use crate::render::report::document::ReportDocument;

/// Arguments of `schema`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith schema topics > schemas/topics.json
  topicsmith schema environment > schemas/environment.json
  topicsmith schema plan

An editor with Taplo completes and checks a file that begins with `#:schema ../schemas/topics.json`.
Config keys that [rules] allow_configs of an environment here allows are in the first two, so make
them again when those change. JSON Schema draft 7.")]
pub struct Args {
    /// What is described
    #[arg(value_enum)]
    what: What,
}

/// What is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// A file below topics/
    Topics,
    /// A file in environments/
    Environment,
    /// What `plan --format json` and `plan --out` write
    Plan,
    /// What `drift --format json` writes
    Drift,
    /// What `apply --format json` and `apply --report` write
    Report,
    /// What `snapshot` writes and --live reads
    Live,
}

/// Prints the schema.
///
/// # Errors
/// The environment files cannot be read, or the output cannot be written.
pub fn run(args: &Args, session: &Session) -> Result<Exit> {
    let schema = match args.what {
        What::Topics => desired::schema::topics(&allowed(session)?),
        What::Environment => desired::schema::environment(&allowed(session)?),
        What::Plan => {
            of_document::<PlanDocument>("topicsmith plan", Some((PlanFormat::NAME, "plans")))
        }
        What::Drift => {
            of_document::<DriftDocument>("topicsmith drift", Some((DriftFormat::NAME, "drifts")))
        }
        What::Report => of_document::<ReportDocument>("topicsmith report", None),
        What::Live => snapshot::schema(),
    };
    session.print_json(&schema)?;
    Ok(Exit::Done)
}

/// Config keys that some environment allows besides Kafka's. Where there are no environments yet none
/// is; one with errors has its say once it has none.
fn allowed(session: &Session) -> Result<Vec<Globs>> {
    let loaded = match desired::load_environments(&session.folders, &Ask::All, &session.variables) {
        Ok(loaded) => loaded,
        Err(LoadError::MissingFolder(_) | LoadError::NoFile(_) | LoadError::AllAbstract(_)) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error.into()),
    };
    let environments = loaded.environments.into_iter();
    let allowed = environments.map(|one| one.desired.defaults.demands.allow_configs);
    Ok(allowed.collect())
}
