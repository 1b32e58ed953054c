//! The command line: arguments that commands share, exit codes, and results and errors as a person or a
//! pipeline gets them. What a command does stands in its own file in `commands`, and what several do in
//! `app`.

mod args;
mod auto_approve;
mod beside;
mod complete;
mod context;
mod exit;
mod live_args;
mod metrics;
mod problem;
mod results;
mod session;
mod under_way;
mod way_out;

pub use args::{Connecting, Environments, Format, Global, OneEnvironment, Only, duration, globs};
pub use auto_approve::AutoApprove;
pub use complete::{answer, lifecycles, script, topics};
pub use context::{ApplyContext, Scope};
pub use exit::Exit;
pub use live_args::LiveArgs;
pub use metrics::Metrics;
pub use problem::{diagnostics, text as error_text};
pub use results::{Printable, Reading};
pub use session::{Session, style};
pub use under_way::under_way;
pub use way_out::{InterruptibleWork, with_way_out};
