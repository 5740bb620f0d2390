//! From a frame to the handler of its API and back to a frame.
//!
//! * `ApiVersions` in a version we do not know is answered in version 0, so that a newer client can step down.
//! * Any other API or version that we do not serve ends the connection, as Kafka does.

use std::{fmt, pin::Pin};

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Shared,
    connection::{ConnectionError, Peer},
    handlers,
};
use crate::{
    Broker, HostPort,
    wire::{
        Api, ErrorCode, Parts, Reader, RequestHeader, Version, Wire,
        api::{self, api_versions::ApiVersions, each_api, fetch::Fetch, produce::Produce},
        response_header,
    },
};

/// What a handler knows beside the request.
#[derive(Clone, Debug)]
pub(crate) struct Context<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) peer: &'a Peer,
    pub(crate) client_id: String,
    pub(crate) version: i16,
}

impl Context<'_> {
    /// The broker.
    pub(crate) fn broker(&self) -> &Broker {
        &self.shared.broker
    }

    /// Where clients of this connection find the broker.
    pub(crate) fn advertised(&self) -> &HostPort {
        &self.peer.advertised
    }
}

/// An API that is served.
pub(crate) trait Handle: Api {
    /// Carries a request out.
    fn answer(
        ctx: &Context<'_>,
        request: Self::Request,
    ) -> impl Future<Output = Self::Response> + Send;
}

/// Something that a reply waits for before it goes out.
pub(crate) type Wait = Pin<Box<dyn Future<Output = Parts> + Send>>;

/// A response on its way.
pub(crate) enum Reply {
    /// It can go out; memory is held for it.
    Ready(Parts, Option<OwnedSemaphorePermit>),
    /// It goes out when something else has happened.
    Later(Wait),
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}

impl Reply {
    /// Bytes that it holds while it waits.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Ready(parts, _) => parts.len(),
            Self::Later(_) => 0,
        }
    }

    /// The parts, when they may go out, and what must be held until they have.
    pub(crate) async fn wait(self) -> (Vec<Bytes>, Option<OwnedSemaphorePermit>) {
        match self {
            Self::Ready(parts, held) => (parts.into_parts(), held),
            Self::Later(parts) => (parts.await.into_parts(), None),
        }
    }
}

/// Carries out the request in a frame. `None` if it gets no response. The memory `held` for the frame is held for as long
/// as its records are needed; a request that waits for something holds none.
pub(crate) async fn carry_out(
    shared: &Shared,
    peer: &Peer,
    frame: Bytes,
    held: Option<OwnedSemaphorePermit>,
) -> Result<Option<Reply>, ConnectionError> {
    let mut r = Reader::new(frame);
    let header = RequestHeader::decode_fixed(&mut r)?;
    if header.api_key != Produce::KEY {
        drop(held);
    }
    match header.api_key {
        Produce::KEY => {
            let (ctx, request, v) = decode::<Produce>(shared, peer, header.clone(), r)?;
            Ok(handlers::produce::append(&ctx, request, v, header.correlation_id))
        }
        Fetch::KEY => {
            let (ctx, request, v) = decode::<Fetch>(shared, peer, header.clone(), r)?;
            let (response, held) = handlers::fetch::read(&ctx, request).await?;
            let parts = encode::<Fetch>(&response, header.correlation_id, v);
            Ok(Some(Reply::Ready(parts, Some(held))))
        }
        ApiVersions::KEY if !ApiVersions::VERSIONS.contains(&header.api_version) => {
            let mut response = handlers::api_versions::versions();
            response.error_code = ErrorCode::UNSUPPORTED_VERSION;
            let v = Version::of::<ApiVersions>(0);
            let parts = encode::<ApiVersions>(&response, header.correlation_id, v);
            Ok(Some(Reply::Ready(parts, None)))
        }
        _ => dispatch(shared, peer, header, r).await,
    }
}

macro_rules! dispatch {
    ($($module:ident $name:ident;)*) => {
        async fn dispatch(
            shared: &Shared,
            peer: &Peer,
            header: RequestHeader,
            r: Reader,
        ) -> Result<Option<Reply>, ConnectionError> {
            match header.api_key {
                $( <api::$module::$name as Api>::KEY => {
                    dispatch!(@call $name, api::$module::$name, shared, peer, header, r)
                } )*
                _ => Err(unsupported(&header)),
            }
        }
    };
    // These two have replies of their own kind; `carry_out` has taken them already.
    (@call Produce, $api:ty, $shared:ident, $peer:ident, $header:ident, $r:ident) => {
        Err(unsupported(&$header))
    };
    (@call Fetch, $api:ty, $shared:ident, $peer:ident, $header:ident, $r:ident) => {
        Err(unsupported(&$header))
    };
    (@call $name:ident, $api:ty, $shared:ident, $peer:ident, $header:ident, $r:ident) => {
        answer::<$api>($shared, $peer, $header, $r).await
    };
}

each_api!(dispatch);

fn unsupported(header: &RequestHeader) -> ConnectionError {
    let (api_key, version) = (header.api_key, header.api_version);
    ConnectionError::Unsupported { api_key, version }
}

async fn answer<A: Handle>(
    shared: &Shared,
    peer: &Peer,
    header: RequestHeader,
    r: Reader,
) -> Result<Option<Reply>, ConnectionError> {
    let correlation_id = header.correlation_id;
    let (ctx, request, v) = decode::<A>(shared, peer, header, r)?;
    let response = A::answer(&ctx, request).await;
    Ok(Some(Reply::Ready(encode::<A>(&response, correlation_id, v), None)))
}

fn decode<'a, A: Api>(
    shared: &'a Shared,
    peer: &'a Peer,
    mut header: RequestHeader,
    mut r: Reader,
) -> Result<(Context<'a>, A::Request, Version), ConnectionError> {
    let version = header.api_version;
    if !A::VERSIONS.contains(&version) {
        return Err(unsupported(&header));
    }
    let v = Version::of::<A>(version);
    header.decode_rest(&mut r, v)?;
    let request = A::Request::decode(&mut r, v)?;
    let client_id = header.client_id.unwrap_or_default().to_string();
    Ok((Context { shared, peer, client_id, version }, request, v))
}

/// A response as a frame.
pub(crate) fn encode<A: Api>(response: &A::Response, correlation_id: i32, v: Version) -> Parts {
    let mut w = response_header::<A>(correlation_id, v);
    response.encode(&mut w, v);
    w.into_frame()
}
