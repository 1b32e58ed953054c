//! Several environments in one text, where the others are printed one after the other.

use anyhow::{Context, Result};

use super::args::Format;
use super::exit::Exit;
use super::session::{Printable, Session};
use crate::render::Style;

impl Session {
    /// As [`Session::print_each`], but several environments stand side by side for people.
    ///
    /// # Errors
    /// The output cannot take it, or the only environment that was asked for failed.
    pub fn print_beside<T: Printable>(
        &self,
        results: Vec<(String, Result<T>)>,
        list_form: bool,
        beside: impl FnOnce(Vec<T>, Style) -> String,
    ) -> Result<Exit> {
        if !list_form || self.format != Format::Text {
            return self.print_each(results, list_form);
        }
        let (mut found, mut exits) = (Vec::new(), Vec::new());
        for (environment, result) in results {
            match result.context(environment) {
                Ok(one) => {
                    exits.push(one.exit());
                    found.push(one);
                }
                Err(error) => exits.push(self.tell_error(&error)),
            }
        }
        self.print(&beside(found, self.out_style()))?;
        Ok(Exit::fold(exits))
    }
}
