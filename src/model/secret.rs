//! Text that is shown by its name.

use std::fmt;

/// How a secret without a name is shown.
const NAMELESS: &str = "***";

/// A credential, or anything that came from a variable or a secret file. `Display` and `Debug` show
/// where it came from (`${KAFKA_PASSWORD}`, `${file:password}`); [`Secret::expose`] is the only way to
/// the text itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    text: String,
    name: String,
}

impl Secret {
    /// A secret without a name.
    pub fn new(text: impl Into<String>) -> Self {
        Self::named(text, NAMELESS)
    }

    /// A secret that is shown as this.
    pub fn named(text: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            name: name.into(),
        }
    }

    /// A text that is written where everyone may read it, and is no secret: its own name.
    pub fn public(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            name: text.clone(),
            text,
        }
    }

    /// The secret itself, for the library that needs it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What is shown instead.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is its own name.
    pub fn is_public(&self) -> bool {
        self.text == self.name
    }

    /// Another text under the same name.
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
