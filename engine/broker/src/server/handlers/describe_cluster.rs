//! The cluster: one broker.

use super::NODE_ID;
use crate::{
    server::route::{Context, Handle},
    wire::api::describe_cluster::{
        DescribeCluster, DescribeClusterBroker, DescribeClusterRequest, DescribeClusterResponse,
    },
};

impl Handle for DescribeCluster {
    async fn answer(ctx: &Context<'_>, _: DescribeClusterRequest) -> DescribeClusterResponse {
        let address = ctx.advertised();
        let broker = DescribeClusterBroker {
            broker_id: NODE_ID,
            host: address.host.clone().into(),
            port: address.port.into(),
            rack: None,
        };
        DescribeClusterResponse {
            cluster_id: ctx.broker().0.cluster_id.clone().into(),
            controller_id: NODE_ID,
            brokers: vec![broker],
            ..DescribeClusterResponse::default()
        }
    }
}
