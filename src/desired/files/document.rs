//! Parses files to TOML tables with the places of keys and values.

use std::io;
use std::panic::resume_unwind;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use toml::de::DeTable;

use super::syntax;
use super::weight::MOST_PARSING;
use crate::desired::problems::Problems;
use crate::model::SourceText;

/// The maximum bytes of a file for which more than the first syntax error is reported: each error
/// takes much more memory in the parser than its text.
const RECOVERED: usize = 256 << 10;

/// The number of files that are worth another thread.
const ENOUGH: usize = 4;

/// Stack size for tables nested to the parser's limit: 80 levels of braces with 80 dots each. The
/// parser drops them recursively, which was measured to need more than 4 MiB.
const STACK: usize = 64 << 20;

/// Parses a file. A file that is not TOML yields only its syntax errors: other findings might be
/// consequences of missing parts.
pub(in crate::desired) fn parse<'s>(
    source: &'s SourceText,
    problems: &mut Problems,
) -> Option<DeTable<'s>> {
    let all = problems.wants_more() && source.text().len() <= RECOVERED;
    let errors = match DeTable::parse(source.text()) {
        Ok(table) => return Some(table.into_inner()),
        Err(error) if !all => vec![error],
        Err(_) => DeTable::parse_recoverable(source.text()).1,
    };
    for finding in syntax::findings(source, errors) {
        problems.add(finding);
    }
    None
}

/// Runs work that parses files on a thread with a large stack.
///
/// # Errors
/// Returns an error if the system cannot create a thread.
pub(in crate::desired) fn with_room<T: Send>(work: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let named = thread::Builder::new().name("files".to_owned());
        let worker = named.stack_size(STACK).spawn_scoped(scope, work)?;
        Ok(worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

/// Runs work for each item, with the same stack size, on as many threads as there are cores, while
/// the weight of running work stays below [`MOST_PARSING`]. Results are in the order of the items.
/// If threads cannot be created, the existing ones do the work.
pub(in crate::desired) fn side_by_side<T: Send, R: Send>(
    items: Vec<(usize, T)>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let helpers = cores.min(items.len() / ENOUGH).saturating_sub(1);
    let left = Mutex::new(items.into_iter().enumerate());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let scales = Scales::default();
    let share = || {
        let mut done = Vec::new();
        while let Some((number, (weight, item))) = next() {
            scales.put(weight);
            let result = work(item);
            scales.take(weight);
            done.push((number, result));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        let helper = |_| {
            let named = thread::Builder::new().name("files".to_owned());
            named.stack_size(STACK).spawn_scoped(scope, share).ok()
        };
        let helpers: Vec<_> = (0..helpers).map_while(helper).collect();
        let mut done = share();
        for helper in helpers {
            done.extend(helper.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The total weight of running work.
#[derive(Default)]
struct Scales {
    weight: Mutex<usize>,
    lighter: Condvar,
}

impl Scales {
    /// Waits until there is capacity for a piece of work. A single one always fits.
    fn put(&self, weight: usize) {
        let guard = self.weight.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |on: &mut usize| *on > 0 && *on + weight > MOST_PARSING;
        let guard = self.lighter.wait_while(guard, is_full);
        *guard.unwrap_or_else(PoisonError::into_inner) += weight;
    }

    fn take(&self, weight: usize) {
        *self.weight.lock().unwrap_or_else(PoisonError::into_inner) -= weight;
        self.lighter.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> usize {
        let source = SourceText::new("a.toml".into(), text.to_owned());
        let work = || {
            let mut problems = Problems::default();
            let table = parse(&source, &mut problems);
            assert_eq!(table.is_none(), problems.errors() > 0);
            problems.errors()
        };
        with_room(work).unwrap()
    }

    #[test]
    fn work_side_by_side_keeps_its_order() {
        let items: Vec<(usize, usize)> = (0..1_000).map(|item| (item << 20, item)).collect();
        let doubled = side_by_side(items, |item| 2 * item);
        assert_eq!(doubled, (0..2_000).step_by(2).collect::<Vec<_>>());
        assert_eq!(
            side_by_side(Vec::<(usize, u8)>::new(), |item| item),
            [0u8; 0]
        );
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
