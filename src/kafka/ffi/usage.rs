//! Consumer groups, committed offsets and partition offsets.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CString, c_char, c_int, c_void};

use rdkafka_sys::bindings as sys;

use super::{Event, Handle, Owned, c_string, counted, listed, raw, text};
use crate::kafka::fault::{Fault, TIMED_OUT};
use crate::kafka::types::{Committed, GroupDescription, GroupMember, OffsetAt, OffsetFound};
use crate::model::TopicName;

/// Functions and structures of the bindings, with integers in place of enums.
mod plain {
    use super::{c_char, c_int, c_void, sys};

    unsafe extern "C" {
        pub fn rd_kafka_ConsumerGroupDescription_state(
            group: *const sys::rd_kafka_ConsumerGroupDescription_t,
        ) -> c_int;
        pub fn rd_kafka_consumer_group_state_name(state: c_int) -> *const c_char;
    }

    #[repr(C)]
    pub struct TopicPartition {
        pub topic: *mut c_char,
        pub partition: i32,
        pub offset: i64,
        pub metadata: *mut c_void,
        pub metadata_size: usize,
        pub opaque: *mut c_void,
        pub error: c_int,
        pub private: *mut c_void,
    }
}

pub(in crate::kafka) type PartitionList = Owned<sys::rd_kafka_topic_partition_list_t>;
pub(in crate::kafka) type GroupOffsetsObject = Owned<sys::rd_kafka_ListConsumerGroupOffsets_t>;

impl PartitionList {
    /// Creates a list of partitions, each with the requested offset.
    pub fn new<'a>(
        questions: impl ExactSizeIterator<Item = (&'a (TopicName, i32), OffsetAt)>,
    ) -> Result<Self, Fault> {
        let size = c_int::try_from(questions.len()).unwrap_or_default();
        // SAFETY: the strings live through the calls, which copy them; an added element is valid
        // until the next is added.
        unsafe {
            let list = Owned::take(
                sys::rd_kafka_topic_partition_list_new(size),
                sys::rd_kafka_topic_partition_list_destroy,
                || "no partitions".to_owned(),
            )?;
            for ((topic, partition), at) in questions {
                let topic = c_string(topic.as_str())?;
                let added =
                    sys::rd_kafka_topic_partition_list_add(list.object, topic.as_ptr(), *partition);
                (*added).offset = match at {
                    OffsetAt::Earliest => -2,
                    OffsetAt::Latest => -1,
                    OffsetAt::MaxTimestamp => -3,
                    OffsetAt::Since(time) => time.max(0),
                };
            }
            Ok(list)
        }
    }
}

impl GroupOffsetsObject {
    /// Creates a request for a group's committed offsets of all partitions.
    pub fn new(group: &str) -> Result<Self, Fault> {
        let name = c_string(group)?;
        // SAFETY: the string lives through the call, which copies it.
        unsafe {
            let object =
                sys::rd_kafka_ListConsumerGroupOffsets_new(name.as_ptr(), std::ptr::null());
            Owned::take(
                object,
                sys::rd_kafka_ListConsumerGroupOffsets_destroy,
                || format!("{group:?} is no group"),
            )
        }
    }
}

/// Group ids as C strings.
pub(in crate::kafka) struct GroupNames(Vec<CString>);

impl GroupNames {
    /// Creates the list of groups to describe.
    pub fn new(groups: &[String]) -> Result<Self, Fault> {
        let names = groups.iter().map(|group| c_string(group));
        names.collect::<Result<_, _>>().map(Self)
    }

    pub(super) unsafe fn send(
        &self,
        handle: Handle,
        options: &Owned<sys::rd_kafka_AdminOptions_t>,
    ) {
        let mut names: Vec<*const c_char> = self.0.iter().map(|name| name.as_ptr()).collect();
        unsafe {
            sys::rd_kafka_DescribeConsumerGroups(
                handle.client,
                names.as_mut_ptr(),
                names.len(),
                options.object,
                handle.queue,
            );
        }
    }
}

impl Event<'_> {
    /// Returns the ids of the listed groups, or a fault if a broker did not return its groups.
    pub fn groups(&self) -> Result<Vec<String>, Fault> {
        // SAFETY: the event is alive; a result of another kind is null and has no items.
        unsafe {
            let result = sys::rd_kafka_event_ListConsumerGroups_result(self.event);
            let errors = listed(result, sys::rd_kafka_ListConsumerGroups_result_errors);
            for &error in errors {
                self.error(error)?;
            }
            let groups = listed(result, sys::rd_kafka_ListConsumerGroups_result_valid);
            let name = |&group: &*const sys::rd_kafka_ConsumerGroupListing_t| {
                text(sys::rd_kafka_ConsumerGroupListing_group_id(group))
            };
            Ok(groups.iter().map(name).collect())
        }
    }

    /// Returns the items of a DescribeConsumerGroups response.
    pub fn group_descriptions(&self) -> Vec<(String, Result<GroupDescription, Fault>)> {
        let item = |&group: &*const sys::rd_kafka_ConsumerGroupDescription_t| unsafe {
            let error = sys::rd_kafka_ConsumerGroupDescription_error(group);
            let name = text(sys::rd_kafka_ConsumerGroupDescription_group_id(group));
            (name, self.error(error).map(|()| group_description(group)))
        };
        // SAFETY: as above.
        unsafe {
            let result = sys::rd_kafka_event_DescribeConsumerGroups_result(self.event);
            let groups = listed(result, sys::rd_kafka_DescribeConsumerGroups_result_groups);
            groups.iter().map(item).collect()
        }
    }

    /// Returns the committed offsets of groups.
    pub fn committed(&self) -> Vec<(String, Result<Committed, Fault>)> {
        let item = |&group: &*const sys::rd_kafka_group_result_t| unsafe {
            let outcome = self.error(sys::rd_kafka_group_result_error(group));
            let partitions = partitions(sys::rd_kafka_group_result_partitions(group));
            // A negative offset means that none is committed.
            let committed = partitions.iter().filter(|p| p.error == 0 && p.offset >= 0);
            let offset = |p: &plain::TopicPartition| (assigned(p), p.offset);
            let offsets = committed.map(offset).collect();
            let name = text(sys::rd_kafka_group_result_name(group));
            (name, outcome.map(|()| offsets))
        };
        // SAFETY: as above.
        unsafe {
            let result = sys::rd_kafka_event_ListConsumerGroupOffsets_result(self.event);
            let groups = listed(result, sys::rd_kafka_ListConsumerGroupOffsets_result_groups);
            groups.iter().map(item).collect()
        }
    }

    /// Returns the requested offsets, by partition.
    pub fn offsets(&self) -> BTreeMap<(TopicName, i32), Result<OffsetFound, Fault>> {
        const INVALID: i64 = sys::RD_KAFKA_OFFSET_INVALID as i64;
        let item = |&info: &*const sys::rd_kafka_ListOffsetsResultInfo_t| unsafe {
            let partition = sys::rd_kafka_ListOffsetsResultInfo_topic_partition(info);
            let partition: &plain::TopicPartition = &*partition.cast();
            let found = OffsetFound {
                offset: partition.offset,
                timestamp: sys::rd_kafka_ListOffsetsResultInfo_timestamp(info),
            };
            let outcome = match (partition.error, found.offset) {
                // librdkafka's form of a broker timeout.
                (0, INVALID) => {
                    let message = "no broker returned the partition's offset in time";
                    Err(Fault::new(TIMED_OUT, message.to_owned()))
                }
                (code, _) => self.check(code, String::new).map(|()| found),
            };
            let name = TopicName::new(text(partition.topic));
            ((name, partition.partition), outcome)
        };
        // SAFETY: as above.
        unsafe {
            let result = sys::rd_kafka_event_ListOffsets_result(self.event);
            let infos = listed(result, sys::rd_kafka_ListOffsets_result_infos);
            infos.iter().map(item).collect()
        }
    }

    /// Converts the error object of an item; null means no error.
    unsafe fn error(&self, error: *const sys::rd_kafka_error_t) -> Result<(), Fault> {
        if error.is_null() {
            return Ok(());
        }
        unsafe {
            let code = raw::rd_kafka_error_code(error);
            let message = || text(sys::rd_kafka_error_string(error));
            self.check(code, message)
        }
    }
}

unsafe fn partitions<'a>(
    list: *const sys::rd_kafka_topic_partition_list_t,
) -> &'a [plain::TopicPartition] {
    if list.is_null() {
        return &[];
    }
    unsafe { counted((*list).elems.cast_const().cast(), (*list).cnt) }
}

unsafe fn group_description(
    group: *const sys::rd_kafka_ConsumerGroupDescription_t,
) -> GroupDescription {
    /// `RD_KAFKA_CONSUMER_GROUP_STATE_STABLE`
    const STABLE: c_int = 3;
    unsafe {
        let state = plain::rd_kafka_ConsumerGroupDescription_state(group);
        let members = sys::rd_kafka_ConsumerGroupDescription_member_count(group);
        let mut description = GroupDescription {
            state: text(plain::rd_kafka_consumer_group_state_name(state)),
            members: Vec::with_capacity(members),
        };
        for index in 0..members {
            let member = sys::rd_kafka_ConsumerGroupDescription_member(group, index);
            let assignments = [
                sys::rd_kafka_MemberDescription_assignment(member),
                sys::rd_kafka_MemberDescription_target_assignment(member),
            ];
            let assignments = assignments.into_iter().filter(|a| !a.is_null());
            let partitions = assignments
                .flat_map(|a| partitions(sys::rd_kafka_MemberAssignment_partitions(a)))
                .map(|partition| assigned(partition));
            let partitions: BTreeSet<(TopicName, i32)> = partitions.collect();
            let known = state == STABLE || !partitions.is_empty();
            description.members.push(GroupMember {
                client_id: text(sys::rd_kafka_MemberDescription_client_id(member)),
                host: text(sys::rd_kafka_MemberDescription_host(member)),
                assigned: known.then_some(partitions),
            });
        }
        description
    }
}

/// Returns the partition of a list entry.
unsafe fn assigned(entry: &plain::TopicPartition) -> (TopicName, i32) {
    unsafe { (TopicName::new(text(entry.topic)), entry.partition) }
}
