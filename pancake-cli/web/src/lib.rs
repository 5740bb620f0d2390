//! Everything HTTP: API, gate, live socket, inference protocol.
