//! A plan file as it is read.

use super::{Approval, ApprovalError, RiskCode, Setting, TopicName};
use crate::model::SettingValue;

/// The example of the contract.
const EXAMPLE: &str = r#"{"format": "topicsmith/plan/1", "environment": "prod", "scope": "media-platform", "cluster_id": "c1", "commit": "x",
 "summary": {"create": 1},
 "changes": [
   {"topic": "content-updated", "action": "update", "adopt": false, "declared_at": "topics/ingestion.toml:14", "risks": [],
    "settings": [
      {"setting": "partitions", "action": "set", "from": 3, "to": 6, "declared_at": "topics/ingestion.toml:17",
       "risks": [{"code": "partitions-increased", "level": "caution", "message": "m"}]},
      {"setting": "config.retention.ms", "action": "set", "from": "604800000", "from_source": "topic", "to": "172800000", "drifted": false, "declared_at": "environments/prod.toml:21",
       "risks": [{"code": "retention-shortened", "level": "destructive", "message": "m"}]}]}],
 "blocked": [{"topic": "search-queries", "setting": "partitions", "code": "partitions-decrease", "message": "m", "help": "h", "declared_at": "d"}],
 "unlisted": ["debezium-heartbeat"],
 "refused": [{"code": "max-destructive", "message": "m"}]}"#;

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
    let [partitions, retention] = change.settings.as_slice() else {
        panic!("{change:?}")
    };
    assert_eq!(partitions.setting, Setting::Partitions);
    assert_eq!(partitions.from, Some(SettingValue::Number(3)));
    assert_eq!(retention.to, Some("172800000".into()));
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
fn every_error_names_the_place_and_the_fault() {
    check(
        "plan/1",
        "plan/2",
        "its format is `topicsmith/plan/2`, and this version of topicsmith reads `topicsmith/plan/1`",
    );
    check(
        "\"update\"",
        "\"explode\"",
        "line 4, column 51: unknown variant `explode`, expected one of `create`, `update`, `delete`, `adopt`, `release`, `update-inventory`",
    );
    check(
        "\"to\": 6",
        "\"to\": {}",
        "line 6, column 68: a number, a list of numbers where partitions differ, or a string",
    );
    check(
        "\"setting\": \"partitions\", \"action\"",
        "\"setting\": \"retention.ms\", \"action\"",
        "line 6, column 32: unknown setting `retention.ms`",
    );
    check(
        "\"adopt\": false,",
        "",
        "line 9, column 92: missing field `adopt`",
    );
    let unknown = read(&EXAMPLE.replace("retention-shortened", "nothing\\u001b[0m")).unwrap_err();
    assert!(
        unknown.starts_with(
            "line 9, column 44: unknown variant `nothing\\u{1b}[0m`, expected one of "
        ),
        "{unknown}"
    );
    check(
        "\"summary\": {\"create\": 1}",
        "\"only\": [\"[z\"]",
        "invalid glob `[z` in \"only\": unclosed character class; missing ']'",
    );
    let twice = "\"changes\": [{\"topic\": \"content-updated\", \"action\": \"delete\", \"adopt\": false, \"settings\": []},";
    check("\"changes\": [", twice, "duplicate topic content-updated");
    let setting = "{\"setting\": \"config.retention.ms\", \"action\": \"reset\", \"from\": null, \"to\": null},";
    check(
        "\"settings\": [",
        &format!("\"settings\": [{setting}"),
        "duplicate config.retention.ms of topic content-updated",
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
