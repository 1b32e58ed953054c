//! `topicsmith schema`: JSON Schemas of what people write and programs read.

use anyhow::Result;

use crate::cli::{Exit, Session};
use crate::desired::{self, Ask, LoadError};
use crate::live::snapshot::LiveDocument;
use crate::model::Globs;
use crate::model::schema::{of_document, of_environments, of_input};
use crate::plan::PlanDocument;
use crate::plan::drift::document::DriftDocument;
use crate::render::capacity::document::CapacityDocument;
use crate::render::catalog::document::CatalogDocument;
use crate::render::diagnostics::document::DiagnosticsDocument;
use crate::render::doctor::DoctorDocument;
use crate::render::instance::document::{InstanceDocument, InstancesDocument};
use crate::render::inventory::document::{
    ForgetDocument, HoldDocument, InventoryListDocument, UnlockDocument,
};
use crate::render::list::ListDocument;
use crate::render::report::document::ReportDocument;
use crate::render::show::document::ShowDocument;

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
    what: SchemaName,
}

/// What is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum SchemaName {
    /// A file below topics/
    Topics,
    /// A file in environments/
    Environment,
    /// What `plan --format json` and `plan --out` write
    Plan,
    /// What `apply --format json` and `apply --report` write
    Report,
    /// What `drift --format json` writes
    Drift,
    /// What `snapshot` writes and --live reads
    Live,
    /// What `validate --format json` writes, and every command that fails
    Diagnostics,
    /// What `list --format json` writes
    List,
    /// What `show --format json` writes
    Show,
    /// What `catalog --format json` writes
    Catalog,
    /// What `doctor --format json` writes
    Doctor,
    /// What `capacity --format json` writes
    Capacity,
    /// What `inventory list --format json` writes
    InventoryList,
    /// What `inventory hold --format json` writes
    Hold,
    /// What `inventory forget --format json` writes
    Forget,
    /// What `inventory unlock --format json` writes
    Unlock,
    /// What `instance up`, `down` and `sweep` write with --format json
    Instance,
    /// What `instance list --format json` writes
    Instances,
}

/// Prints the schema.
///
/// # Errors
/// The environment files cannot be read, or the output cannot be written.
pub fn run(args: &Args, session: &Session) -> Result<Exit> {
    let schema = match args.what {
        SchemaName::Topics => desired::topics_schema(&allowed(session)?),
        SchemaName::Environment => desired::environment_schema(&allowed(session)?),
        SchemaName::Plan => of_environments::<PlanDocument>(),
        SchemaName::Report => of_document::<ReportDocument>(),
        SchemaName::Drift => of_environments::<DriftDocument>(),
        SchemaName::Live => of_input::<LiveDocument>(),
        SchemaName::Diagnostics => of_document::<DiagnosticsDocument>(),
        SchemaName::List => of_environments::<ListDocument>(),
        SchemaName::Show => of_environments::<ShowDocument>(),
        SchemaName::Catalog => of_document::<CatalogDocument>(),
        SchemaName::Doctor => of_environments::<DoctorDocument>(),
        SchemaName::Capacity => of_environments::<CapacityDocument>(),
        SchemaName::InventoryList => of_environments::<InventoryListDocument>(),
        SchemaName::Hold => of_document::<HoldDocument>(),
        SchemaName::Forget => of_document::<ForgetDocument>(),
        SchemaName::Unlock => of_document::<UnlockDocument>(),
        SchemaName::Instance => of_document::<InstanceDocument>(),
        SchemaName::Instances => of_environments::<InstancesDocument>(),
    };
    session.print_json(&schema)?;
    Ok(Exit::Done)
}

/// Config keys that some environment allows besides Kafka's. Where there are no environments yet none
/// is; one with errors has its say once it has none.
fn allowed(session: &Session) -> Result<Vec<Globs>> {
    let loaded = match desired::load_environments(
        &session.repository.folders,
        &Ask::All,
        &session.repository.variables,
    ) {
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
