//! `topicsmith inventory`: what is owned, and repairs.

mod forget;
mod hold;
mod list;
mod unlock;

use anyhow::Result;

use crate::app::{
    Problem, check_cluster, check_scope_agrees, check_scope_is_named, resource, the_only_one, who,
};
use crate::cli::{Connecting, Exit, OneEnvironment, Session};
use crate::desired::{Environment, Loaded, LoadedEnvironment};
use crate::inventory::{self, Contents, InventoryError};
use crate::kafka::Cluster;
use crate::live::{OwnerKey, Stamp};

/// What to do with the inventory.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show what is owned, held and locked, and what cannot be read
    List(list::Args),
    /// Keep a topic as it is for a while, whatever the files say
    Hold(hold::Args),
    /// Give topics up, for another scope to adopt; or remove a record that cannot be read
    Forget(forget::Args),
    /// Take the lock away from an apply that does not end
    Unlock(unlock::Args),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// What ended the command early.
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        match self {
            Command::List(args) => list::run(args, session).await,
            Command::Hold(args) => hold::run(args, session).await,
            Command::Forget(args) => forget::run(args, session).await,
            Command::Unlock(args) => unlock::run(args, session).await,
        }
    }
}

/// Arguments of what changes the inventory of one environment.
#[derive(Debug, clap::Args)]
struct Target {
    #[command(flatten)]
    environment: OneEnvironment,
    #[command(flatten)]
    connecting: Connecting,
}

/// An environment's inventory, within reach.
struct Opened<'a> {
    environment: &'a LoadedEnvironment,
    cluster: Cluster,
    whose: OwnerKey,
}

impl Target {
    fn load(&self, session: &Session) -> Result<Loaded> {
        session.load(&self.environment.ask()?)
    }

    async fn open<'a>(
        &self,
        session: &Session,
        loaded: &'a Loaded,
        scope: Option<String>,
    ) -> Result<Opened<'a>> {
        let environment = the_only_one(loaded)?;
        let settings = &environment.desired.environment;
        in_use(settings)?;
        check_scope_agrees(settings, scope.as_deref())?;
        let connector = self.connecting.connector(session)?;
        let cluster = connector.connect(loaded, environment).await?;
        check_cluster(settings, &cluster).await?;
        check_scope_is_named(settings, scope.as_deref())?;
        let whose = OwnerKey {
            scope: scope.or_else(|| settings.inventory.scope.clone()),
            environment: Some(settings.name.to_string()),
        };
        Ok(Opened {
            environment,
            cluster,
            whose,
        })
    }
}

impl Opened<'_> {
    fn settings(&self) -> &Environment {
        &self.environment.desired.environment
    }

    fn name(&self) -> &str {
        &self.settings().name
    }

    /// What is recorded, and what of it cannot be read.
    async fn read(&self) -> Result<Contents> {
        let topic = &self.settings().inventory.topic;
        let read = inventory::read_anyway(&self.cluster, topic).await?;
        let missing = || InventoryError::Missing {
            topic: topic.clone(),
        };
        Ok(read.ok_or_else(missing)?)
    }

    /// The lock of this environment's applies.
    fn lock(&self) -> String {
        resource(self.whose.scope.as_deref().unwrap_or_default(), self.name())
    }
}

fn in_use(environment: &Environment) -> Result<()> {
    if environment.inventory.enabled {
        return Ok(());
    }
    let message = format!("{} keeps no inventory", environment.name);
    let help = "take `enabled = false` out of its [inventory], and name a scope there";
    Err(Problem::error(message, help).into())
}

/// Who writes a record now.
fn stamp() -> Stamp {
    Stamp {
        by: Some(who()),
        ..Stamp::default()
    }
}
