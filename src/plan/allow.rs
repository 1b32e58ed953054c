//! What a person allows on the command line: `--allow CODE`, `--allow CODE:GLOB`,
//! `--allow destructive`, `--allow topic-in-use`.

use std::str::FromStr;

use crate::model::text::escape;
use crate::model::{BlockCode, Globs, RiskCode, RiskLevel, TopicName};

/// One `--allow`.
#[derive(Debug, Clone)]
pub struct Allow {
    risks: Risks,
    /// The topics that it holds for; `None` means all.
    topics: Option<Globs>,
}

#[derive(Debug, Clone, Copy)]
enum Risks {
    Destructive,
    Code(RiskCode),
    InUse,
    Unproven,
}

/// What lets an instance's topic go though nothing proves that the instance made it.
const UNPROVEN: &str = "unproven";

/// Why an `--allow` could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowError {
    /// No such code.
    #[error("unknown risk code `{}`; {}", escape(.code), hint(.likely))]
    UnknownCode {
        /// What was given.
        code: String,
        /// The code that was probably meant.
        likely: Option<&'static str>,
    },
    /// `CODE:` without what should follow.
    #[error("`{}:` names no topics: put a glob after the colon, or leave the colon out", escape(.0))]
    EmptyGlob(String),
    /// What follows the colon is no glob.
    #[error("`{}` is no glob: {}", escape(.glob), escape(.why))]
    Glob {
        /// What was given.
        glob: String,
        /// Why it is none.
        why: String,
    },
}

/// The code that was probably meant, or else all that there are.
fn hint(likely: &Option<&str>) -> String {
    match likely {
        Some(code) => format!("did you mean `{code}`?"),
        None => format!("there are {}", codes().collect::<Vec<&str>>().join(", ")),
    }
}

/// Everything that can stand before the colon.
fn codes() -> impl Iterator<Item = &'static str> {
    let codes = RiskCode::ALL.iter().map(|code| code.as_str());
    let destructive = ["destructive"].into_iter();
    destructive
        .chain(codes)
        .chain([BlockCode::TopicInUse.as_str(), UNPROVEN])
}

impl FromStr for Allow {
    type Err = AllowError;

    fn from_str(text: &str) -> Result<Self, AllowError> {
        let (code, glob) = match text.split_once(':') {
            Some((code, glob)) => (code.trim(), Some(glob.trim())),
            None => (text.trim(), None),
        };
        let risks = match code.parse() {
            Ok(code) => Risks::Code(code),
            Err(()) if code == "destructive" => Risks::Destructive,
            Err(()) if code == BlockCode::TopicInUse.as_str() => Risks::InUse,
            Err(()) if code == UNPROVEN => Risks::Unproven,
            Err(()) => {
                return Err(AllowError::UnknownCode {
                    code: code.to_owned(),
                    likely: likely(code),
                });
            }
        };
        let topics = match glob {
            None => None,
            Some("") => return Err(AllowError::EmptyGlob(code.to_owned())),
            Some(glob) => Some(Globs::new(&[glob]).map_err(|(_, why)| AllowError::Glob {
                glob: glob.to_owned(),
                why,
            })?),
        };
        Ok(Self { risks, topics })
    }
}

/// The code that is spelt most like this, if any comes near.
fn likely(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase().replace(['_', ' '], "-");
    codes()
        .map(|code| (strsim::jaro_winkler(&text, code), code))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, code)| code)
}

impl Allow {
    /// Whether it allows this risk on this topic.
    pub fn covers(&self, code: RiskCode, topic: &TopicName) -> bool {
        let risk = match self.risks {
            Risks::Destructive => code.level() == RiskLevel::Destructive,
            Risks::Code(allowed) => allowed == code,
            Risks::InUse | Risks::Unproven => false,
        };
        risk && self.speaks_of(topic)
    }

    /// Whether it allows to delete this topic though it is in use.
    pub fn covers_use(&self, topic: &TopicName) -> bool {
        matches!(self.risks, Risks::InUse) && self.speaks_of(topic)
    }

    /// Whether it allows to delete this topic of an instance though nothing proves that the instance
    /// made it.
    pub fn covers_unproven(&self, topic: &TopicName) -> bool {
        matches!(self.risks, Risks::Unproven) && self.speaks_of(topic)
    }

    fn speaks_of(&self, topic: &TopicName) -> bool {
        self.topics
            .as_ref()
            .is_none_or(|topics| topics.matches(topic.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(allow: &str, code: RiskCode, topic: &str) -> bool {
        let allow: Allow = allow.parse().unwrap();
        allow.covers(code, &TopicName::from(topic))
    }

    #[test]
    fn a_code_covers_itself_on_all_topics_or_on_those_of_its_glob() {
        use RiskCode::{PartitionsIncreased, RetentionShortened, TopicDeleted};
        assert!(covers("topic-deleted", TopicDeleted, "a"));
        assert!(!covers("topic-deleted", RetentionShortened, "a"));
        assert!(covers("topic-deleted:a-*", TopicDeleted, "a-b"));
        assert!(!covers("topic-deleted:a-*", TopicDeleted, "b-a"));
        assert!(covers("destructive", RetentionShortened, "a"));
        assert!(!covers("destructive", PartitionsIncreased, "a"));
        assert!(covers("destructive:a", TopicDeleted, "a"));
        assert!(covers("partitions-increased", PartitionsIncreased, "a"));
    }

    #[test]
    fn what_cannot_be_read_is_said_with_a_likely_spelling() {
        let error = |text: &str| text.parse::<Allow>().unwrap_err().to_string();
        assert_eq!(
            error("retention-shortend:a"),
            "unknown risk code `retention-shortend`; did you mean `retention-shortened`?"
        );
        assert!(error("Topic_Deleted").contains("did you mean `topic-deleted`?"));
        assert!(
            error("xyz")
                .starts_with("unknown risk code `xyz`; there are destructive, topic-deleted, ")
        );
        assert!(error("topic-deleted:").contains("names no topics"));
        assert!(error("topic-deleted:[z").contains("`[z` is no glob"));
        assert!(!error("\u{1b}[31m").contains('\u{1b}'));
    }
}
