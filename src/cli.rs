//! The command line: arguments that commands share, exit codes, and errors as a person or a
//! pipeline gets them. What a command does stands in its own file in `commands`.

mod args;
mod begun;
mod beside;
mod close;
mod complete;
mod consent;
mod draft;
mod exit;
mod git;
mod lock;
mod look;
mod metrics;
mod origin;
mod problem;
mod results;
mod select;
mod session;
mod token;
mod under_way;
mod variables;
mod way_out;

pub use args::{Connecting, Environments, Format, Global, OneEnvironment, Only, duration, globs};
pub use begun::Begun;
pub use close::Close;
pub use complete::{answer, lifecycles, script, topics};
pub use consent::Consent;
pub use exit::Exit;
pub use lock::{check_cluster, lock_of, resource, take_lock};
pub use look::{
    Depth, Looking, Preflight, Source, Wanted, aside, plan, read, see_usage, tell_clock,
};
pub use metrics::{Log, Metrics};
pub use origin::{Origin, Scope, check_scope_agrees, check_scope_is_named, who};
pub use problem::{Problem, diagnostics, text as error_text};
pub use results::{Printable, Reading};
pub use select::{each, the_only_one};
pub use session::{Session, style};
pub use under_way::under_way;
pub use way_out::{Work, with_way_out};
