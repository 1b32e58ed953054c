//! topicsmith reconciles Kafka topics with TOML files: it plans what would change, applies that, and
//! shows what was changed by hand. The command `topicsmith` does that for people and pipelines; this
//! library does it for Rust programs.
//!
//! A [`Repository`] is a folder with the files. It gives an [`Environment`] of them, which is connected
//! to its cluster as a [`Client`]. That reads ([`Snapshot`]), plans ([`Plan`]), compares ([`Drift`]) and
//! applies ([`Apply`], [`Report`]).
//!
//! ```no_run
//! use topicsmith::{ConnectOptions, Error, Options, Repository};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Error> {
//! let repository = Repository::open("kafka").on_notice(|notice| eprintln!("{notice}"));
//! let environment = repository.environment("prod")?;
//! let client = environment.connect(&ConnectOptions::default()).await?;
//!
//! // The lock is held from here, so that the plan is still right when it is carried out.
//! let apply = client.apply(&Options::default()).await?;
//! println!("{}", apply.plan());
//! if apply.plan().blocked().next().is_some() {
//!     apply.cancel().await;
//! } else {
//!     let report = apply.run().await?;
//!     println!("{report}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Times are [`std::time::Duration`]s, and names of topics and environments are plain text. An [`Error`]
//! says what is wrong, of what [`ErrorKind`] it is, and what to do now. What fails for single topics is
//! no error: it is in the report. Everything `async` takes a Tokio runtime with its time and I/O
//! enabled.
//!
//! What a plan, a report or a snapshot holds in detail is in its JSON document. Those have a version and
//! a JSON Schema, which `topicsmith schema` prints, and are the same that the command writes.

// CONTRIBUTING.md has the map: data flows one way through the rooms, and so do their imports.
mod app;
mod apply;
mod capacity;
mod cli;
mod commands;
mod desired;
mod diff;
mod doctor;
mod edit;
mod files;
mod instance;
mod inventory;
mod kafka;
mod live;
mod metrics;
mod model;
mod observe;
mod plan;
mod render;
mod terminal;
mod view;

pub use app::{
    Apply, Change, Client, ConnectOptions, Drift, Environment, Error, ErrorKind, Notice, Options,
    Plan, Reason, Report, Repository, Snapshot, TokenFrom,
};
pub use apply::RunResult;
pub use plan::Action;

/// Runs the command that the process was started with.
#[doc(hidden)]
pub fn main() -> std::process::ExitCode {
    commands::main()
}

/// The rooms, for this repository's own tests, benchmarks and fuzzers.
#[cfg(feature = "internals")]
#[doc(hidden)]
pub mod internals {
    macro_rules! rooms {
        ($($room:ident)*) => {
            $(pub mod $room {
                pub use crate::$room::*;
            })*
        };
    }

    rooms!(apply desired edit inventory kafka live model observe plan render);
}

#[cfg(test)]
mod testing;
