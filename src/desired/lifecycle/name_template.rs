//! Topic names with placeholders: `client_2.kbe.{table}`.

use std::collections::BTreeMap;
use std::fmt;

use crate::model::TopicName;

/// A topic name with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameTemplate(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::desired) enum Part {
    Text(String),
    Placeholder(String),
}

impl NameTemplate {
    /// Parses the placeholders in a name.
    pub(in crate::desired) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            if rest[at..].starts_with('}') {
                return Err("`}` without a `{` before it");
            }
            if at > 0 {
                parts.push(Part::Text(rest[..at].to_owned()));
            }
            let inside = &rest[at + 1..];
            let end = inside.find('}').ok_or("`{` without a `}` after it")?;
            if !is_placeholder(&inside[..end]) {
                return Err(
                    "a placeholder's name has letters, digits and `_`, and begins with no digit",
                );
            }
            parts.push(Part::Placeholder(inside[..end].to_owned()));
            rest = &inside[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// Iterates over the placeholders' names, in order.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Placeholder(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Returns the parts. Text parts are never adjacent.
    pub(in crate::desired) fn parts(&self) -> &[Part] {
        &self.0
    }

    /// Returns the name with all placeholders replaced; a placeholder without a value stays.
    pub fn fill(&self, values: &BTreeMap<&str, &str>) -> TopicName {
        TopicName::new(self.with(values).to_string())
    }

    /// Returns the template with some placeholders replaced.
    pub(in crate::desired) fn with(&self, values: &BTreeMap<&str, &str>) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for part in &self.0 {
            let text = match part {
                Part::Placeholder(name) => values.get(name.as_str()).copied(),
                Part::Text(text) => Some(text.as_str()),
            };
            match (text, parts.last_mut()) {
                (Some(text), Some(Part::Text(before))) => before.push_str(text),
                (Some(text), _) => parts.push(Part::Text(text.to_owned())),
                (None, _) => parts.push(part.clone()),
            }
        }
        Self(parts)
    }

    /// Returns the fixed parts, to check their characters.
    pub(in crate::desired) fn fixed(&self) -> String {
        self.0
            .iter()
            .filter_map(|part| match part {
                Part::Text(text) => Some(text.as_str()),
                Part::Placeholder(_) => None,
            })
            .collect()
    }
}

impl fmt::Display for NameTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::Placeholder(name) => write!(f, "{{{name}}}")?,
            }
        }
        Ok(())
    }
}

/// Returns whether a text is a valid placeholder name.
pub(in crate::desired) fn is_placeholder(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The Cartesian product of lists, with the last list varying fastest. Callers must limit its size.
pub(in crate::desired) struct Product<'a> {
    lists: &'a [(&'a str, Vec<&'a str>)],
    next: Option<Vec<usize>>,
}

impl<'a> Product<'a> {
    pub(in crate::desired) fn new(lists: &'a [(&'a str, Vec<&'a str>)]) -> Self {
        let empty = lists.iter().any(|(_, items)| items.is_empty());
        let next = (!empty).then(|| vec![0; lists.len()]);
        Self { lists, next }
    }

    /// Returns the number of combinations, or `None` on overflow.
    pub(in crate::desired) fn size(lists: &[(&str, Vec<&str>)]) -> Option<usize> {
        lists
            .iter()
            .try_fold(1usize, |size, (_, items)| size.checked_mul(items.len()))
    }
}

impl<'a> Iterator for Product<'a> {
    type Item = BTreeMap<&'a str, &'a str>;

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.next.take()?;
        let pairs = self.lists.iter().zip(&at);
        let values = pairs
            .map(|((name, items), &index)| (*name, items[index]))
            .collect();
        let mut following = at;
        for (index, (_, items)) in following.iter_mut().zip(self.lists).rev() {
            *index += 1;
            if *index < items.len() {
                self.next = Some(following);
                break;
            }
            *index = 0;
        }
        Some(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in() {
        let template = NameTemplate::parse("a.{x}_{y}").unwrap();
        assert_eq!(template.placeholders().collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(
            template.fill(&[("x", "1"), ("y", "2")].into()).as_str(),
            "a.1_2"
        );
        assert_eq!(template.with(&[("x", "1")].into()).to_string(), "a.1_{y}");
        for bad in ["{", "a}", "{}", "{a b}", "{1}", "{{a}}"] {
            assert!(NameTemplate::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_product_has_every_combination() {
        let lists = [("x", vec!["1", "2"]), ("y", vec!["a", "b", "c"])];
        let template = NameTemplate::parse("{x}{y}").unwrap();
        let names: Vec<String> = Product::new(&lists)
            .map(|values| template.fill(&values).to_string())
            .collect();
        assert_eq!(names, ["1a", "1b", "1c", "2a", "2b", "2c"]);
        assert_eq!(Product::size(&lists), Some(6));
        assert_eq!(Product::new(&[]).count(), 1);
        assert_eq!(Product::new(&[("x", vec![])]).count(), 0);
    }

    #[test]
    fn a_size_beyond_counting_is_none() {
        let thousand = vec!["x"; 1000];
        let lists: Vec<(&str, Vec<&str>)> = (0..8).map(|_| ("a", thousand.clone())).collect();
        assert_eq!(Product::size(&lists), None);
    }
}
