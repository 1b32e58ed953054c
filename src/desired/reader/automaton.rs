//! Regular expressions as automata: what they match is told in one pass over a text, and what two of
//! them could match together can be looked for.

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, MatchKind};

/// Room for the automaton of one expression, in bytes. Names are checked by small ones; one that needs
/// more is a mistake or an attack.
const LARGEST: usize = 512 << 10;

/// Room for what an automaton is made of, in bytes.
const LARGEST_PARTS: usize = 256 << 10;

/// How an expression is refused that needs more.
pub(in crate::desired) const TOO_LARGE: &str = "it needs too much memory";

/// A deterministic automaton that reads a text byte by byte.
#[derive(Debug)]
pub(in crate::desired) struct Automaton {
    dfa: dense::DFA<Vec<u32>>,
    start: StateID,
    cost: usize,
}

/// How many steps of making an automaton count as one byte of it: a small one can take a second.
const STEPS_PER_BYTE: usize = 8;

/// Where an automaton is in a text.
pub(in crate::desired) type State = StateID;

impl Automaton {
    /// Compiles an expression.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(in crate::desired) fn new(expression: &str) -> Result<Self, String> {
        let config = dense::Config::new()
            .start_kind(StartKind::Anchored)
            // The shortest match is no better than a longer one: the whole text counts.
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
        // Each transition was found by a pass over what it is made of.
        let memory = dfa.memory_usage();
        let steps = (memory / size_of::<u32>()).saturating_mul(nfa.states().len());
        let cost = memory.saturating_add(steps / STEPS_PER_BYTE);
        Ok(Self { dfa, start, cost })
    }

    /// What it counts, in bytes: the memory that it takes, and the work that it was.
    pub(in crate::desired) fn cost(&self) -> usize {
        self.cost
    }

    /// Whether the whole text matches.
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

    /// Where it begins.
    pub(in crate::desired) fn start(&self) -> State {
        self.start
    }

    /// Where it is after a byte; `None` where no text that goes on like this matches.
    pub(in crate::desired) fn next(&self, state: State, byte: u8) -> Option<State> {
        let next = self.dfa.next_state(state, byte);
        let goes_on = !self.dfa.is_dead_state(next) && !self.dfa.is_quit_state(next);
        goes_on.then_some(next)
    }

    /// Whether the text may end here.
    pub(in crate::desired) fn accepts(&self, state: State) -> bool {
        self.dfa.is_match_state(self.dfa.next_eoi_state(state))
    }

    /// Bytes of one class are the same to it.
    pub(in crate::desired) fn class(&self, byte: u8) -> u8 {
        self.dfa.byte_classes().get(byte)
    }
}

/// The innermost reason: that is the sentence of the expression's parser.
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
    // The parser draws where the expression is wrong; its sentence comes last.
    let last = text.lines().next_back().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}
