//! The command line: arguments that commands share, exit codes, and errors as a person or a
//! pipeline gets them. What a command does stands in its own file in `commands`.

mod args;
mod auto_approve;
mod beside;
mod complete;
mod context;
mod draft;
mod exit;
mod git;
mod live_args;
mod lock;
mod metrics;
mod pending;
mod problem;
mod results;
mod select;
mod session;
mod token;
mod topic_read;
mod under_way;
mod variables;
mod way_out;

pub use args::{Connecting, Environments, Format, Global, OneEnvironment, Only, duration, globs};
pub use auto_approve::AutoApprove;
pub use complete::{answer, lifecycles, script, topics};
pub use context::{ApplyContext, Scope, check_scope_agrees, check_scope_is_named, who};
pub use exit::Exit;
pub use live_args::{
    LiveArgs, LiveSource, Preflight, ReadRequest, ReadScope, aside, plan, read, see_usage,
    tell_clock,
};
pub use lock::{check_cluster, lock_of, resource, take_lock};
pub use metrics::{Log, Metrics};
pub use pending::PendingConnections;
pub use problem::{Problem, diagnostics, text as error_text};
pub use results::{Printable, Reading};
pub use select::{each, the_only_one};
pub use session::{Session, style};
pub use topic_read::TopicRead;
pub use under_way::under_way;
pub use way_out::{InterruptibleWork, with_way_out};
