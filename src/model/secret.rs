//! Secrets, displayed by name.

use std::fmt;

/// The displayed name of a secret without a name.
const NAMELESS: &str = "***";

/// A credential, or any text from a variable or a secret file. `Display` and `Debug` show its
/// source (`${KAFKA_PASSWORD}`, `${file:password}`); only [`Secret::expose`] returns the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: String,
    name: String,
}

impl Secret {
    /// Creates a secret without a name.
    pub fn new(text: impl Into<String>) -> Self {
        Self::named(text, NAMELESS)
    }

    /// Creates a secret that is displayed as `name`.
    pub fn named(text: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            name: name.into(),
        }
    }

    /// Creates a value that is not secret and is displayed as it is.
    pub fn public(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            name: text.clone(),
            text,
        }
    }

    /// Returns the secret text, for the library that needs it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Returns the displayed name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether the text is displayed as it is.
    pub fn is_public(&self) -> bool {
        self.text == self.name
    }

    /// Transforms the text and keeps the name.
    pub(crate) fn map(self, change: impl FnOnce(String) -> String) -> Self {
        let is_public = self.is_public();
        let text = change(self.text);
        match is_public {
            true => Self::public(text),
            false => Self::named(text, self.name),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
