//! Errors of loading: missing folders or unknown environments.

use std::fmt;

use crate::desired::suggest;
use crate::files::FileError;
use crate::model::text::grouped;

/// The configuration could not be loaded at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A folder is missing.
    #[error("{0} is missing")]
    MissingFolder(NamedFolder),
    /// The path is not a folder.
    #[error("{0} is not a folder")]
    NotAFolder(NamedFolder),
    /// A folder cannot be read.
    #[error("{0} cannot be read: {1}")]
    Unreadable(NamedFolder, FileError),
    /// A folder is a link that leads out of the repository.
    #[error("{0} is a link out of the repository's folder: not read")]
    Outside(NamedFolder),
    /// A folder has too many entries.
    #[error("{folder} holds more than {} files and folders, the most that is read", grouped(*.most))]
    TooManyEntries {
        /// The folder.
        folder: NamedFolder,
        /// The limit.
        most: usize,
    },
    /// The system cannot create a thread to read the files.
    #[error("the files cannot be read: {0}")]
    NoRoom(std::io::Error),
    /// A folder has no `.toml` file.
    #[error("{0} holds no .toml file")]
    NoFile(NamedFolder),
    /// All environment files are abstract.
    #[error("all files in {0} are abstract: there is no environment")]
    AllAbstract(NamedFolder),
    /// A name that is neither an environment nor a group.
    #[error("there is no environment {}", suggest::shown(name))]
    UnknownEnvironment {
        /// The requested name.
        name: String,
        /// All environments and groups.
        known: Vec<String>,
    },
    /// The name of an abstract environment.
    #[error(
        "{} is abstract: other environments extend it, it is none itself",
        suggest::shown(name)
    )]
    Abstract {
        /// The requested name.
        name: String,
        /// All environments and groups.
        known: Vec<String>,
    },
    /// No name was given, and there are several environments.
    #[error("several environments: select one with -e")]
    NoneNamed {
        /// All environments.
        known: Vec<String>,
    },
}

impl LoadError {
    /// Returns how to fix the error.
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

    /// Returns whether the command line is invalid.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            LoadError::UnknownEnvironment { .. }
                | LoadError::Abstract { .. }
                | LoadError::NoneNamed { .. }
        )
    }
}

/// One of the configuration's two folders.
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
