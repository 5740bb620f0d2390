//! Companion services in Docker.
