//! `/api/v1`: one file per kind of thing, each a row of short handlers.

pub(crate) mod catalog;
pub(crate) mod feeds;
pub(crate) mod groups;
pub(crate) mod jobs;
pub(crate) mod lab_pages;
pub(crate) mod labs;
pub(crate) mod models;
pub(crate) mod services;
pub(crate) mod session;
pub(crate) mod sql;
pub(crate) mod status;
pub(crate) mod today;
pub(crate) mod topics;

use axum::Json;

use crate::error::ApiError;

/// What a handler answers.
pub(crate) type Answer<T> = Result<Json<T>, ApiError>;
