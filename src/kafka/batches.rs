//! Packs changes into requests that a controller takes.
//!
//! Kafka writes what a request asks for as records of its metadata log, at most 10,000 of them at
//! once; over that, nothing at all is done. It also makes at most 10,000 partitions a request.

/// Most records that one request asks for: below Kafka's limit, because brokers may add some.
pub const MAX_RECORDS: usize = 9_000;
/// Most partitions that one request makes.
pub const MAX_PARTITIONS: usize = 9_000;
/// Most topics in one request: measured, more of them gain nothing.
pub const MAX_TOPICS: usize = 1_000;

/// What one item adds to a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Records of the metadata log.
    pub records: usize,
    /// Partitions that are made.
    pub partitions: usize,
}

impl Cost {
    /// A topic that is created. This and the others are the records that Kafka's
    /// `ReplicationControlManager` and `ConfigurationControlManager` write.
    pub fn of_create(partitions: u32, configs: usize) -> Self {
        let partitions = partitions as usize;
        Self {
            records: 2 + partitions + configs,
            partitions,
        }
    }

    /// A topic that gets more partitions.
    pub fn of_growth(from: u32, to: u32) -> Self {
        let added = to.saturating_sub(from) as usize;
        Self {
            records: added,
            partitions: added,
        }
    }

    /// A topic of which so many configs change.
    pub fn of_alter(configs: usize) -> Self {
        Self {
            records: configs,
            partitions: 0,
        }
    }

    /// A topic that is deleted.
    pub fn of_delete() -> Self {
        Self {
            records: 1,
            partitions: 0,
        }
    }
}

/// Packs items into requests, in their order. An item that is too large for any request gets one
/// of its own: what Kafka says to it is for Kafka to say.
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
