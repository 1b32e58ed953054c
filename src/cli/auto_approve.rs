//! A person's yes, before something is changed.

use std::io;
use std::thread;

use anyhow::{Context, Result};
use tokio::sync::oneshot;

use super::session::Session;
use crate::app::Problem;
use crate::terminal::Terminal;

/// Whether a person has to say yes.
#[derive(Debug, clap::Args)]
pub struct AutoApprove {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

impl AutoApprove {
    /// Without a terminal nobody can agree: said before anything is connected.
    ///
    /// # Errors
    /// Somebody has to be asked, and nobody can be.
    pub fn check(&self, session: &Session) -> Result<()> {
        if self.yes || session.terminal.can_ask {
            return Ok(());
        }
        let message = "cannot prompt: stdin or stderr is not a terminal";
        Err(Problem::usage(message, "see what it would do first, then add --yes").into())
    }

    /// Whether there is a yes to a question, which is asked where none was given beforehand. A no
    /// is told.
    ///
    /// # Errors
    /// The answer cannot be read.
    pub async fn given(&self, session: &Session, question: &str) -> Result<bool> {
        if self.yes {
            return Ok(true);
        }
        let agreed = ask(session.terminal, question.to_owned()).await;
        let agreed = agreed.context("cannot read the answer")?;
        if !agreed {
            session.tell("nothing was changed\n");
        }
        Ok(agreed)
    }
}

/// Asks on a thread of its own: locks are renewed meanwhile, and a signal is heard.
async fn ask(terminal: Terminal, question: String) -> io::Result<bool> {
    let (sender, receiver) = oneshot::channel();
    thread::Builder::new().spawn(move || {
        // Without a receiver the command has ended.
        let _ = sender.send(terminal.confirm(&question));
    })?;
    receiver.await.map_err(io::Error::other)?
}
