//! The regular expressions and globs of all files: each is compiled once, within memory limits.

use std::collections::HashMap;
use std::sync::Arc;

use crate::desired::problems::Problems;
use crate::desired::reader::automaton::Automaton;
use crate::desired::reader::environment_file::EnvironmentFile;
use crate::desired::reader::field::Field;
use crate::desired::reader::pattern::{GlobList, Pattern, no_pattern};
use crate::desired::reader::topics_file::LifecycleTable;
use crate::model::{Finding, Place};

/// Maximum number of different regular expressions.
const MOST: usize = 1_000;

/// Maximum bytes of their texts.
const MOST_BYTES: usize = 64 << 10;

/// Maximum bytes of the compiled expressions, including the cost of compiling.
const MOST_COMPILED: usize = 16 << 20;

/// The cost of an expression that is too large to compile.
const FAILED: usize = 1 << 20;

/// Maximum bytes of globs in all environment files.
const MOST_GLOB_BYTES: usize = 128 << 10;

/// The compiled expressions.
#[derive(Debug, Default)]
pub(in crate::desired) struct Patterns {
    known: HashMap<Arc<str>, Result<Arc<Automaton>, String>>,
    bytes: usize,
    compiled: usize,
    glob_bytes: usize,
    /// Whether the limit was reported.
    is_full: bool,
    has_too_many_globs: bool,
}

impl Patterns {
    /// Compiles the patterns of a lifecycle's parameters. Invalid ones are reported and removed.
    pub(in crate::desired) fn of_lifecycle(
        &mut self,
        lifecycle: &mut LifecycleTable,
        problems: &mut Problems,
    ) {
        let Some(parameters) = lifecycle.parameters.value_mut() else {
            return;
        };
        for parameter in &mut parameters.0 {
            let sound = parameter
                .value
                .as_mut()
                .map(|pattern| self.compile(pattern, problems));
            if sound == Some(false) {
                parameter.value = None;
            }
        }
    }

    /// Compiles the patterns and globs of an environment file. Invalid ones are reported and
    /// removed.
    pub(in crate::desired) fn of_environment(
        &mut self,
        file: &mut EnvironmentFile,
        problems: &mut Problems,
    ) {
        self.globs(file, problems);
        let Some(rules) = file.rules.value_mut() else {
            return;
        };
        let sound = rules
            .name
            .value_mut()
            .map(|pattern| self.compile(pattern, problems));
        if sound == Some(false) {
            rules.name = Field::Bad;
        }
    }

    /// Compiles a pattern, unless it is known. Returns `false` if it is unusable.
    fn compile(&mut self, pattern: &mut Pattern, problems: &mut Problems) -> bool {
        let text = pattern.as_str();
        if !self.known.contains_key(text) {
            if !self.has_room(text.len()) {
                self.report_full(pattern.place(), problems);
                return false;
            }
            let compiled = Automaton::new(text);
            self.bytes += text.len();
            // A failure costs time, too.
            self.compiled += compiled.as_ref().map_or(FAILED, Automaton::cost);
            self.known.insert(text.into(), compiled.map(Arc::new));
        }
        match &self.known[text] {
            Ok(automaton) => {
                pattern.set_automaton(Arc::clone(automaton));
                true
            }
            Err(why) => {
                problems.add(no_pattern(pattern.place(), why));
                false
            }
        }
    }

    fn has_room(&self, bytes: usize) -> bool {
        self.known.len() < MOST && self.bytes + bytes <= MOST_BYTES && self.compiled < MOST_COMPILED
    }

    fn report_full(&mut self, place: &Place, problems: &mut Problems) {
        if std::mem::replace(&mut self.is_full, true) {
            // Reported only once, but the pattern stays unusable.
            return problems.more_of_the_same();
        }
        let message = format!(
            "too many regular expressions: up to {MOST} different ones, {} KiB of text and {} MiB compiled are read",
            MOST_BYTES >> 10,
            MOST_COMPILED >> 20
        );
        problems.add(Finding::error("too-many-patterns", place.clone(), message));
    }

    fn globs(&mut self, file: &mut EnvironmentFile, problems: &mut Problems) {
        if let Some(ignore) = file.ignore.value_mut() {
            self.count(&mut ignore.topics, problems);
            self.count(&mut ignore.configs, problems);
        }
        if let Some(rules) = file.rules.value_mut() {
            self.count(&mut rules.except, problems);
            self.count(&mut rules.allow_configs, problems);
        }
        let scopes = file
            .scopes
            .value_mut()
            .map_or(&mut [][..], |scopes| &mut scopes.0);
        for scope in scopes.iter_mut().filter_map(|scope| scope.value.as_mut()) {
            self.count(&mut scope.topics, problems);
        }
    }

    /// Removes a list that exceeds the limit.
    fn count(&mut self, list: &mut Field<GlobList>, problems: &mut Problems) {
        let Some(given) = list.given() else {
            return;
        };
        self.glob_bytes += given.value.bytes();
        if self.glob_bytes <= MOST_GLOB_BYTES {
            return;
        }
        if std::mem::replace(&mut self.has_too_many_globs, true) {
            problems.more_of_the_same();
        } else {
            let message = format!(
                "too many globs: all environment files together may have {} KiB of them",
                MOST_GLOB_BYTES >> 10
            );
            problems.add(Finding::error(
                "too-many-patterns",
                given.place.clone(),
                message,
            ));
        }
        *list = Field::Bad;
    }
}
