//! A file's text as TOML tables whose keys and values know where they stand.

use std::io;
use std::panic::resume_unwind;
use std::thread;

use toml::de::DeTable;

use super::problems::Problems;
use super::syntax;
use crate::model::Source;

/// The largest file, in bytes, of which more than the first syntax error is said: each error costs
/// the parser much more memory than its text.
const RECOVERED: usize = 256 << 10;

/// Room for tables that are nested as deep as the parser lets them be: 80 levels of braces with 80
/// dots each. It drops them by recursion, which was seen to take more than 4 MiB.
const STACK: usize = 64 << 20;

/// Parses a file. A file that is not TOML gives nothing but its syntax errors: whatever else could
/// be said of it might follow from what is missing.
pub(super) fn parse<'s>(source: &'s Source, problems: &mut Problems) -> Option<DeTable<'s>> {
    let errors = match DeTable::parse(source.text()) {
        Ok(table) => return Some(table.into_inner()),
        Err(error) if source.text().len() > RECOVERED => vec![error],
        Err(_) => DeTable::parse_recoverable(source.text()).1,
    };
    for finding in syntax::findings(source, errors) {
        problems.add(finding);
    }
    None
}

/// Does work that parses files, with room on the stack for whatever they hold.
///
/// # Errors
/// The system gives no thread.
pub(super) fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let named = thread::Builder::new().name("files".to_owned());
        let worker = named.stack_size(STACK).spawn_scoped(scope, work)?;
        Ok(worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> usize {
        let source = Source::new("a.toml".into(), text.to_owned());
        let work = || {
            let mut problems = Problems::default();
            let table = parse(&source, &mut problems);
            assert_eq!(table.is_none(), problems.errors() > 0);
            problems.errors()
        };
        with_room(work).unwrap()
    }

    #[test]
    fn no_nesting_overflows_the_stack() {
        let dotted = vec!["a"; 5_000].join(".");
        assert_eq!(errors(&format!("{dotted} = 1\n")), 1);
        assert_eq!(errors(&format!("[{dotted}]\n")), 1);
        assert_eq!(errors(&format!("a = {}", "[".repeat(100_000))), 1);
        assert_eq!(errors(&format!("a = {}", "{a=".repeat(100_000))), 1);
    }

    #[test]
    fn the_deepest_that_parses_has_room() {
        let path = vec!["a"; 79].join(".");
        let deep = format!(
            "x = {}1{}\n",
            format!("{{ {path} = ").repeat(75),
            " }".repeat(75)
        );
        assert_eq!(errors(&deep), 0);
        assert_eq!(errors(&format!("{deep}= 1\n")), 1);
    }
}
