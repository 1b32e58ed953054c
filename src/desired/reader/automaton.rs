//! Regular expressions as automata: matching takes one pass over a text, and common matches of two
//! expressions can be searched for.

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, MatchKind};

/// Maximum bytes of an expression's automaton. Names need small ones; an expression that needs more
/// is a mistake or an attack.
const LARGEST: usize = 512 << 10;

/// Maximum bytes of an automaton's NFA.
const LARGEST_PARTS: usize = 256 << 10;

/// The error of expressions that need more.
pub(in crate::desired) const TOO_LARGE: &str = "it needs too much memory";

/// A deterministic automaton that reads a text byte by byte.
#[derive(Debug)]
pub(in crate::desired) struct Automaton {
    dfa: dense::DFA<Vec<u32>>,
    start: StateID,
    cost: usize,
}

/// The number of construction steps that cost as much as one byte: a small automaton can take a
/// second to build.
const STEPS_PER_BYTE: usize = 8;

/// The state after a part of a text.
pub(in crate::desired) type State = StateID;

impl Automaton {
    /// Compiles an expression.
    ///
    /// # Errors
    /// Returns what is wrong with it.
    pub(in crate::desired) fn new(expression: &str) -> Result<Self, String> {
        let config = dense::Config::new()
            .start_kind(StartKind::Anchored)
            // All matches, because only a match of the whole text counts.
            .match_kind(MatchKind::All)
            .dfa_size_limit(Some(LARGEST))
            .determinize_size_limit(Some(LARGEST));
        let parts = thompson::Config::new()
            .utf8(false)
            .which_captures(thompson::WhichCaptures::None)
            .nfa_size_limit(Some(LARGEST_PARTS));
        let ascii = syntax::Config::new().unicode(false).utf8(false);
        let nfa = thompson::Compiler::new()
            .configure(parts)
            .syntax(ascii)
            .build(expression)
            .map_err(|error| why(error.size_limit().is_some(), &error))?;
        let dfa = dense::Builder::new()
            .configure(config)
            .build_from_nfa(&nfa)
            .map_err(|error| why(error.is_size_limit_exceeded(), &error))?;
        let start = start::Config::new().anchored(Anchored::Yes);
        let start = dfa.start_state(&start).map_err(|error| error.to_string())?;
        // Each transition took a pass over the NFA.
        let memory = dfa.memory_usage();
        let steps = (memory / size_of::<u32>()).saturating_mul(nfa.states().len());
        let cost = memory.saturating_add(steps / STEPS_PER_BYTE);
        Ok(Self { dfa, start, cost })
    }

    /// Returns the cost in bytes: memory, and the work of construction.
    pub(in crate::desired) fn cost(&self) -> usize {
        self.cost
    }

    /// Returns whether the whole text matches.
    pub(in crate::desired) fn matches(&self, text: &[u8]) -> bool {
        let mut state = self.start;
        for byte in text {
            match self.next(state, *byte) {
                Some(next) => state = next,
                None => return false,
            }
        }
        self.accepts(state)
    }

    /// Returns the start state.
    pub(in crate::desired) fn start(&self) -> State {
        self.start
    }

    /// Returns the state after a byte; `None` if no continuation matches.
    pub(in crate::desired) fn next(&self, state: State, byte: u8) -> Option<State> {
        let next = self.dfa.next_state(state, byte);
        let goes_on = !self.dfa.is_dead_state(next) && !self.dfa.is_quit_state(next);
        goes_on.then_some(next)
    }

    /// Returns whether the text may end in this state.
    pub(in crate::desired) fn accepts(&self, state: State) -> bool {
        self.dfa.is_match_state(self.dfa.next_eoi_state(state))
    }

    /// Returns the equivalence class of a byte.
    pub(in crate::desired) fn class(&self, byte: u8) -> u8 {
        self.dfa.byte_classes().get(byte)
    }
}

/// Returns the innermost cause, which is the sentence of the expression parser.
fn why(is_too_large: bool, error: &dyn std::error::Error) -> String {
    if is_too_large {
        return TOO_LARGE.to_owned();
    }
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let text = cause.to_string();
    if text.contains("exceeds size limit") || text.contains("exceeded limit of") {
        return TOO_LARGE.to_owned();
    }
    // The parser first prints a marked copy of the expression; its sentence comes last.
    let last = text.lines().next_back().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}
