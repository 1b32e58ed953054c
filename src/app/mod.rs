//! What commands, and whatever else works with a repository and its clusters, share.

mod draft;
mod git;
mod lock;
mod metrics;
mod pending;
mod read;
mod scope;
mod select;
mod token;
mod topic_read;
mod variables;

pub use lock::{check_cluster, lock_of, resource, take_lock};
pub use metrics::{Log, Metrics};
pub use pending::PendingConnections;
pub use read::{
    LiveArgs, LiveSource, Preflight, ReadRequest, ReadScope, aside, plan, read, see_usage,
    tell_clock,
};
pub use scope::{ApplyContext, Scope, check_scope_agrees, check_scope_is_named, who};
pub use select::{each, the_only_one};
pub use token::TokenFrom;
pub use topic_read::TopicRead;
pub(crate) use variables::process_variables;
