//! Sets of globs over topic names and config keys: `connect-*`, `confluent.*`.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// A set of globs. `*` stands for any run of characters, `?` for one, `[a-z]` for a class and
/// `{a,b}` for alternatives; nothing in a topic name is special.
#[derive(Debug, Clone)]
pub struct Globs {
    patterns: Vec<String>,
    set: GlobSet,
}

impl PartialEq for Globs {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

impl Eq for Globs {}

impl Default for Globs {
    fn default() -> Self {
        Self {
            patterns: Vec::new(),
            set: GlobSet::empty(),
        }
    }
}

impl Globs {
    /// Compiles the patterns.
    ///
    /// # Errors
    /// The index of the pattern that is no glob, and why.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Self, (usize, String)> {
        let mut builder = GlobSetBuilder::new();
        for (index, pattern) in patterns.iter().enumerate() {
            let glob = GlobBuilder::new(pattern.as_ref())
                .literal_separator(false)
                .backslash_escape(true)
                .build()
                .map_err(|e| (index, e.kind().to_string()))?;
            builder.add(glob);
        }
        let set = builder
            .build()
            .map_err(|e| (patterns.len().saturating_sub(1), e.kind().to_string()))?;
        Ok(Self {
            patterns: patterns.iter().map(|p| p.as_ref().to_owned()).collect(),
            set,
        })
    }

    /// Whether any pattern matches.
    pub fn matches(&self, text: &str) -> bool {
        !self.patterns.is_empty() && self.set.is_match(text)
    }

    /// The first pattern that matches, for a message that names it.
    pub fn first_match(&self, text: &str) -> Option<&str> {
        self.set
            .matches(text)
            .first()
            .map(|&index| self.patterns[index].as_str())
    }

    /// The patterns as they were written.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// Whether there is no pattern at all.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }
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
