//! Why there is nothing to check: the folders, or what was asked for, are not there.

use std::fmt;

use crate::desired::suggest;
use crate::files::FileError;
use crate::model::text::grouped;

/// The files could not be loaded at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A folder is not there.
    #[error("{0} is missing")]
    MissingFolder(NamedFolder),
    /// Something else than a folder is there.
    #[error("{0} is not a folder")]
    NotAFolder(NamedFolder),
    /// A folder cannot be read.
    #[error("{0} cannot be read: {1}")]
    Unreadable(NamedFolder, FileError),
    /// A folder is a link that leads out of the repository.
    #[error("{0} is a link out of the repository's folder: not read")]
    Outside(NamedFolder),
    /// A folder holds more than is walked through.
    #[error("{folder} holds more than {} files and folders, the most that is read", grouped(*.most))]
    TooManyEntries {
        /// The folder.
        folder: NamedFolder,
        /// How many there may be.
        most: usize,
    },
    /// The system gives no thread to read the files with.
    #[error("the files cannot be read: {0}")]
    NoRoom(std::io::Error),
    /// A folder holds no file that is read.
    #[error("{0} holds no .toml file")]
    NoFile(NamedFolder),
    /// No environment file is a whole environment.
    #[error("all files in {0} are abstract: there is no environment")]
    AllAbstract(NamedFolder),
    /// A name that is neither an environment nor a group.
    #[error("there is no environment {}", suggest::shown(name))]
    UnknownEnvironment {
        /// The name that was asked for.
        name: String,
        /// All environments and groups.
        known: Vec<String>,
    },
    /// A name that only other environments build on.
    #[error(
        "{} is abstract: other environments extend it, it is none itself",
        suggest::shown(name)
    )]
    Abstract {
        /// The name that was asked for.
        name: String,
        /// All environments and groups.
        known: Vec<String>,
    },
    /// No name was given, and there is more than one environment.
    #[error("several environments: select one with -e")]
    NoneNamed {
        /// All environments.
        known: Vec<String>,
    },
}

impl LoadError {
    /// What to do now.
    pub fn help(&self) -> Option<String> {
        match self {
            LoadError::MissingFolder(folder) | LoadError::NoFile(folder) => Some(match folder.which {
                Folder::Topics => "a repository has topics/*.toml and environments/*.toml; -C or --topics-dir point elsewhere".to_owned(),
                Folder::Environments => "a repository has topics/*.toml and environments/*.toml; -C or --environments-dir point elsewhere".to_owned(),
            }),
            LoadError::UnknownEnvironment { name, known } | LoadError::Abstract { name, known } => {
                suggest::help(name, "environments and groups", known.iter().map(String::as_str))
            }
            LoadError::NoneNamed { known } => {
                suggest::help("", "use -e with one of", known.iter().map(String::as_str))
            }
            LoadError::AllAbstract(_) => {
                Some("add a file without `abstract = true`".to_owned())
            }
            LoadError::Outside(folder) => Some(match folder.which {
                Folder::Topics => "pass the folder that it leads to with --topics-dir".to_owned(),
                Folder::Environments => {
                    "pass the folder that it leads to with --environments-dir".to_owned()
                }
            }),
            LoadError::TooManyEntries { .. } => {
                Some("move what is not a topics or environment file elsewhere".to_owned())
            }
            LoadError::NotAFolder(_) | LoadError::Unreadable(..) | LoadError::NoRoom(_) => None,
        }
    }

    /// Whether the command line is what is wrong.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            LoadError::UnknownEnvironment { .. }
                | LoadError::Abstract { .. }
                | LoadError::NoneNamed { .. }
        )
    }
}

/// One of the two folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::desired) enum Folder {
    Topics,
    Environments,
}

impl Folder {
    pub(in crate::desired) fn named(self, path: &str) -> NamedFolder {
        NamedFolder {
            which: self,
            path: path.to_owned(),
        }
    }
}

/// A folder with its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFolder {
    which: Folder,
    path: String,
}

impl fmt::Display for NamedFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.which {
            Folder::Topics => "topics",
            Folder::Environments => "environments",
        };
        write!(f, "the {what} folder {}", suggest::shown(&self.path))
    }
}
