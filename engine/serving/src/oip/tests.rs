//! Requests and responses as they stand on the wire.

use std::sync::Arc;

use pancake_ml::{AlsSettings, Interactions, train};
use pancake_types::SystemClock;

use super::*;
use crate::{Live, ModelName};

fn recommender() -> Recommender {
    let rows = [("ann", "tea"), ("ann", "milk"), ("bob", "tea"), ("bob", "milk"), ("cid", "tea")];
    let settings = AlsSettings { factors: 2, regularization: 0.1, ..AlsSettings::default() };
    let model = train(&Interactions::from(&rows.into_iter().collect()), &settings).unwrap();
    let recommender =
        Recommender::new(ModelName::new("drinks").unwrap(), Arc::new(SystemClock::new()));
    recommender.swap(Arc::new(Live::new(Version::new(3), model)));
    recommender
}

fn ask(request: &Value) -> Result<Value, String> {
    let request = serde_json::from_value(request.clone()).map_err(|error| error.to_string())?;
    let response = infer(&recommender(), request, None).map_err(|error| error.to_string())?;
    Ok(serde_json::to_value(response).unwrap())
}

#[track_caller]
fn check_refused(inputs: &Value, parameters: &Value, message: &str) {
    let request = json!({"inputs": inputs, "parameters": parameters});
    assert_eq!(ask(&request), Err(message.to_owned()));
}

#[test]
fn a_request_is_answered_in_the_protocols_form() {
    let mut answer = ask(&json!({
        "id": "42",
        "parameters": {"k": 1},
        "inputs": [{"name": "user", "shape": [2], "datatype": "BYTES", "data": ["cid", "new"]}],
    }))
    .unwrap();
    let score = answer["outputs"][1]["data"][0].take().as_f64().unwrap();
    assert!(score > 0.0, "{score}");
    let expected = json!({
        "model_name": "drinks",
        "model_version": "3",
        "id": "42",
        "parameters": {"cold_start": true, "params_offset": 0},
        "outputs": [
            {"name": "item", "shape": [2, 1], "datatype": "BYTES", "data": ["milk", "tea"]},
            {"name": "score", "shape": [2, 1], "datatype": "FP32", "data": [null, 3.0]},
        ],
    });
    assert_eq!(answer, expected);
}

#[test]
fn nested_data_columns_and_chosen_outputs_are_legal() {
    let answer = ask(&json!({
        "inputs": [{"name": "user", "shape": [2, 1], "datatype": "BYTES", "data": [["cid"], ["bob"]]}],
        "outputs": [{"name": "item"}],
    }))
    .unwrap();
    // Bob has seen everything, so the tensor is as short as his row.
    let expected = json!([{"name": "item", "shape": [2, 0], "datatype": "BYTES", "data": []}]);
    assert_eq!(answer["outputs"], expected);
    assert_eq!(answer["parameters"]["cold_start"], json!(false));
}

#[test]
fn a_wrong_request_is_told_what_is_wrong() {
    let none = json!({});
    let user = |shape: Value, data: Value| json!([{"name": "user", "shape": shape, "datatype": "BYTES", "data": data}]);
    let whom = "the one input must be `user`, BYTES of shape [n]; the request has";
    check_refused(&json!([]), &none, &format!("{whom} none"));
    let other = json!([{"name": "x", "shape": [1], "datatype": "BYTES", "data": ["a"]}]);
    check_refused(&other, &none, &format!("{whom} `x`"));
    let typed = json!([{"name": "user", "shape": [1], "datatype": "INT64", "data": [1]}]);
    check_refused(&typed, &none, "input `user` has datatype INT64; it must be BYTES");
    check_refused(
        &user(json!([1]), json!([7])),
        &none,
        "input `user` holds 7; its data must be text",
    );
    check_refused(
        &user(json!([3]), json!(["a"])),
        &none,
        "input `user` has shape [3] but 1 users; the shape must be [1]",
    );
    let crowd = vec!["a"; USERS_MAX + 1];
    check_refused(
        &user(json!([crowd.len()]), json!(crowd)),
        &none,
        "the request names 1025 users; 1 to 1024 are allowed",
    );
    check_refused(
        &user(json!([1]), json!(["a"])),
        &json!({"k": "ten"}),
        "parameter `k` is \"ten\"; it must be a whole number",
    );
    check_refused(
        &user(json!([1]), json!(["a"])),
        &json!({"k": 0}),
        "k is 0; 1 to 1000 items can be asked for",
    );
}

#[test]
fn only_the_served_version_answers_when_one_is_named() {
    let request = || InferRequest {
        inputs: vec![InferInput {
            name: "user".to_owned(),
            shape: vec![1],
            datatype: "BYTES".to_owned(),
            data: json!(["ann"]),
        }],
        ..InferRequest::default()
    };
    let recommender = recommender();
    assert!(infer(&recommender, request(), Some(Version::new(3))).is_ok());
    let error = infer(&recommender, request(), Some(Version::new(2))).unwrap_err();
    assert_eq!(error.to_string(), "version 2 of model `drinks` is not served; version 3 is");
    assert!(error.is_not_found());
    recommender.clear();
    let error = infer(&recommender, request(), None).unwrap_err();
    assert_eq!(error.to_string(), "no version of model `drinks` is deployed");
    assert_eq!(recommender.stats().view().failed, 2);
}

#[test]
fn a_model_tells_what_it_wants() {
    let metadata = serde_json::to_value(model_metadata(&recommender())).unwrap();
    let expected = json!({
        "name": "drinks",
        "versions": ["3"],
        "platform": "pancake_als",
        "inputs": [{"name": "user", "datatype": "BYTES", "shape": [-1]}],
        "outputs": [
            {"name": "item", "datatype": "BYTES", "shape": [-1, -1]},
            {"name": "score", "datatype": "FP32", "shape": [-1, -1]},
        ],
    });
    assert_eq!(metadata, expected);
}
