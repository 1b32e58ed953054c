//! The command line: arguments that commands share, exit codes, and errors as a person or a
//! pipeline gets them. What a command does stands in its own file in `commands`.

pub(crate) mod args;
mod auto_approve;
mod beside;
mod complete;
pub(crate) mod exit;
pub(crate) mod problem;
mod results;
pub(crate) mod session;
mod under_way;
mod way_out;

pub use crate::app::{
    ApplyContext, LiveArgs, LiveSource, Log, Metrics, PendingConnections, Preflight, ReadRequest,
    ReadScope, Scope, TopicRead, aside, check_cluster, check_scope_agrees, check_scope_is_named,
    each, lock_of, plan, read, resource, see_usage, take_lock, tell_clock, the_only_one, who,
};
pub use args::{Connecting, Environments, Format, Global, OneEnvironment, Only, duration, globs};
pub use auto_approve::AutoApprove;
pub use complete::{answer, lifecycles, script, topics};
pub use exit::Exit;
pub use problem::{Problem, diagnostics, text as error_text};
pub use results::{Printable, Reading};
pub use session::{Session, style};
pub use under_way::under_way;
pub use way_out::{InterruptibleWork, with_way_out};
