//! ACL operations.

/// An ACL operation (`org.apache.kafka.common.acl.AclOperation`), with its use for topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AclOperation {
    /// Allows to consume.
    Read,
    /// Allows to produce.
    Write,
    /// Allows to create the topic.
    Create,
    /// Allows to delete the topic.
    Delete,
    /// Allows to add partitions.
    Alter,
    /// Allows to see that the topic exists.
    Describe,
    /// Allows to read configs.
    DescribeConfigs,
    /// Allows to change configs.
    AlterConfigs,
    /// An operation that this tool does not use, by Kafka's code.
    Other(i32),
}

impl std::fmt::Display for AclOperation {
    /// Formats the operation as Kafka's own tools do.
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
