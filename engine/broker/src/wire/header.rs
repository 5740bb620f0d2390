//! What stands in front of every request and response.
//!
//! * A flexible request's header ends with tagged fields, but its client id keeps the old encoding.
//! * The header of an `ApiVersions` response is always the oldest, so that a client of any age can read it.

use super::{
    api::api_versions::ApiVersions,
    message::{Api, Version, Wire},
    reader::{DecodeError, Reader},
    value::Str,
    writer::Writer,
};

/// The head of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestHeader {
    /// Which API.
    pub(crate) api_key: i16,
    /// In which version.
    pub(crate) api_version: i16,
    /// What the response must carry.
    pub(crate) correlation_id: i32,
    /// What the client calls itself.
    pub(crate) client_id: Option<Str>,
}

impl RequestHeader {
    /// The eight bytes that never change: key, version and correlation id.
    pub(crate) fn decode_fixed(r: &mut Reader) -> Result<Self, DecodeError> {
        Ok(Self {
            api_key: r.i16()?,
            api_version: r.i16()?,
            correlation_id: r.i32()?,
            client_id: None,
        })
    }

    /// The rest, whose shape depends on the API's first flexible version.
    pub(crate) fn decode_rest(&mut self, r: &mut Reader, v: Version) -> Result<(), DecodeError> {
        let old = Version { number: v.number, flexible: false };
        self.client_id = Wire::decode(r, old)?;
        if v.flexible { r.skip_tags() } else { Ok(()) }
    }
}

/// Starts a response: the correlation id, then tagged fields if the version has them.
pub(crate) fn response_header<A: Api>(correlation_id: i32, v: Version) -> Writer {
    let mut w = Writer::default();
    correlation_id.encode(&mut w, v);
    if v.flexible && A::KEY != ApiVersions::KEY {
        w.no_tags();
    }
    w
}
