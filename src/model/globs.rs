//! Glob sets over topic names and config keys: `connect-*`, `confluent.*`.

use std::sync::{Arc, OnceLock};

use globset::{Glob, GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};

/// A set of globs. `*` matches any run of characters, `?` one character, `[a-z]` a class and
/// `{a,b}` alternatives. No character of a topic name is special.
///
/// Globs are compiled on the first match.
#[derive(Debug, Clone, Default)]
pub struct Globs(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    patterns: Vec<String>,
    set: OnceLock<Set>,
}

/// All globs in one automaton, or separate matchers if the automaton would be too large.
#[derive(Debug)]
enum Set {
    Together(GlobSet),
    Apart(Vec<GlobMatcher>),
}

impl PartialEq for Globs {
    fn eq(&self, other: &Self) -> bool {
        self.patterns() == other.patterns()
    }
}

impl Eq for Globs {}

impl Globs {
    /// Parses the patterns.
    ///
    /// # Errors
    /// Returns the index of the first invalid glob, and the reason.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Self, (usize, String)> {
        for (index, pattern) in patterns.iter().enumerate() {
            glob(pattern.as_ref()).map_err(|error| (index, error.kind().to_string()))?;
        }
        let patterns = patterns.iter().map(|p| p.as_ref().to_owned()).collect();
        let set = OnceLock::new();
        Ok(Self(Arc::new(Inner { patterns, set })))
    }

    fn set(&self) -> &Set {
        self.0.set.get_or_init(|| {
            // `new` has parsed each of them.
            let globs: Vec<Glob> = self
                .patterns()
                .iter()
                .filter_map(|p| glob(p).ok())
                .collect();
            let mut builder = GlobSetBuilder::new();
            for glob in &globs {
                builder.add(glob.clone());
            }
            match builder.build() {
                Ok(set) => Set::Together(set),
                Err(_) => Set::Apart(globs.iter().map(Glob::compile_matcher).collect()),
            }
        })
    }

    /// Returns whether any pattern matches.
    pub fn matches(&self, text: &str) -> bool {
        !self.is_empty()
            && match self.set() {
                Set::Together(set) => set.is_match(text),
                Set::Apart(globs) => globs.iter().any(|glob| glob.is_match(text)),
            }
    }

    /// Returns the first pattern that matches, for messages.
    pub fn first_match(&self, text: &str) -> Option<&str> {
        if self.is_empty() {
            return None;
        }
        let first = match self.set() {
            Set::Together(set) => set.matches(text).first().copied(),
            Set::Apart(globs) => globs.iter().position(|glob| glob.is_match(text)),
        };
        Some(self.patterns()[first?].as_str())
    }

    /// Returns the patterns as written.
    pub fn patterns(&self) -> &[String] {
        &self.0.patterns
    }

    /// Returns whether the set has no patterns.
    pub fn is_empty(&self) -> bool {
        self.patterns().is_empty()
    }
}

fn glob(pattern: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern)
        .literal_separator(false)
        .backslash_escape(true)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_crosses_dots_and_an_empty_set_matches_nothing() {
        let globs = Globs::new(&["connect-*", "a.?"]).unwrap();
        assert!(globs.matches("connect-x.y/z"));
        assert_eq!(globs.first_match("a.b"), Some("a.?"));
        assert!(!globs.matches("a.bc"));
        assert!(!Globs::default().matches(""));
        assert_eq!(Globs::new(&["ok", "[z"]).unwrap_err().0, 1);
    }
}
