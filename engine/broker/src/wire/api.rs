//! One file per API, each describing its request and its response.
//!
//! * [`each_api!`] is the one list of what this broker speaks; `ApiVersions`, routing and the comparison tests come from it.
//! * Descriptions start at the oldest version that is *served*; Produce and `JoinGroup` are advertised from version 0, because
//!   old librdkafka turns compression and groups off otherwise.

pub(crate) mod api_versions;
pub(crate) mod create_partitions;
pub(crate) mod create_topics;
pub(crate) mod delete_groups;
pub(crate) mod delete_records;
pub(crate) mod delete_topics;
pub(crate) mod describe_cluster;
pub(crate) mod describe_configs;
pub(crate) mod describe_groups;
pub(crate) mod fetch;
pub(crate) mod find_coordinator;
pub(crate) mod heartbeat;
pub(crate) mod incremental_alter_configs;
pub(crate) mod init_producer_id;
pub(crate) mod join_group;
pub(crate) mod leave_group;
pub(crate) mod list_groups;
pub(crate) mod list_offsets;
pub(crate) mod metadata;
pub(crate) mod offset_commit;
pub(crate) mod offset_delete;
pub(crate) mod offset_fetch;
pub(crate) mod offset_for_leader_epoch;
pub(crate) mod produce;
pub(crate) mod sync_group;

/// Calls a macro once per API with `module, Name`.
macro_rules! each_api {
    ($each:ident) => {
        $each! {
            produce Produce;
            fetch Fetch;
            list_offsets ListOffsets;
            metadata Metadata;
            offset_commit OffsetCommit;
            offset_fetch OffsetFetch;
            find_coordinator FindCoordinator;
            join_group JoinGroup;
            heartbeat Heartbeat;
            leave_group LeaveGroup;
            sync_group SyncGroup;
            describe_groups DescribeGroups;
            list_groups ListGroups;
            api_versions ApiVersions;
            create_topics CreateTopics;
            delete_topics DeleteTopics;
            delete_records DeleteRecords;
            init_producer_id InitProducerId;
            offset_for_leader_epoch OffsetForLeaderEpoch;
            describe_configs DescribeConfigs;
            create_partitions CreatePartitions;
            delete_groups DeleteGroups;
            incremental_alter_configs IncrementalAlterConfigs;
            offset_delete OffsetDelete;
            describe_cluster DescribeCluster;
        }
    };
}

pub(crate) use each_api;
