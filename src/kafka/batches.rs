//! Packs changes into requests that a controller accepts.
//!
//! Kafka writes a request's changes to its metadata log as one batch of up to 10,000 records;
//! larger requests fail as a whole. A request can also create up to 10,000 partitions.

/// Maximum metadata records per request: below Kafka's limit, because brokers may add some.
pub const MAX_RECORDS: usize = 9_000;
/// Maximum new partitions per request.
pub const MAX_PARTITIONS: usize = 9_000;
/// Maximum topics per request; larger requests are not faster, as measured.
pub const MAX_TOPICS: usize = 1_000;

/// What one item adds to a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Records in the metadata log.
    pub records: usize,
    /// New partitions.
    pub partitions: usize,
}

impl Cost {
    /// The cost of creating a topic. The record counts in this impl are those that Kafka's
    /// `ReplicationControlManager` and `ConfigurationControlManager` write.
    pub fn of_create(partitions: u32, configs: usize) -> Self {
        let partitions = partitions as usize;
        Self {
            records: 2 + partitions + configs,
            partitions,
        }
    }

    /// The cost of adding partitions.
    pub fn of_growth(from: u32, to: u32) -> Self {
        let added = to.saturating_sub(from) as usize;
        Self {
            records: added,
            partitions: added,
        }
    }

    /// The cost of changing this number of configs of a topic.
    pub fn of_alter(configs: usize) -> Self {
        Self {
            records: configs,
            partitions: 0,
        }
    }

    /// The cost of deleting a topic.
    pub fn of_delete() -> Self {
        Self {
            records: 1,
            partitions: 0,
        }
    }
}

/// Packs items into requests, in order. An item over the limits gets its own request, so that Kafka
/// reports the error.
pub fn pack<T>(items: Vec<T>, cost: impl Fn(&T) -> Cost) -> Vec<Vec<T>> {
    let mut batches = Vec::new();
    let mut batch = Vec::new();
    let mut sum = Cost::default();
    for item in items {
        let cost = cost(&item);
        let full = batch.len() == MAX_TOPICS
            || sum.records + cost.records > MAX_RECORDS
            || sum.partitions + cost.partitions > MAX_PARTITIONS;
        if full && !batch.is_empty() {
            batches.push(std::mem::take(&mut batch));
            sum = Cost::default();
        }
        sum.records += cost.records;
        sum.partitions += cost.partitions;
        batch.push(item);
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(costs: &[(usize, usize)]) -> Vec<usize> {
        let cost = |&(records, partitions): &(usize, usize)| Cost {
            records,
            partitions,
        };
        let batches = pack(costs.to_vec(), cost);
        assert_eq!(
            batches.concat(),
            costs,
            "nothing is lost, and the order is kept"
        );
        batches.iter().map(Vec::len).collect()
    }

    #[test]
    fn a_request_stays_below_each_limit() {
        assert_eq!(sizes(&[]), Vec::<usize>::new());
        assert_eq!(sizes(&[(1, 0); 1_000]), [1_000]);
        assert_eq!(sizes(&[(1, 0); 2_001]), [1_000, 1_000, 1]);
        assert_eq!(sizes(&[(3_000, 0); 4]), [3, 1]);
        assert_eq!(sizes(&[(10, 4_500); 3]), [2, 1]);
    }

    #[test]
    fn what_fits_nowhere_goes_alone() {
        assert_eq!(sizes(&[(5, 1), (20_000, 1), (5, 1)]), [1, 1, 1]);
        assert_eq!(sizes(&[(12, 9_001)]), [1]);
    }
}
