//! Risk codes and block codes, as used in plans, gates and pipelines.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much care a risk asks for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum RiskLevel {
    /// Data can be lost: an apply needs `--allow`.
    Destructive,
    /// Worth knowing: an apply goes ahead, unless `[guards] gate` names the code.
    Caution,
}

impl RiskLevel {
    /// Returns the level's name in plans.
    pub fn as_str(self) -> &'static str {
        match self {
            RiskLevel::Destructive => "destructive",
            RiskLevel::Caution => "caution",
        }
    }
}

macro_rules! codes {
    ($(#[$meta:meta])* $name:ident $(if ($needed:meta))? { $($(#[doc = $doc:literal])+ $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        pub enum $name { $($(#[doc = $doc])+ #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// All codes, in the order of documents.
            $(#[cfg($needed)])?
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// Returns the code as written in files, flags and JSON.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }

            /// Returns the meaning of the code as a phrase.
            $(#[cfg($needed)])?
            pub fn meaning(self) -> &'static str {
                match self { $($name::$variant => concat!($($doc),+).trim_ascii(),)+ }
            }
        }

        impl FromStr for $name {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                match text { $($text => Ok($name::$variant),)+ _ => Err(()) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

codes! {
    /// What a change can cost.
    RiskCode {
        /// the topic and all its records are deleted
        TopicDeleted = "topic-deleted",
        /// records older, or beyond the size, are deleted
        RetentionShortened = "retention-shortened",
        /// the topic starts or stops deleting or compacting records
        CleanupPolicyChanged = "cleanup-policy-changed",
        /// keys of a compacted topic move to other partitions, old values stay behind
        CompactedKeysMoved = "compacted-keys-moved",
        /// records in remote storage are deleted
        RemoteDataDeleted = "remote-data-deleted",
        /// a topic that was not owned loses settings that no file names
        ResetOnAdopt = "reset-on-adopt",
        /// keys move to other partitions
        PartitionsIncreased = "partitions-increased",
        /// fewer copies are promised for an acknowledged write
        DurabilityLowered = "durability-lowered",
        /// one broker out of reach stops acks=all writes
        WritesMayStop = "writes-may-stop",
        /// no acks=all write succeeds: the topic has fewer replicas than must be in sync
        WritesStopped = "writes-stopped",
        /// messages that were accepted may be refused
        MessagesRefused = "messages-refused",
        /// records get timestamps of another kind
        TimestampsChanged = "timestamps-changed",
    }
}

impl RiskCode {
    /// Returns the code's level; `Destructive` needs `--allow`.
    pub fn level(self) -> RiskLevel {
        use RiskCode::*;
        match self {
            TopicDeleted | RetentionShortened | CleanupPolicyChanged | CompactedKeysMoved
            | RemoteDataDeleted | ResetOnAdopt => RiskLevel::Destructive,
            PartitionsIncreased | DurabilityLowered | WritesMayStop | WritesStopped
            | MessagesRefused | TimestampsChanged => RiskLevel::Caution,
        }
    }
}

codes! {
    /// Why a change is held back.
    BlockCode if (test) {
        /// Kafka cannot remove partitions
        PartitionsDecrease = "partitions-decrease",
        /// Kafka changes the replication factor by reassignment only
        ReplicationFactorChange = "replication-factor-change",
        /// min.insync.replicas would exceed the topic's replicas
        MinIsrAboveReplicas = "min-isr-above-replicas",
        /// somebody reads from or writes to the topic that is to be deleted
        TopicInUse = "topic-in-use",
        /// another scope owns the topic
        OwnedElsewhere = "owned-elsewhere",
        /// the topic was deleted and made again by somebody else
        Recreated = "recreated",
        /// this principal may not do it
        NotAuthorised = "not-authorised",
        /// the broker refused it when asked to validate it
        RefusedByBroker = "refused-by-broker",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_codes_names_each() {
        let page = include_str!("../../docs/reference/codes.md");
        for &code in RiskCode::ALL {
            let (level, meaning) = (code.level().as_str(), code.meaning());
            let row = format!("| `{code}` | {level} | {meaning} |\n");
            assert!(page.contains(&row), "{row}");
        }
        for &code in BlockCode::ALL {
            let row = format!("| `{code}` | {} |\n", code.meaning());
            assert!(page.contains(&row), "{row}");
        }
    }

    #[test]
    fn the_page_of_blocked_changes_has_a_fix_for_each() {
        let page = include_str!("../../docs/how-to/blocked.md");
        for code in BlockCode::ALL {
            let section = page
                .split("\n## ")
                .find(|s| s.starts_with(&format!("`{code}`\n")));
            let section = section.unwrap_or_else(|| panic!("no section {code}"));
            assert!(
                section.contains("**Cause.**") && section.contains("**Fix.**"),
                "{code}"
            );
        }
    }

    #[test]
    fn codes_read_back_as_they_are_written() {
        for &code in RiskCode::ALL {
            assert_eq!(code.as_str().parse(), Ok(code));
            assert!(!code.meaning().is_empty());
        }
        for &code in BlockCode::ALL {
            assert_eq!(code.as_str().parse(), Ok(code));
        }
        assert!("destructive".parse::<RiskCode>().is_err());
    }
}
