//! Gives idempotent producers their ids. Transactions are not served.

use crate::{
    server::route::{Context, Handle},
    wire::{
        ErrorCode,
        api::init_producer_id::{InitProducerId, InitProducerIdRequest, InitProducerIdResponse},
    },
};

impl Handle for InitProducerId {
    async fn answer(ctx: &Context<'_>, request: InitProducerIdRequest) -> InitProducerIdResponse {
        let mut response = InitProducerIdResponse::default();
        if request.transactional_id.is_some() {
            response.error_code = ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
            return response;
        }
        match ctx.broker().new_producer_id() {
            Ok(id) => response.producer_id = id,
            Err(error) => {
                tracing::error!(%error, "cannot reserve producer ids");
                response.error_code = ErrorCode::KAFKA_STORAGE_ERROR;
            }
        }
        response
    }
}
