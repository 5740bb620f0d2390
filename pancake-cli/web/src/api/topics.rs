//! Topics and their records.

use axum::{Json, extract::State, http::StatusCode};
use pancake_node::api::{NewRecordView, ReadFrom, RecordView, TopicSpec, TopicView};
use serde::{Deserialize, Serialize};

use super::Answer;
use crate::{
    App,
    error::ApiError,
    extract::{Body, Named, Params},
};

const RECORDS_DEFAULT: usize = 100;
const RECORDS_MAX: usize = 10_000;

/// A topic to be made.
#[derive(Debug, Deserialize)]
pub(crate) struct NewTopic {
    name: String,
    #[serde(flatten)]
    spec: TopicSpec,
}

/// What part of a topic to read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Slice {
    /// `earliest`, `last:20`, `offset:1000` or `time:1700000000000`.
    from: Option<String>,
    limit: Option<usize>,
}

/// Records to be written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRecords {
    records: Vec<NewRecordView>,
}

/// Where a record has come to lie.
#[derive(Debug, Serialize)]
pub(crate) struct Placed {
    partition: u32,
    offset: u64,
}

/// `GET /api/v1/topics`
pub(crate) async fn list(State(app): State<App>) -> Json<Vec<TopicView>> {
    Json(app.node.topics())
}

/// `POST /api/v1/topics`
pub(crate) async fn create(
    State(app): State<App>,
    Body(topic): Body<NewTopic>,
) -> Result<(StatusCode, Json<TopicView>), ApiError> {
    let view = app.node.create_topic(&topic.name, topic.spec).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// `GET /api/v1/topics/{topic}`
pub(crate) async fn show(State(app): State<App>, Named(topic): Named<String>) -> Answer<TopicView> {
    Ok(Json(app.node.topic(&topic)?))
}

/// `DELETE /api/v1/topics/{topic}`
pub(crate) async fn delete(
    State(app): State<App>,
    Named(topic): Named<String>,
) -> Result<StatusCode, ApiError> {
    app.node.delete_topic(&topic).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/v1/topics/{topic}/records?from=&limit=`
pub(crate) async fn records(
    State(app): State<App>,
    Named(topic): Named<String>,
    Params(slice): Params<Slice>,
) -> Answer<Vec<RecordView>> {
    let from = slice.from.as_deref().map_or(Ok(ReadFrom::Earliest), read_from)?;
    let limit = slice.limit.unwrap_or(RECORDS_DEFAULT).min(RECORDS_MAX);
    Ok(Json(app.node.records(&topic, from, limit).await?))
}

/// `POST /api/v1/topics/{topic}/records`
pub(crate) async fn produce(
    State(app): State<App>,
    Named(topic): Named<String>,
    Body(new): Body<NewRecords>,
) -> Answer<Vec<Placed>> {
    let written = app.node.produce(&topic, new.records).await?;
    let placed = |(partition, offset)| Placed { partition, offset };
    Ok(Json(written.into_iter().map(placed).collect()))
}

fn read_from(text: &str) -> Result<ReadFrom, ApiError> {
    let (word, number) = text.split_once(':').unwrap_or((text, ""));
    let parsed = match word {
        "earliest" => Some(ReadFrom::Earliest),
        "last" => number.parse().ok().map(ReadFrom::Last),
        "offset" => number.parse().ok().map(ReadFrom::Offset),
        "time" => number.parse().ok().map(ReadFrom::Timestamp),
        _ => None,
    };
    parsed.ok_or_else(|| {
        ApiError::new(StatusCode::BAD_REQUEST, "bad_from", format!("`{text}` is no place to begin"))
            .hint("earliest, last:20, offset:1000 or time:1700000000000")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_to_begin() {
        assert_eq!(read_from("earliest").unwrap(), ReadFrom::Earliest);
        assert_eq!(read_from("last:20").unwrap(), ReadFrom::Last(20));
        assert_eq!(read_from("offset:7").unwrap(), ReadFrom::Offset(7));
        assert_eq!(read_from("time:-5").unwrap(), ReadFrom::Timestamp(-5));
        for wrong in ["", "latest", "last", "last:-1", "offset:x"] {
            assert_eq!(read_from(wrong).unwrap_err().body.code, "bad_from", "{wrong}");
        }
    }
}
