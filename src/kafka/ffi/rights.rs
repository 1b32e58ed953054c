//! The operations on the cluster that this principal is authorized to.

use std::collections::BTreeSet;
use std::ffi::c_int;

use rdkafka_sys::bindings as sys;

use super::{Event, slice};
use crate::kafka::types::AclOperation;

impl Event<'_> {
    /// Returns the operations in a DescribeCluster response; `None` if they were not requested or
    /// the broker does not support them.
    pub fn cluster_operations(&self) -> Option<BTreeSet<AclOperation>> {
        let mut count = 0;
        // SAFETY: the event is alive, and its contents are copied. The bindings define a Rust enum
        // here; Kafka may add operations.
        unsafe {
            let result = sys::rd_kafka_event_DescribeCluster_result(self.event);
            if result.is_null() {
                return None;
            }
            let first =
                sys::rd_kafka_DescribeCluster_result_authorized_operations(result, &mut count);
            let first: *const c_int = first.cast();
            let operation = |&number: &c_int| AclOperation::from(number);
            (!first.is_null()).then(|| slice(first, count).iter().map(operation).collect())
        }
    }
}
