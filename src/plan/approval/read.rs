//! A plan file as it is read. Fields that this version does not know are passed over: an approval
//! without them covers less, never more.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny};

use super::Approval;
use crate::live::{BrokerDefault, ReplicationFactor, Source, Usage};
use crate::model::document::{self, DocumentError};
use crate::model::text::escape;
use crate::model::{ConfigKey, Globs, RiskCode, TopicName};
use crate::plan::{
    Action, Change, ConfigAction, ConfigChange, CountChange, FORMAT, Fate, RecordChange, Risk,
    Subject,
};

/// Why a text is no saved plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// Not JSON, of another format, or of another shape.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The plans of several environments.
    #[error("it holds the plans of several environments, and an apply changes one")]
    Several,
    /// Two answers to one question.
    #[error("{} stands in it twice", escape(.0))]
    Twice(String),
    /// A glob that it was narrowed to is none.
    #[error("`{}` in \"only\" is no glob: {}", escape(.0), escape(.1))]
    Glob(String, String),
}

impl FromStr for Approval {
    type Err = ApprovalError;

    fn from_str(text: &str) -> Result<Self, ApprovalError> {
        let shape: Shape = document::parse(text, FORMAT)?;
        if shape.plans.is_some() {
            return Err(ApprovalError::Several);
        }
        let file: File = document::parse(text, FORMAT)?;
        let only = Globs::new(&file.only)
            .map_err(|(index, why)| ApprovalError::Glob(file.only[index].clone(), why))?;
        let mut changes = BTreeMap::new();
        for change in file.changes {
            let change = Change::try_from(change)?;
            if let Some(twice) = changes.insert(change.topic.clone(), change) {
                return Err(ApprovalError::Twice(format!("topic {}", twice.topic)));
            }
        }
        Ok(Self {
            environment: file.environment,
            only,
            scope: file.scope,
            cluster_id: file.cluster_id,
            changes,
        })
    }
}

#[derive(serde::Deserialize)]
struct Shape {
    plans: Option<IgnoredAny>,
}

#[derive(serde::Deserialize)]
struct File {
    environment: String,
    scope: Option<String>,
    cluster_id: Option<String>,
    #[serde(default)]
    only: Vec<String>,
    changes: Vec<FileChange>,
}

#[derive(serde::Deserialize)]
#[serde(expecting = "an object, as a change is")]
struct FileChange {
    topic: String,
    action: Action,
    adopt: bool,
    partitions: Option<FileCount<u32>>,
    replication_factor: Option<FileCount<ReplicationFactor>>,
    config: Vec<FileConfig>,
    #[serde(default)]
    record: Vec<FileRecord>,
    fate: Option<Fate>,
    risks: Vec<FileRisk>,
    usage: Option<Usage>,
}

impl TryFrom<FileChange> for Change {
    type Error = ApprovalError;

    fn try_from(file: FileChange) -> Result<Self, ApprovalError> {
        let mut config: Vec<ConfigChange> =
            file.config.into_iter().map(ConfigChange::from).collect();
        config.sort_by(|a, b| a.key.cmp(&b.key));
        if let Some(twice) = config.windows(2).find(|pair| pair[0].key == pair[1].key) {
            let what = format!("{} of topic {}", twice[0].key, file.topic);
            return Err(ApprovalError::Twice(what));
        }
        Ok(Self {
            adopt: file.adopt,
            partitions: file.partitions.map(CountChange::from),
            replication_factor: file.replication_factor.map(CountChange::from),
            config,
            record: file.record.into_iter().map(RecordChange::from).collect(),
            fate: file.fate,
            risks: file.risks.into_iter().map(Risk::from).collect(),
            usage: file.usage,
            ..Self::new(TopicName::from(file.topic.as_str()), file.action)
        })
    }
}

#[derive(serde::Deserialize)]
#[serde(expecting = "{\"from\", \"to\"}")]
struct FileCount<F> {
    from: Option<F>,
    to: Option<u32>,
}

impl<F> From<FileCount<F>> for CountChange<F> {
    fn from(FileCount { from, to }: FileCount<F>) -> Self {
        Self {
            from,
            to,
            declared_at: None,
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(expecting = "an object, as the change of a config is")]
struct FileConfig {
    key: String,
    action: ConfigAction,
    from: Option<String>,
    from_source: Option<Source>,
    to: Option<String>,
    to_default: Option<String>,
    to_default_source: Option<Source>,
}

impl From<FileConfig> for ConfigChange {
    fn from(file: FileConfig) -> Self {
        let default = |value| BrokerDefault {
            value,
            source: file.to_default_source.unwrap_or(Source::BrokerDefault),
        };
        Self {
            key: ConfigKey::from(file.key.as_str()),
            action: file.action,
            from: file.from,
            from_source: file.from_source,
            to: file.to,
            to_default: file.to_default.map(default),
            declared_at: None,
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(expecting = "{\"field\", \"from\", \"to\"}")]
struct FileRecord {
    field: String,
    from: Option<String>,
    to: Option<String>,
}

impl From<FileRecord> for RecordChange {
    fn from(FileRecord { field, from, to }: FileRecord) -> Self {
        Self {
            field,
            from,
            to,
            declared_at: None,
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(expecting = "an object, as a risk is")]
struct FileRisk {
    #[serde(deserialize_with = "risk_code")]
    code: RiskCode,
    message: String,
    /// The contract does not name it.
    on: Option<String>,
}

impl From<FileRisk> for Risk {
    fn from(file: FileRisk) -> Self {
        Self {
            code: file.code,
            message: file.message,
            subject: match file.on.as_deref() {
                None | Some("topic") => Subject::Topic,
                Some("partitions") => Subject::Partitions,
                Some("replication_factor") => Subject::ReplicationFactor,
                Some(key) => Subject::Config(ConfigKey::from(key)),
            },
        }
    }
}

fn risk_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RiskCode, D::Error> {
    let code = String::deserialize(deserializer)?;
    code.parse()
        .map_err(|()| D::Error::custom(format!("`{code}` is no risk that this version knows")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the contract.
    const EXAMPLE: &str = r#"{"format": "topicsmith/plan/1", "environment": "prod", "scope": "media-platform", "cluster_id": "c1", "commit": "x",
 "summary": {"create": 1},
 "changes": [
   {"topic": "content-updated", "action": "update", "adopt": false, "declared_at": "topics/ingestion.toml:14",
    "partitions": {"from": 3, "to": 6, "declared_at": "topics/ingestion.toml:17"}, "replication_factor": null,
    "config": [{"key": "retention.ms", "action": "set", "from": "604800000", "from_source": "topic", "to": "172800000", "declared_at": "environments/prod.toml:21"}],
    "risks": [{"code": "retention-shortened", "level": "destructive", "message": "m"}]}],
 "blocked": [], "unlisted": ["debezium-heartbeat"], "refused": []}"#;

    fn read(text: &str) -> Result<Approval, String> {
        text.parse()
            .map_err(|error: ApprovalError| error.to_string())
    }

    #[test]
    fn the_contracts_example() {
        let approval = read(EXAMPLE).unwrap();
        assert_eq!(approval.environment, "prod");
        assert_eq!(approval.scope.as_deref(), Some("media-platform"));
        assert_eq!(approval.cluster_id.as_deref(), Some("c1"));
        let change = &approval.changes[&TopicName::from("content-updated")];
        assert_eq!(change.partitions.as_ref().unwrap().from, Some(3));
        assert_eq!(change.config[0].to.as_deref(), Some("172800000"));
        assert!(approval.answers(RiskCode::RetentionShortened, &change.topic));
        assert!(!approval.answers(RiskCode::TopicDeleted, &change.topic));
    }

    #[test]
    fn every_cut_is_an_error() {
        for end in (0..EXAMPLE.len()).filter(|end| EXAMPLE.is_char_boundary(*end)) {
            let error = read(&EXAMPLE[..end]).unwrap_err();
            assert!(error.contains("this is no JSON: EOF"), "{end}: {error}");
        }
    }

    /// The example with something in it put in another's place.
    #[track_caller]
    fn check(from: &str, to: &str, expected: &str) {
        assert!(EXAMPLE.contains(from), "{from}");
        assert_eq!(read(&EXAMPLE.replace(from, to)).unwrap_err(), expected);
    }

    #[test]
    fn every_error_says_where_and_what() {
        check(
            "plan/1",
            "plan/2",
            "its format is `topicsmith/plan/2`, and this version of topicsmith reads `topicsmith/plan/1`",
        );
        check(
            "\"update\"",
            "\"explode\"",
            "line 4, column 51: unknown variant `explode`, expected one of `create`, `update`, `delete`, `adopt`, `release`, `record`",
        );
        check(
            "\"to\": 6",
            "\"to\": \"6\"",
            "line 5, column 39: invalid type: string \"6\", expected u32",
        );
        check(
            "\"adopt\": false,",
            "",
            "line 7, column 87: missing field `adopt`",
        );
        check(
            "retention-shortened",
            "nothing\\u001b[0m",
            "line 7, column 41: `nothing\\u{1b}[0m` is no risk that this version knows",
        );
        check(
            "\"summary\": {\"create\": 1}",
            "\"only\": [\"[z\"]",
            "`[z` in \"only\" is no glob: unclosed character class; missing ']'",
        );
        let twice = "\"changes\": [{\"topic\": \"content-updated\", \"action\": \"delete\", \"adopt\": false, \"config\": [], \"risks\": []},";
        check(
            "\"changes\": [",
            twice,
            "topic content-updated stands in it twice",
        );
        let key = "{\"key\": \"retention.ms\", \"action\": \"reset\"},";
        check(
            "\"config\": [",
            &format!("\"config\": [{key}"),
            "retention.ms of topic content-updated stands in it twice",
        );
        assert_eq!(
            read("{\"changes\": []}").unwrap_err(),
            "it has no \"format\": \"topicsmith/plan/1\""
        );
        assert_eq!(
            read("{\"format\": \"topicsmith/plan/1\", \"plans\": []}").unwrap_err(),
            "it holds the plans of several environments, and an apply changes one"
        );
    }
}
