//! What the crate shows to a Rust program: the rest of this room behind types of which every part is
//! meant to last. What they hold in detail is in their JSON documents, which have schemas and versions.

mod apply;
mod environment;
mod error;
mod result;

pub use apply::Apply;
pub use environment::{Client, Environment, Options, Snapshot};
pub use error::Error;
pub use result::{Change, Drift, Plan, Reason, Report};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{ConnectOptions, ErrorKind, Repository};

    fn repository() -> Repository {
        Repository::open(env!("CARGO_MANIFEST_DIR"))
    }

    /// A program may do all of it in tasks of its own.
    #[test]
    fn what_is_async_can_be_spawned() {
        fn is_send<T: Send>(_: T) {}
        fn all(environment: &Environment, client: &Client, apply: Apply) {
            is_send(environment.connect(&ConnectOptions::default()));
            is_send(client.snapshot());
            is_send(client.plan(&Options::default()));
            is_send(client.drift(&Options::default()));
            is_send(client.apply(&Options::default()));
            is_send(apply.run());
        }
        let _ = all;
    }

    #[test]
    fn a_repository_is_planned_offline() {
        let names = repository().environments().unwrap();
        assert_eq!(names, ["dev", "prod", "staging"]);
        let environment = repository().environment("dev").unwrap();
        assert_eq!(environment.name(), "dev");
        assert_eq!(environment.warnings(), Vec::<String>::new());
        let text = r#"{"format": "topicsmith/live/1", "topics": {}}"#;
        let snapshot = Snapshot::from_json(text).unwrap();
        let only = environment.topics().next().unwrap().to_owned();
        let options = Options {
            only: vec![only.clone()],
            ..Options::default()
        };
        let plan = environment.plan(&snapshot, &options).unwrap();
        let changes: Vec<&str> = plan.changes().map(|change| change.topic).collect();
        assert_eq!(changes, [only]);
        assert_eq!(plan.json()["format"], "topicsmith/plan/1");
        assert_eq!(plan.refused().count(), 0);
    }

    #[test]
    fn errors_have_a_kind_and_say_what_to_do() {
        let unknown = repository().environment("pord").unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::Usage);
        assert!(unknown.help().unwrap().contains("prod"), "{unknown:?}");
        let environment = repository().environment("dev").unwrap();
        let snapshot = Snapshot::from_json("{}").unwrap_err();
        assert_eq!(snapshot.kind(), ErrorKind::Failed);
        let text = r#"{"format": "topicsmith/live/1", "topics": {}}"#;
        let snapshot = Snapshot::from_json(text).unwrap();
        let options = Options {
            allow: vec!["retention-shortend".to_owned()],
            ..Options::default()
        };
        let allow = environment.plan(&snapshot, &options).unwrap_err();
        assert_eq!(allow.kind(), ErrorKind::Usage);
        assert!(allow.to_string().contains("retention-shortened"), "{allow}");
    }
}
