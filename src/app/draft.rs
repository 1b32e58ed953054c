//! Files that a command is about to write.

use anyhow::Result;

use crate::cli::session::Session;
use crate::desired::{self, Ask, Draft, LoadError, Loaded};
use crate::model::text::count;
use crate::model::{Finding, Severity};

impl Session {
    /// Reads and checks the files as if the drafts were written.
    ///
    /// # Errors
    /// There is nothing to check: no environment, or one that is not known.
    pub fn read_with(&self, ask: &Ask, drafts: &[Draft]) -> Result<Loaded, LoadError> {
        desired::load_with(&self.folders, ask, &self.variables, drafts)
    }

    /// Refuses a draft with which the files would not validate, each error at its place.
    ///
    /// # Errors
    /// Those errors.
    pub fn check_draft(&self, ask: &Ask, draft: &Draft) -> Result<()> {
        let read = self.read_with(ask, std::slice::from_ref(draft))?;
        let errors: Vec<Finding> = read.findings.into_iter().filter(is_error).collect();
        if errors.is_empty() {
            return Ok(());
        }
        let message = format!(
            "{} in {} as it would be: nothing was written",
            count(errors.len(), "error"),
            draft.path.display()
        );
        Err(self.invalid(message, &errors, &read.sources))
    }

    /// The files as they are, for a command that writes topics files: there may be none yet.
    /// Warnings are told.
    ///
    /// # Errors
    /// An environment is not known, or there are errors in the files.
    pub fn load_to_write(&self, ask: &Ask) -> Result<Loaded> {
        let loaded = self.read_with(ask, &[])?;
        self.refuse_errors(&loaded.findings, &loaded.sources)?;
        Ok(loaded)
    }
}

fn is_error(finding: &Finding) -> bool {
    finding.level == Severity::Error
}
