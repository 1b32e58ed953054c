//! What everything that works with a repository and its clusters shares, whether a person runs a command
//! or a program calls the library: open a repository, connect, read, plan, lock, apply, figures. It
//! knows neither arguments nor exit codes, and prints nothing: results are returned, errors say what to
//! do now, and what happens on the way goes to whoever wants to hear it as a `Notice`.

mod apply;
mod connect;
mod context;
mod git;
mod interface;
mod lock;
mod metrics;
mod notice;
mod problem;
mod read;
mod repository;
mod scope;
mod select;
mod token;
mod topic_read;

pub use apply::ApplyRun;
pub use connect::{ConnectOptions, Connector, aside};
pub use context::{checked_out_commit, commit_id, who};
pub use interface::{
    Apply, Change, Client, Drift, Environment, Error, Options, Plan, Reason, Report, Snapshot,
};
pub use lock::{check_cluster, lock_of, resource};
pub use metrics::Log;
pub use notice::Notice;
pub use problem::{ErrorKind, Invalid, Problem, help_of, kind_of, sentence};
pub use read::{LiveSource, Preflight, ReadRequest, ReadScope, read, read_snapshot, see_usage};
pub use repository::{Repository, check_scope, process_variables};
pub use scope::{check_scope_agrees, check_scope_is_named};
pub use select::{each, the_only_one};
pub use token::TokenFrom;
pub use topic_read::TopicRead;
