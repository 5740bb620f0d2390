//! Everything HTTP: API, gate, live socket, inference protocol, pages.
//!
//! * One gate stands before every route and every upgrade; [`routes`] is the only table of routes, and a test walks it.
//! * A handler extracts, calls the engine or the labs, and shows a view; what a client may learn of an error is
//!   decided in one file.
//! * This is the only crate that names axum.
//!
//! Start reading at [`Web`], then the table in `routes.rs`.

#![allow(clippy::unused_async, reason = "a handler is a future, also where it awaits nothing")]

mod api;
mod app;
mod error;
mod extract;
mod gate;
mod live;
mod measure;
mod oip;
mod pages;
mod predict;
mod routes;
mod secret;
mod serve;
mod sessions;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod views;

use app::App;
pub use app::{OpenError, Web, WebOptions};
pub use secret::{NoRandomness, Secret};
pub use serve::{app, serve};
pub use sessions::SessionError;
