//! The set of names that a lifecycle topic's template can produce: whether it contains a name,
//! whether two instances could share one, and whether two templates could share one.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};

use super::name_template::{NameTemplate, Part};
use crate::desired::Lifecycle;
use crate::desired::reader::automaton::{Automaton, State};

/// Maximum steps for one template or one pair.
const MOST_STEPS: usize = 2_000_000;

/// Maximum pairs of positions that are stored during a search.
const MOST_PAIRS: usize = 200_000;

/// Maximum steps for all loaded environments.
const MOST_STEPS_OF_ALL: usize = 10_000_000;

/// Maximum splits of a name that are tried if a placeholder occurs twice in its template.
const MOST_SPLITS: usize = 10_000;

/// The remaining steps; checks beyond them are skipped.
#[derive(Debug)]
pub(in crate::desired) struct Effort(Cell<usize>);

impl Default for Effort {
    fn default() -> Self {
        Self(Cell::new(MOST_STEPS_OF_ALL))
    }
}

impl Effort {
    /// Takes steps; returns `false` when none are left.
    pub(in crate::desired) fn take(&self, steps: usize) -> bool {
        let left = self.0.get().checked_sub(steps);
        self.0.set(left.unwrap_or_default());
        left.is_some()
    }
}

/// A template with the automata of its parameters.
pub(in crate::desired) struct NameShape<'a>(Vec<Segment<'a>>);

enum Segment<'a> {
    Text(&'a [u8]),
    Value(&'a str, &'a Automaton),
}

/// A position in a template: the segment, and the offset or state in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Position {
    InText(usize, usize),
    InValue(usize, State),
    End,
}

impl Position {
    /// Returns the segment of the next byte.
    fn segment(self) -> Option<usize> {
        match self {
            Self::InText(segment, _) | Self::InValue(segment, _) => Some(segment),
            Self::End => None,
        }
    }
}

/// The result of a search for names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::desired) enum Search {
    /// A name, with two sets of values that produce it.
    Found {
        name: String,
        first: BTreeMap<String, String>,
        second: BTreeMap<String, String>,
    },
    /// No such name exists.
    None,
    /// Unknown: the search takes too many steps.
    Unknown,
}

impl<'a> NameShape<'a> {
    /// Returns `None` if a parameter has no valid pattern, which has been reported.
    pub(in crate::desired) fn of(
        lifecycle: &'a Lifecycle,
        template: &'a NameTemplate,
    ) -> Option<Self> {
        let segment = |part: &'a Part| {
            Some(match part {
                Part::Text(text) => Segment::Text(text.as_bytes()),
                Part::Placeholder(name) => {
                    let pattern = lifecycle.parameters.get(name)?;
                    Segment::Value(name, pattern.automaton()?)
                }
            })
        };
        let parts = template.parts().iter();
        Some(Self(parts.map(segment).collect::<Option<_>>()?))
    }

    /// Returns whether an instance can have this name.
    pub(in crate::desired) fn has(&self, name: &str, effort: &Effort) -> bool {
        if !effort.take(name.len()) {
            return false;
        }
        let mut positions = self.from(0);
        for &byte in name.as_bytes() {
            let next = positions
                .iter()
                .flat_map(|position| self.next(*position, byte));
            let mut next: Vec<Position> = next.collect();
            next.sort_unstable();
            next.dedup();
            if next.is_empty() || !effort.take(next.len()) {
                return false;
            }
            positions = next;
        }
        let fits = positions.contains(&Position::End);
        let mut splits = MOST_SPLITS;
        fits && (!self.repeats() || self.splits(0, name, &mut BTreeMap::new(), &mut splits))
    }

    /// Returns whether a placeholder occurs twice, with one value.
    fn repeats(&self) -> bool {
        let mut names: Vec<&str> = self.values().collect();
        names.sort_unstable();
        names.windows(2).any(|pair| pair[0] == pair[1])
    }

    fn values(&self) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Value(name, _) => Some(*name),
            Segment::Text(_) => None,
        })
    }

    fn splits<'n>(
        &self,
        segment: usize,
        rest: &'n str,
        values: &mut BTreeMap<&'a str, &'n str>,
        left: &mut usize,
    ) -> bool {
        let Some(now) = self.0.get(segment) else {
            return rest.is_empty();
        };
        *left = left.saturating_sub(1);
        if *left == 0 {
            return false;
        }
        let (name, automaton) = match now {
            Segment::Text(text) => {
                let after = rest
                    .as_bytes()
                    .starts_with(text)
                    .then(|| &rest[text.len()..]);
                return after.is_some_and(|after| self.splits(segment + 1, after, values, left));
            }
            Segment::Value(name, automaton) => (*name, automaton),
        };
        if let Some(value) = values.get(name) {
            let after = rest.strip_prefix(*value);
            return after.is_some_and(|after| self.splits(segment + 1, after, values, left));
        }
        let mut state = Some(automaton.start());
        for (end, byte) in rest.bytes().map(Some).chain([None]).enumerate() {
            let Some(now) = state else {
                return false;
            };
            if automaton.accepts(now) && rest.is_char_boundary(end) {
                values.insert(name, &rest[..end]);
                if self.splits(segment + 1, &rest[end..], values, left) {
                    return true;
                }
                values.remove(name);
            }
            state = byte.and_then(|byte| automaton.next(now, byte));
        }
        false
    }

    /// Returns the positions at which reading can continue from the beginning of a segment.
    fn from(&self, segment: usize) -> Vec<Position> {
        let mut positions = Vec::new();
        for at in segment..=self.0.len() {
            match self.0.get(at) {
                None => positions.push(Position::End),
                Some(Segment::Text(_)) => positions.push(Position::InText(at, 0)),
                Some(Segment::Value(_, automaton)) => {
                    positions.push(Position::InValue(at, automaton.start()));
                    if automaton.accepts(automaton.start()) {
                        continue;
                    }
                }
            }
            break;
        }
        positions
    }

    /// Returns the positions after a byte.
    fn next(&self, position: Position, byte: u8) -> Vec<Position> {
        match position {
            Position::End => Vec::new(),
            Position::InText(segment, at) => match self.0[segment] {
                Segment::Text(text) if text[at] == byte => match at + 1 < text.len() {
                    true => vec![Position::InText(segment, at + 1)],
                    false => self.from(segment + 1),
                },
                _ => Vec::new(),
            },
            Position::InValue(segment, state) => {
                let Segment::Value(_, automaton) = self.0[segment] else {
                    return Vec::new();
                };
                let Some(state) = automaton.next(state, byte) else {
                    return Vec::new();
                };
                let mut positions = vec![Position::InValue(segment, state)];
                if automaton.accepts(state) {
                    positions.extend(self.from(segment + 1));
                }
                positions
            }
        }
    }

    /// Searches for a name that two different sets of values produce.
    pub(in crate::desired) fn two_readings(&self, effort: &Effort) -> Search {
        match self.values().count() {
            0 | 1 => Search::None,
            _ => search(self, self, true, effort),
        }
    }

    /// Searches for a name that this template and another one produce.
    pub(in crate::desired) fn common_name(&self, other: &Self, effort: &Effort) -> Search {
        search(self, other, false, effort)
    }

    /// Returns the values of a reading, if they are consistent for each placeholder.
    fn read(&self, name: &[u8], segments: &[usize]) -> Option<BTreeMap<String, String>> {
        let mut values: BTreeMap<String, String> = BTreeMap::new();
        for (number, segment) in self.0.iter().enumerate() {
            if let Segment::Value(placeholder, _) = segment {
                let bytes = name.iter().zip(segments).filter(|(_, at)| **at == number);
                let value: String = bytes.map(|(byte, _)| char::from(*byte)).collect();
                let known = values
                    .entry((*placeholder).to_owned())
                    .or_insert(value.clone());
                if *known != value {
                    return None;
                }
            }
        }
        Some(values)
    }

    /// Returns the equivalence class of a byte, so that a search tries one byte of each class that
    /// a name may contain.
    fn kind(&self, byte: u8) -> Vec<u8> {
        let kind = |segment: &Segment<'_>| match segment {
            Segment::Text(text) => {
                if text.contains(&byte) {
                    byte
                } else {
                    0
                }
            }
            Segment::Value(_, automaton) => automaton.class(byte),
        };
        self.0.iter().map(kind).collect()
    }
}

/// A pair of readings of the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Pair {
    first: Position,
    second: Position,
    /// Whether any byte belongs to different segments in the two readings.
    differ: bool,
}

/// Searches for the shortest name that both templates produce; if `differ` is set, in two ways. If
/// a placeholder occurs twice in a template, names with inconsistent values are skipped; if a
/// skipped name was the only evidence of ambiguity, others may exist that the search has not
/// visited.
fn search(one: &NameShape<'_>, other: &NameShape<'_>, differ: bool, effort: &Effort) -> Search {
    let legal = (b'a'..=b'z')
        .chain(b'A'..=b'Z')
        .chain(b'0'..=b'9')
        .chain(*b"-._");
    let mut kinds = HashSet::new();
    let bytes = legal.filter(|&byte| kinds.insert((one.kind(byte), other.kind(byte))));
    let bytes: Vec<u8> = bytes.collect();
    // Each visited pair, with its predecessor and the byte between them.
    let mut reached: Vec<(Pair, Option<(usize, u8)>)> = Vec::new();
    let mut known: HashSet<Pair> = HashSet::new();
    let mut add = |pair: Pair, from, reached: &mut Vec<_>| {
        if known.insert(pair) {
            reached.push((pair, from));
        }
    };
    for first in one.from(0) {
        for second in other.from(0) {
            let pair = Pair {
                first,
                second,
                differ: false,
            };
            add(pair, None, &mut reached);
        }
    }
    let (mut at, mut left) = (0, MOST_STEPS);
    let mut passed_over = false;
    while let Some(&(pair, _)) = reached.get(at) {
        if (pair.first, pair.second) == (Position::End, Position::End) && pair.differ == differ {
            match found(one, other, &reached, at) {
                Some(found) => return found,
                None => passed_over = true,
            }
        }
        let differs = differ && pair.first.segment() != pair.second.segment();
        for &byte in &bytes {
            let (firsts, seconds) = (one.next(pair.first, byte), other.next(pair.second, byte));
            let steps = 1 + firsts.len() * seconds.len();
            left = left.saturating_sub(steps);
            if left == 0 || reached.len() > MOST_PAIRS || !effort.take(steps) {
                return Search::Unknown;
            }
            for &first in &firsts {
                for &second in &seconds {
                    let differ = pair.differ || differs;
                    add(
                        Pair {
                            first,
                            second,
                            differ,
                        },
                        Some((at, byte)),
                        &mut reached,
                    );
                }
            }
        }
        at += 1;
    }
    match passed_over && differ {
        true => Search::Unknown,
        false => Search::None,
    }
}

/// Returns the name of a path through the pairs, with its values in both readings.
fn found(
    one: &NameShape<'_>,
    other: &NameShape<'_>,
    reached: &[(Pair, Option<(usize, u8)>)],
    end: usize,
) -> Option<Search> {
    let (mut name, mut firsts, mut seconds) = (Vec::new(), Vec::new(), Vec::new());
    let mut at = end;
    while let Some((before, byte)) = reached[at].1 {
        let pair = reached[before].0;
        name.push(byte);
        firsts.extend(pair.first.segment());
        seconds.extend(pair.second.segment());
        at = before;
    }
    name.reverse();
    firsts.reverse();
    seconds.reverse();
    Some(Search::Found {
        first: one.read(&name, &firsts)?,
        second: other.read(&name, &seconds)?,
        name: name.iter().map(|byte| char::from(*byte)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::{NameRule, Pattern};
    use crate::model::Place;

    fn lifecycle(parameters: &[(&str, &str)]) -> Lifecycle {
        let parameter =
            |(name, pattern): &(&str, &str)| ((*name).to_owned(), Pattern::new(pattern).unwrap());
        Lifecycle {
            declared_at: Place::whole("topics/a.toml"),
            parameters: parameters.iter().map(parameter).collect(),
            delete_after_ms: None,
            max_age_ms: None,
            names: NameRule::default(),
            topics: Vec::new(),
        }
    }

    fn readings(template: &str, parameters: &[(&str, &str)]) -> Option<String> {
        let lifecycle = lifecycle(parameters);
        let template = NameTemplate::parse(template).unwrap();
        let shape = NameShape::of(&lifecycle, &template).unwrap();
        match shape.two_readings(&Effort::default()) {
            Search::Found {
                name,
                first,
                second,
            } => {
                assert_ne!(first, second);
                for values in [first, second] {
                    let values = values.iter().map(|(k, v)| (k.as_str(), v.as_str()));
                    let values: BTreeMap<&str, &str> = values.collect();
                    for (name, value) in &values {
                        assert!(lifecycle.parameters[*name].matches(value), "{value}");
                    }
                    assert_eq!(template.fill(&values).as_str(), name);
                    assert!(shape.has(&name, &Effort::default()));
                }
                Some(name)
            }
            Search::None => None,
            Search::Unknown => Some("?".to_owned()),
        }
    }

    #[test]
    fn a_name_that_two_instances_could_have_is_found() {
        const WORD: &str = "[a-z_]+";
        let both = [("a", WORD), ("b", WORD)];
        assert!(readings("{a}_{b}", &both).is_some());
        assert!(readings("{a}{b}", &both).is_some());
        assert!(readings("x.{a}__{b}.y", &both).is_some());
        for separated in ["{a}.{b}", "{a}-{b}", "{a}_-_{b}", "x{a}9{b}"] {
            assert_eq!(readings(separated, &both), None, "{separated}");
        }
        for (a, b, ambiguous) in [
            // A fixed length, and a distinct last character.
            ("[a-z_]{4}", WORD, false),
            (WORD, "[a-z]{4}", false),
            (WORD, "[0-9]+", false),
            ("[a-z]+[0-9]", WORD, false),
            ("[a-z]+[0-9]?", "[0-9a-z]+", false),
            ("(_x)*", "(x_)*", true),
            ("a|a_b", "b_c|c", true),
            ("a|ab", "c|d", false),
            ("[a-z]{1,3}(-[0-9])?", "[0-9-]+", false),
            ("[a-z]+(_x)?", "(x_)?[a-z]+", true),
        ] {
            let found = readings("{a}_{b}", &[("a", a), ("b", b)]);
            assert_eq!(found.is_some(), ambiguous, "{a} {b}: {found:?}");
        }
        assert_eq!(readings("{a}", &[("a", ".*")]), None);
        // Only characters that are valid in names count.
        assert_eq!(
            readings("{a}-{b}", &[("a", "[a-z /]+"), ("b", "[^-]+")]),
            None
        );
        let three = [("a", "[a-z-]+"), ("b", "[a-z]+"), ("c", "[a-z-]+")];
        assert!(readings("{a}-{b}-{c}", &three).is_some());
        assert_eq!(readings("{a}-{b}", &three[..2]), None);
    }

    #[test]
    fn a_placeholder_that_stands_twice_is_no_way_around() {
        // a=-, b=--a and a=--, b=a.
        let both = [("a", "[a-z-]+"), ("b", "[a-z-]+")];
        assert!(readings("q-{a}-{a}{b}", &both).is_some());
        assert!(readings("{a}{b}{a}", &both).is_some());
        let apart = [("a", "[a-z]+"), ("b", "[a-z]+")];
        assert_eq!(readings("{a}-{b}-{a}", &apart), None);
    }

    #[test]
    fn a_placeholder_that_stands_twice_has_one_value() {
        let lifecycle = lifecycle(&[("a", "[a-z_]+"), ("b", "[a-z_]+")]);
        let template = NameTemplate::parse("{a}_{b}_{a}").unwrap();
        let shape = NameShape::of(&lifecycle, &template).unwrap();
        let has = |name| shape.has(name, &Effort::default());
        assert!(has("x_y_x") && has("x_y_z_x_y") && has("x_x_x_x_x"));
        assert!(!has("x_y_z") && !has("x_x"));
    }

    #[test]
    fn two_templates_have_a_name_in_common() {
        let lifecycle = lifecycle(&[("a", "[a-z_]+"), ("n", "[0-9]+")]);
        let common = |one: &str, other: &str| {
            let (one, other) = (
                NameTemplate::parse(one).unwrap(),
                NameTemplate::parse(other).unwrap(),
            );
            let shape = |template| NameShape::of(&lifecycle, template).unwrap();
            match shape(&one).common_name(&shape(&other), &Effort::default()) {
                Search::Found { name, .. } => Some(name),
                Search::None => None,
                Search::Unknown => Some("?".to_owned()),
            }
        };
        assert_eq!(common("raw_{a}", "{a}_x").as_deref(), Some("raw_x"));
        assert_eq!(common("raw_{n}", "{a}_x"), None);
        assert_eq!(
            common("raw_{a}", "raw_x_{a}").map(|name| name.len()),
            Some(7)
        );
        assert_eq!(common("a{n}", "b{n}"), None);
    }

    #[test]
    fn what_takes_too_long_is_not_known() {
        let long = "([a-z]{1,200}-){1,3}";
        let found = readings("{a}{b}{c}", &[("a", long), ("b", long), ("c", long)]);
        assert!(found.is_some());
        assert!(!Effort(Cell::new(3)).take(4));
    }
}
