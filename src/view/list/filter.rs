//! Which rows are asked for, and in what order.

use std::cmp::Reverse;
use std::str::FromStr;

use super::Row;
use crate::model::Globs;
use crate::plan::state::TopicState;

/// Which topics are asked for. What is empty asks for nothing special.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Those of one of these owners.
    pub owners: Globs,
    /// Those with all of these labels.
    pub labels: Vec<Label>,
    /// Those in one of these states.
    pub states: Vec<TopicState>,
}

/// A label that a topic must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its key.
    pub key: String,
    /// Its value; any where it is `None`.
    pub value: Option<String>,
}

/// What rows are sorted by. Rows that are alike in it are sorted by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Order {
    /// By name
    #[default]
    Name,
    /// The most partitions first
    Partitions,
    /// The most replicas first
    Replication,
    /// The most settings first
    Overrides,
    /// By owner, those of nobody last
    Owner,
    /// By state, those in sync first
    State,
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value.to_owned())),
            None => (text, None),
        };
        match key.is_empty() {
            true => Err("a label has a key: write it as KEY or KEY=VALUE".to_owned()),
            false => Ok(Self {
                key: key.to_owned(),
                value,
            }),
        }
    }
}

impl Filter {
    /// The rows that are asked for, in this order.
    pub fn pick(&self, rows: Vec<Row>, order: Order) -> Vec<Row> {
        let mut rows: Vec<Row> = rows.into_iter().filter(|row| self.asks_for(row)).collect();
        // A stable sort keeps the names in order.
        rows.sort_by(|a, b| a.topic.cmp(&b.topic));
        match order {
            Order::Name => {}
            Order::Partitions => rows.sort_by_key(|row| Reverse(row.partitions)),
            Order::Replication => rows.sort_by_key(|row| Reverse(row.replication_factor.least())),
            Order::Overrides => rows.sort_by_key(|row| Reverse(row.overrides)),
            Order::Owner => rows.sort_by(|a, b| {
                let rank = |row: &Row| (row.owner.is_none(), row.owner.clone());
                rank(a).cmp(&rank(b))
            }),
            Order::State => rows.sort_by_key(|row| row.state),
        }
        rows
    }

    fn asks_for(&self, row: &Row) -> bool {
        let Self {
            owners,
            labels,
            states,
        } = self;
        let owner = row.owner.as_deref();
        let owned = owners.is_empty() || owner.is_some_and(|owner| owners.matches(owner));
        let labelled = labels.iter().all(|label| {
            let found = row.labels.get(&label.key);
            found.is_some_and(|found| label.value.as_ref().is_none_or(|value| value == found))
        });
        owned && labelled && (states.is_empty() || states.contains(&row.state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::ReplicationFactor;

    fn row(topic: &str, partitions: u32, owner: Option<&str>, state: TopicState) -> Row {
        Row {
            topic: topic.into(),
            partitions,
            replication_factor: ReplicationFactor::of([partitions, 3]),
            overrides: (partitions != 2).then_some(1),
            owner: owner.map(str::to_owned),
            labels: [("team".to_owned(), topic.to_owned())].into(),
            state,
        }
    }

    fn picked(filter: &Filter, order: Order) -> String {
        let rows = vec![
            row("b", 1, None, TopicState::Missing),
            row("a", 3, Some("shop"), TopicState::InSync),
            row("d", 2, Some("shop-eu"), TopicState::Differs),
            row("c", 3, Some("audit"), TopicState::InSync),
        ];
        let picked = filter.pick(rows, order);
        picked.iter().map(|row| row.topic.as_str()).collect()
    }

    #[test]
    fn rows_are_sorted_and_then_by_name() {
        let all = Filter::default();
        for (order, expected) in [
            (Order::Name, "abcd"),
            (Order::Partitions, "acdb"),
            (Order::Replication, "acdb"),
            (Order::Overrides, "abcd"),
            (Order::Owner, "cadb"),
            (Order::State, "acdb"),
        ] {
            assert_eq!(picked(&all, order), expected, "{order:?}");
        }
    }

    #[test]
    fn rows_are_picked_by_all_that_is_asked_for() {
        let filter = |owners: &[&str], labels: &[&str], states: &[TopicState]| Filter {
            owners: Globs::new(owners).unwrap(),
            labels: labels.iter().map(|label| label.parse().unwrap()).collect(),
            states: states.to_vec(),
        };
        let pick = |filter: Filter| picked(&filter, Order::Name);
        assert_eq!(pick(filter(&["shop*"], &[], &[])), "ad");
        assert_eq!(pick(filter(&["shop", "audit"], &[], &[])), "ac");
        assert_eq!(pick(filter(&[], &["team"], &[])), "abcd");
        assert_eq!(pick(filter(&[], &["team=b"], &[])), "b");
        assert_eq!(pick(filter(&[], &["team=b", "team=a"], &[])), "");
        assert_eq!(pick(filter(&[], &["domain"], &[])), "");
        let states = [TopicState::Missing, TopicState::Differs];
        assert_eq!(pick(filter(&[], &[], &states)), "bd");
        assert_eq!(pick(filter(&["shop*"], &["team"], &states)), "d");
    }

    #[test]
    fn a_label_has_a_key() {
        assert!("=x".parse::<Label>().is_err());
        let label: Label = "a=b=c".parse().unwrap();
        assert_eq!(
            (label.key.as_str(), label.value.as_deref()),
            ("a", Some("b=c"))
        );
    }
}
