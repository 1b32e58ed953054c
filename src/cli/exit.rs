//! Exit codes, and the one that several environments together end with.

use std::process::ExitCode;

/// How a run ended, for the shell. The numbers are a promise to pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// An error, and nothing on any cluster was changed.
    Error = 1,
    /// There are changes: `plan --detailed-exitcode`, `drift`.
    Changes = 2,
    /// Something changed, or may have, and something else failed, was blocked or is unknown.
    Partial = 3,
    /// Refused: something blocked, a guard, a gate, a "no" at the prompt.
    Refused = 4,
    /// Another apply holds the lock.
    Locked = 5,
    /// Wrong usage.
    Usage = 64,
    /// Ctrl-C, SIGTERM or SIGHUP.
    Interrupted = 130,
}

impl Exit {
    /// The strongest first: of several ways in which environments ended, the run ends with the one
    /// that comes first here.
    const ORDER: [Exit; 8] = [
        Exit::Interrupted,
        Exit::Usage,
        Exit::Partial,
        Exit::Error,
        Exit::Locked,
        Exit::Refused,
        Exit::Changes,
        Exit::Done,
    ];

    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What several environments together end with: 3 before 1 before 5 before 4 before 2 before 0.
    pub fn fold(exits: impl IntoIterator<Item = Exit>) -> Exit {
        let ends: Vec<Exit> = exits.into_iter().collect();
        Exit::ORDER
            .into_iter()
            .find(|exit| ends.contains(exit))
            .unwrap_or(Exit::Done)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit::{self, *};

    #[test]
    fn the_codes_are_a_promise() {
        let codes = [
            Done,
            Error,
            Changes,
            Partial,
            Refused,
            Locked,
            Usage,
            Interrupted,
        ]
        .map(Exit::code);
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 64, 130]);
    }

    #[test]
    fn the_page_of_exit_codes_has_each() {
        let page = include_str!("../../docs/reference/exit-codes.md");
        let is_row = |line: &&str| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit();
        let rows = page.lines().filter(is_row);
        let codes: Vec<&str> = rows.filter_map(|row| row.split(' ').nth(1)).collect();
        let mut expected = Exit::ORDER.map(Exit::code);
        expected.sort_unstable();
        assert_eq!(codes, expected.map(|code| code.to_string()));
    }

    #[test]
    fn several_environments_end_as_one() {
        let table: [(&[Exit], Exit); 9] = [
            (&[], Done),
            (&[Done, Done], Done),
            (&[Done, Changes], Changes),
            (&[Changes, Refused, Done], Refused),
            (&[Refused, Locked, Changes], Locked),
            (&[Locked, Error, Refused], Error),
            (&[Error, Partial, Locked, Refused, Changes, Done], Partial),
            (&[Partial, Usage], Usage),
            (&[Usage, Partial, Interrupted], Interrupted),
        ];
        for (exits, expected) in table {
            assert_eq!(Exit::fold(exits.iter().copied()), expected, "{exits:?}");
            let reversed = exits.iter().rev().copied();
            assert_eq!(Exit::fold(reversed), expected, "{exits:?} reversed");
        }
    }
}
