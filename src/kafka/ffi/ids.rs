//! Topic ids that librdkafka has read with the list of all topics, and keeps to itself.
//!
//! Its public interface tells ids in the answer to `DescribeTopics` alone, for which every topic has
//! to be asked for by name. They are here nonetheless: what `rd_kafka_metadata()` hands out is the
//! first field of librdkafka's own `rd_kafka_metadata_internal_t` (`rdkafka_metadata.h` there says
//! that it must stay so). What that looks like is known of one release, and another one is not read.
//!
//! Nobody promises what is read so. It is a hint, for a caller who knows an id that it looks for, or
//! asks for the ids of some of the topics: 128 random bits are not met by chance, and where some are
//! read as they are, so are the others of the same list. Any other id has to be asked for.

use std::ffi::{c_char, c_int, c_void};

use rdkafka_sys::bindings as sys;

use super::{counted, raw, text};
use crate::kafka::types;

/// The release whose structures these are, 2.12.1.
const RELEASE: c_int = 0x020c_01ff;

/// As far as the ids.
#[repr(C)]
struct Metadata {
    public: raw::Metadata,
    brokers_by_id: *const c_void,
    brokers: *const c_void,
    topics: *const Topic,
}

#[repr(C)]
struct Topic {
    partitions: *const c_void,
    id: Uuid,
    operations: i32,
    is_internal: u8,
}

#[repr(C)]
struct Uuid {
    most_significant: i64,
    least_significant: i64,
    base64: [c_char; 23],
}

/// The ids of the topics, in their order; none where this is another release.
///
/// # Safety
/// It comes from `rd_kafka_metadata()`, and is alive.
pub(super) unsafe fn hints<'a>(
    metadata: *const raw::Metadata,
) -> impl Iterator<Item = Option<String>> + use<'a> {
    let topics: &'a [Topic] = if unsafe { sys::rd_kafka_version() } == RELEASE {
        let whole = metadata.cast::<Metadata>();
        unsafe { counted((*whole).topics, (*whole).public.topic_count) }
    } else {
        &[]
    };
    let told = topics.iter().map(|topic| unsafe { hint(topic) });
    told.chain(std::iter::repeat(None))
}

unsafe fn hint(topic: &Topic) -> Option<String> {
    unsafe {
        let id = sys::rd_kafka_Uuid_new(topic.id.most_significant, topic.id.least_significant);
        let base64 = text(sys::rd_kafka_Uuid_base64str(id));
        sys::rd_kafka_Uuid_destroy(id);
        types::topic_id(&base64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where this fails, librdkafka is another one: see whether `rdkafka_metadata.h` and
    /// `rdkafka_proto.h` still say what stands here, and name the new release.
    #[test]
    fn the_structures_are_those_of_the_release_in_use() {
        assert_eq!(unsafe { sys::rd_kafka_version() }, RELEASE);
    }
}
