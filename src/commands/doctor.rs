//! `topicsmith doctor`: whether this tool can do its work on a cluster.

use anyhow::Result;

use crate::app::{Connector, each};
use crate::cli::{Connecting, Environments, Exit, Only, Printable, Reading, Session};
use crate::desired::{Ask, Loaded, LoadedEnvironment};
use crate::doctor::{self, CheckStatus, Purpose, TargetCommand};
use crate::kafka;
use crate::live::checkup::Checkup;
use crate::model::Globs;
use crate::observe;
use crate::render::Style;
use crate::render::doctor::{self as examined, DoctorDocument, Examination};
use crate::render::github::Annotations;
use crate::render::markdown::Section;

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith doctor -e prod
  topicsmith doctor -e prod --for plan     with the read-only login of a pull request's pipeline
  topicsmith doctor --all --format json    every environment, for a program

Looks at the brokers, their settings and the rights of this login beside what the files want.
Nothing is changed: creates are only checked (validate_only), other rights are looked up.

Exit codes:
  0  nothing fails; there may be warnings
  1  something fails, the cluster cannot be reached, or another error
  64 wrong usage")]
pub struct Args {
    #[command(flatten)]
    pub(super) environments: Environments,
    #[command(flatten)]
    only: Only,
    /// What is to be done there: plan asks for no right to change anything
    #[arg(
        long = "for",
        value_enum,
        value_name = "plan|apply",
        default_value = "apply",
        hide_possible_values = true
    )]
    work: TargetCommand,
    #[command(flatten)]
    connecting: Connecting,
}

/// Looks at each environment's cluster and prints how it is.
///
/// # Errors
/// The files have errors, or what the only connection needs is not there.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let ask = args.environments.ask()?.unwrap_or(Ask::Only);
    let only = args.only.globs()?;
    let loaded = &session.load(&ask)?;
    let connector = args.connecting.connector(session)?;
    let examined = each(loaded, |environment| async {
        let one = one(args, &connector, loaded, environment, &only).await;
        one.map(Examined)
    });
    session.print_each(examined.await, loaded.list_form)
}

async fn one(
    args: &Args,
    connector: &Connector<'_>,
    loaded: &Loaded,
    environment: &LoadedEnvironment,
    only: &Globs,
) -> Result<Examination> {
    let variables = &connector.repository().variables.values;
    let purpose = Purpose {
        desired: &environment.desired,
        only,
        work: args.work,
        scope_is_named: variables
            .get("TOPICSMITH_SCOPE")
            .is_some_and(|scope| !scope.is_empty()),
    };
    match look(connector, loaded, environment, purpose).await {
        Ok(found) => {
            let checks = doctor::judge(purpose, &found);
            Ok(Examination {
                environment: environment.desired.environment.name.to_string(),
                cluster_id: found.cluster_id,
                kafka_version: found.kafka_version,
                principal: found.principal,
                work: args.work,
                checks,
            })
        }
        // A cluster that cannot be reached is what was to be found out.
        Err(error) => {
            let error: kafka::Error = error.downcast()?;
            Ok(Examination {
                environment: environment.desired.environment.name.to_string(),
                cluster_id: None,
                kafka_version: None,
                principal: None,
                work: args.work,
                checks: doctor::unreached(&error.to_string(), error.help()),
            })
        }
    }
}

async fn look(
    connector: &Connector<'_>,
    loaded: &Loaded,
    environment: &LoadedEnvironment,
    purpose: Purpose<'_>,
) -> Result<Checkup> {
    let cluster = connector.connect(loaded, environment).await?;
    let examined = observe::Examined {
        environment: &purpose.desired.environment,
        listed: &purpose.listed(),
        removed: &purpose.removed_names(),
    };
    Ok(observe::checkup(&cluster, &examined).await?)
}

/// How the cluster of one environment is.
struct Examined(Examination);

impl Printable for Examined {
    fn text(&self, style: Style) -> String {
        examined::text(&self.0, style)
    }

    fn section(&self) -> Option<Section> {
        Some(examined::section(&self.0))
    }

    fn annotations(&self) -> Option<Annotations> {
        Some(examined::annotations(&self.0))
    }
}

impl Reading for Examined {
    type Document = DoctorDocument;

    fn document(&self) -> DoctorDocument {
        DoctorDocument::from(&self.0)
    }

    fn exit(&self) -> Exit {
        match self.0.count(CheckStatus::Fail) {
            0 => Exit::Done,
            _ => Exit::Error,
        }
    }
}
