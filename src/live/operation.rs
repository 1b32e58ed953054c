//! What a principal may do.

/// An operation that an ACL allows (`org.apache.kafka.common.acl.AclOperation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AclOperation {
    /// Consume.
    Read,
    /// Produce.
    Write,
    /// Create it.
    Create,
    /// Delete it.
    Delete,
    /// Add partitions.
    Alter,
    /// See that it exists.
    Describe,
    /// Read its configs.
    DescribeConfigs,
    /// Change its configs.
    AlterConfigs,
    /// Something that this tool has no use for, by Kafka's number.
    Other(i32),
}

impl std::fmt::Display for AclOperation {
    /// As Kafka's own tools write it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = match self {
            AclOperation::Read => "Read",
            AclOperation::Write => "Write",
            AclOperation::Create => "Create",
            AclOperation::Delete => "Delete",
            AclOperation::Alter => "Alter",
            AclOperation::Describe => "Describe",
            AclOperation::DescribeConfigs => "DescribeConfigs",
            AclOperation::AlterConfigs => "AlterConfigs",
            AclOperation::Other(number) => return write!(f, "operation {number}"),
        };
        f.write_str(word)
    }
}
