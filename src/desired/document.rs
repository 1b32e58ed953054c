//! A file's text as TOML tables whose keys and values know where they stand.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problems::Problems;
use super::syntax;
use crate::model::Source;

/// The largest file, in bytes, of which more than the first syntax error is said: each error costs
/// the parser much more memory than its text.
const RECOVERED: usize = 256 << 10;

/// A parsed file.
pub(super) struct Document<'s> {
    table: DeTable<'s>,
}

impl<'s> Document<'s> {
    /// Parses a file. A file that is not TOML gives nothing but its syntax errors: whatever else
    /// could be said of it might follow from what is missing.
    pub(super) fn parse(source: &'s Source, problems: &mut Problems) -> Option<Self> {
        let errors = match DeTable::parse(source.text()) {
            Ok(table) => return Some(Self::new(table)),
            Err(error) if source.text().len() > RECOVERED => vec![error],
            Err(_) => {
                let (table, errors) = DeTable::parse_recoverable(source.text());
                drop(Self::new(table));
                errors
            }
        };
        for finding in syntax::findings(source, errors) {
            problems.add(finding);
        }
        None
    }

    fn new(table: Spanned<DeTable<'s>>) -> Self {
        let table = table.into_inner();
        Self { table }
    }

    /// The file's top table.
    pub(super) fn table(&self) -> &DeTable<'s> {
        &self.table
    }
}

impl Drop for Document<'_> {
    /// Takes the tables apart one by one. Dropping them as they are would recurse as deep as they
    /// are nested, which is up to the file.
    fn drop(&mut self) {
        let mut rest = vec![DeValue::Table(std::mem::take(&mut self.table))];
        while let Some(value) = rest.pop() {
            match value {
                DeValue::Table(table) => {
                    let values = table.into_iter().map(|(_, value)| value.into_inner());
                    rest.extend(values.filter(has_children));
                }
                DeValue::Array(array) => {
                    let values = array.into_iter().map(Spanned::into_inner);
                    rest.extend(values.filter(has_children));
                }
                _ => {}
            }
        }
    }
}

fn has_children(value: &DeValue<'_>) -> bool {
    matches!(value, DeValue::Table(_) | DeValue::Array(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> usize {
        let source = Source::new("a.toml".into(), text.to_owned());
        let mut problems = Problems::default();
        let document = Document::parse(&source, &mut problems);
        assert_eq!(document.is_none(), problems.errors() > 0);
        problems.errors()
    }

    #[test]
    fn deep_nesting_neither_parses_nor_overflows() {
        let dotted = vec!["a"; 5_000].join(".");
        assert_eq!(errors(&format!("{dotted} = 1\n")), 1);
        assert_eq!(errors(&format!("[{dotted}]\n")), 1);
        assert_eq!(errors(&format!("a = {}", "[".repeat(100_000))), 1);
        assert_eq!(errors(&format!("a = {}", "{a=".repeat(100_000))), 1);
    }

    #[test]
    fn the_deepest_that_parses_is_taken_apart() {
        let path = vec!["a"; 79].join(".");
        let text = format!(
            "x = {}1{}\n",
            format!("{{ {path} = ").repeat(75),
            " }".repeat(75)
        );
        let run = move || errors(&text);
        let small = std::thread::Builder::new().stack_size(1 << 20);
        assert_eq!(small.spawn(run).unwrap().join().unwrap(), 0);
    }
}
