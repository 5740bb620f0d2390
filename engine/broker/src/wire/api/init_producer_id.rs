//! `InitProducerId`: a number of its own for a producer, so that what it sends twice is kept once.

use crate::wire::{
    ErrorCode, Str,
    message::{api, message},
};

api! {
    /// Gives a producer its id and epoch.
    InitProducerId = 22, 0..=5, flexible 2, InitProducerIdRequest => InitProducerIdResponse
}

message! {
    /// Who asks; without a transactional id, a producer that is only idempotent.
    struct InitProducerIdRequest {
        transactional_id: Option<Str>, 0..;
        transaction_timeout_ms: i32, 0..;
        producer_id: i64, 3.., default -1;
        producer_epoch: i16, 3.., default -1;
    }

    /// Its id.
    struct InitProducerIdResponse {
        throttle_time_ms: i32, 0..;
        error_code: ErrorCode, 0..;
        producer_id: i64, 0.., default -1;
        producer_epoch: i16, 0..;
    }
}
