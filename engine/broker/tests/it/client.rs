//! A client of the bare protocol, encoded by another implementation of it.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use bytes::{Bytes, BytesMut};
use kafka_protocol::{
    messages::{RequestHeader, ResponseHeader},
    protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes},
};

use crate::harness::PATIENCE;

pub(crate) struct Client {
    stream: TcpStream,
    correlation_id: i32,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the broker accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        Self { stream, correlation_id: 0 }
    }

    /// Sends a request and reads its response.
    pub(crate) fn call<R>(&mut self, request: &R, version: i16) -> R::Response
    where
        R: Request,
        R::Response: Decodable + HeaderVersion,
    {
        self.send(request, version);
        self.receive::<R>(version)
    }

    /// Sends a request.
    pub(crate) fn send<R: Request>(&mut self, request: &R, version: i16) {
        self.correlation_id += 1;
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation_id)
            .with_client_id(Some(StrBytes::from_static_str("test")));
        let mut frame = BytesMut::new();
        header.encode(&mut frame, R::header_version(version)).expect("the header encodes");
        request.encode(&mut frame, version).expect("the request encodes");
        self.write(&(frame.len() as u32).to_be_bytes());
        self.write(&frame);
    }

    /// Reads the response to a request.
    pub(crate) fn receive<R>(&mut self, version: i16) -> R::Response
    where
        R: Request,
        R::Response: Decodable + HeaderVersion,
    {
        let mut frame = self.frame();
        let header = ResponseHeader::decode(&mut frame, R::Response::header_version(version));
        assert!(header.expect("the header decodes").correlation_id <= self.correlation_id);
        let response = R::Response::decode(&mut frame, version).expect("the response decodes");
        assert!(frame.is_empty(), "bytes left over");
        response
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the broker reads");
    }

    /// The next frame without its length.
    pub(crate) fn frame(&mut self) -> Bytes {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).expect("a response comes");
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut frame).expect("a whole response comes");
        frame.into()
    }

    /// Whether the broker closes the connection without another byte.
    pub(crate) fn is_closed(&mut self) -> bool {
        let read = self.stream.peek(&mut [0; 1]);
        match read {
            Ok(0) => true,
            Ok(_) => false,
            Err(e) => e.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }
}
