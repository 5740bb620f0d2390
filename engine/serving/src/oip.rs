//! The Open Inference Protocol, version 2, for recommenders: its messages and what they mean here.
//!
//! * Input `user` BYTES [n] and parameter `k`; outputs `item` BYTES [n, k] and `score` FP32 [n, k]. Tensors are
//!   rectangular: if a small catalogue leaves somebody fewer than `k` items, every row is that short.
//! * All users of a request are answered by one version at one moment. `cold_start` is true if any of them is unknown.
//! * `data` may be nested or flat, as the protocol allows; here it is always written flat.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{Answer, PredictError, Recommender, Version};

/// Most users that one request may name.
pub const USERS_MAX: usize = 1_024;
/// Items per user if the request names no `k`.
const K_DEFAULT: usize = 10;

/// What `GET /v2` tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerMetadata {
    /// The server's name.
    pub name: &'static str,
    /// Its version.
    pub version: String,
    /// Extensions of the protocol that it has.
    pub extensions: Vec<&'static str>,
}

/// What `GET /v2/models/{model}` tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelMetadata {
    /// The model.
    pub name: String,
    /// The version that is served.
    pub versions: Vec<String>,
    /// Kind of its artefact.
    pub platform: &'static str,
    /// What it wants.
    pub inputs: Vec<TensorMetadata>,
    /// What it gives.
    pub outputs: Vec<TensorMetadata>,
}

/// A tensor's name and form; −1 is a size that varies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TensorMetadata {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub datatype: &'static str,
    /// Its sizes.
    pub shape: Vec<i64>,
}

/// A request.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct InferRequest {
    /// Given back in the response.
    #[serde(default)]
    pub id: Option<String>,
    /// `k`, the number of items per user.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// The tensor `user`.
    pub inputs: Vec<InferInput>,
    /// The outputs that are wanted; all if none is named.
    #[serde(default)]
    pub outputs: Vec<WantedOutput>,
}

/// A tensor that came with a request.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct InferInput {
    /// Its name.
    pub name: String,
    /// Its sizes.
    pub shape: Vec<i64>,
    /// Its type.
    pub datatype: String,
    /// Its numbers or texts, nested or flat.
    pub data: Value,
}

/// An output that a request asks for.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct WantedOutput {
    /// Its name.
    pub name: String,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InferResponse {
    /// The model.
    pub model_name: String,
    /// The version that all of the response is from.
    pub model_version: String,
    /// The request's `id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `cold_start` and `params_offset`.
    pub parameters: Map<String, Value>,
    /// The tensors `item` and `score`.
    pub outputs: Vec<InferOutput>,
}

/// A tensor of a response.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InferOutput {
    /// Its name.
    pub name: &'static str,
    /// Its sizes.
    pub shape: Vec<usize>,
    /// Its type.
    pub datatype: &'static str,
    /// Its numbers or texts, row by row.
    pub data: Vec<Value>,
}

/// Why a request has no response; the text is what `{"error": …}` says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InferError {
    /// The model gives no answer.
    #[error(transparent)]
    Predict(#[from] PredictError),
    /// The request has not the one input `user`.
    #[error("the one input must be `user`, BYTES of shape [n]; the request has {found}")]
    Inputs {
        /// The inputs of the request.
        found: String,
    },
    /// The input is of another type.
    #[error("input `user` has datatype {found}; it must be BYTES")]
    Datatype {
        /// The type.
        found: String,
    },
    /// The data is something else than text.
    #[error("input `user` holds {found}; its data must be text")]
    Data {
        /// What it holds.
        found: String,
    },
    /// The shape does not fit the data.
    #[error("input `user` has shape {shape:?} but {users} users; the shape must be [{users}]")]
    Shape {
        /// The shape of the request.
        shape: Vec<i64>,
        /// The users in its data.
        users: usize,
    },
    /// Too many users at once.
    #[error("the request names {users} users; 1 to {USERS_MAX} are allowed")]
    Users {
        /// How many it names.
        users: usize,
    },
    /// `k` is no whole number.
    #[error("parameter `k` is {found}; it must be a whole number")]
    K {
        /// What it is.
        found: String,
    },
    /// An output that does not exist.
    #[error("there is no output `{name}`; there are `item` and `score`")]
    Output {
        /// The name.
        name: String,
    },
}

impl InferError {
    /// Whether the request was right but named something that is not there (404), else it was wrong (400).
    pub fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::Predict(PredictError::NotServing { .. } | PredictError::OtherVersion { .. })
        )
    }
}

/// What this server is.
pub fn server_metadata(version: &str) -> ServerMetadata {
    ServerMetadata { name: "pancake", version: version.to_owned(), extensions: Vec::new() }
}

/// What a served model wants and gives.
pub fn model_metadata(recommender: &Recommender) -> ModelMetadata {
    let tensor = |name, datatype, shape| TensorMetadata { name, datatype, shape };
    ModelMetadata {
        name: recommender.model().to_string(),
        versions: recommender.live().iter().map(|live| live.version().to_string()).collect(),
        platform: "pancake_als",
        inputs: vec![tensor("user", "BYTES", vec![-1])],
        outputs: vec![tensor("item", "BYTES", vec![-1, -1]), tensor("score", "FP32", vec![-1, -1])],
    }
}

/// Answers a request; `version` pins the version that must answer.
pub fn infer(
    recommender: &Recommender,
    request: InferRequest,
    version: Option<Version>,
) -> Result<InferResponse, InferError> {
    let users = read_users(&request.inputs)?;
    let k = read_k(&request.parameters)?;
    let wanted = |name: &str| {
        request.outputs.is_empty() || request.outputs.iter().any(|output| output.name == name)
    };
    if let Some(other) =
        request.outputs.iter().find(|o| !matches!(o.name.as_str(), "item" | "score"))
    {
        return Err(InferError::Output { name: other.name.clone() });
    }
    let answers = recommender.recommend_all(&users, k, version)?;
    let outputs = tensors(&answers).into_iter().filter(|output| wanted(output.name)).collect();
    let Some(first) = answers.first() else {
        return Err(InferError::Users { users: 0 });
    };
    let parameters = [
        ("cold_start", json!(answers.iter().any(|answer| answer.cold_start))),
        ("params_offset", json!(first.params_offset)),
    ];
    Ok(InferResponse {
        model_name: first.model.to_string(),
        model_version: first.version.to_string(),
        id: request.id,
        parameters: parameters.into_iter().map(|(name, v)| (name.to_owned(), v)).collect(),
        outputs,
    })
}

fn read_users(inputs: &[InferInput]) -> Result<Vec<&str>, InferError> {
    let [input] = inputs else {
        let names: Vec<_> = inputs.iter().map(|input| format!("`{}`", input.name)).collect();
        let found = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(InferError::Inputs { found });
    };
    if input.name != "user" {
        return Err(InferError::Inputs { found: format!("`{}`", input.name) });
    }
    if input.datatype != "BYTES" {
        return Err(InferError::Datatype { found: input.datatype.clone() });
    }
    let mut users = Vec::new();
    flatten(&input.data, &mut users)?;
    if !(1..=USERS_MAX).contains(&users.len()) {
        return Err(InferError::Users { users: users.len() });
    }
    // [n, 1] is how some clients write a column.
    let product: i64 = input.shape.iter().copied().fold(1, i64::saturating_mul);
    let flat = input.shape.iter().skip(1).all(|size| *size == 1);
    if input.shape.is_empty() || !flat || product != users.len() as i64 {
        return Err(InferError::Shape { shape: input.shape.clone(), users: users.len() });
    }
    Ok(users)
}

fn flatten<'a>(data: &'a Value, users: &mut Vec<&'a str>) -> Result<(), InferError> {
    match data {
        Value::String(user) => users.push(user),
        Value::Array(values) => {
            for value in values.iter().take(USERS_MAX + 1) {
                flatten(value, users)?;
            }
        }
        other => return Err(InferError::Data { found: other.to_string() }),
    }
    Ok(())
}

fn read_k(parameters: &Map<String, Value>) -> Result<usize, InferError> {
    let Some(k) = parameters.get("k") else { return Ok(K_DEFAULT) };
    let wrong = || InferError::K { found: k.to_string() };
    k.as_u64().and_then(|k| usize::try_from(k).ok()).ok_or_else(wrong)
}

fn tensors(answers: &[Answer]) -> [InferOutput; 2] {
    let k = answers.iter().map(|answer| answer.items.len()).min().unwrap_or_default();
    let shape = vec![answers.len(), k];
    let all = || answers.iter().flat_map(|answer| answer.items.iter().take(k));
    let items = all().map(|r| Value::from(r.item.as_ref())).collect();
    let scores = all().map(|r| json!(r.score)).collect();
    [
        InferOutput { name: "item", shape: shape.clone(), datatype: "BYTES", data: items },
        InferOutput { name: "score", shape, datatype: "FP32", data: scores },
    ]
}

#[cfg(test)]
mod tests;
