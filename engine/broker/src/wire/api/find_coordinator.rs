//! `FindCoordinator`: which broker keeps a group; here always this one.

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Finds the coordinator of groups or transactions.
    FindCoordinator = 10, 0..=6, flexible 3, FindCoordinatorRequest => FindCoordinatorResponse
}

message! {
    /// Whose coordinator; key type 0 is a group, 1 a transaction.
    struct FindCoordinatorRequest {
        key: Str, 0..=3;
        key_type: i8, 1..;
        coordinator_keys: Vec<Str>, 4..;
    }

    /// Its address.
    struct FindCoordinatorResponse {
        throttle_time_ms: i32, 1..;
        error_code: ErrorCode, 0..=3;
        error_message: Option<Str>, 1..=3;
        node_id: i32, 0..=3;
        host: Str, 0..=3;
        port: i32, 0..=3;
        coordinators: Vec<Coordinator>, 4..;
    }

    /// Address of one key's coordinator.
    struct Coordinator {
        key: Str, 4..;
        node_id: i32, 4..;
        host: Str, 4..;
        port: i32, 4..;
        error_code: ErrorCode, 4..;
        error_message: Option<Str>, 4..;
    }
}
