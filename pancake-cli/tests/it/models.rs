//! Users and models that nobody knows.

use crate::env::{TestEnv, table};

#[test]
fn an_unknown_user_gets_what_is_popular_and_an_unknown_model_nothing() {
    let env = TestEnv::up();
    let rows: Vec<String> = (0..40)
        .map(|n| format!(r#"{{"u":"u{}","i":"i{}"}}"#, n % 8, (n / 8) * (n % 8) % 7))
        .collect();
    env.produce("seen", &rows);
    env.sql(&table("seen", "u STRING, i STRING", ""));
    let columns = ["--user-col", "u", "--item-col", "i", "--factors", "4", "--iterations", "2"];
    env.ok(["model", "train", "tastes", "--table", "seen"].iter().chain(&columns));
    let predict = ["--json", "model", "predict", "tastes", "-k", "3", "--user"];
    let early = env.run(predict.iter().chain(&["u1"]));
    assert_eq!(early.code, 2, "trained is not served: {}", early.stderr);
    env.ok(["model", "deploy", "tastes"]);

    let stranger = env.ok(predict.iter().chain(&["nobody at all/%"])).json();
    assert_eq!(stranger["cold_start"], true, "{stranger}");
    assert_eq!(stranger["user"], "nobody at all/%");
    assert_eq!(stranger["items"][0]["item"], "i0", "the most popular first: {stranger}");
    let known = env.ok(predict.iter().chain(&["u1"])).json();
    assert_eq!(known["cold_start"], false, "{known}");

    let unknown = env.run(["--json", "model", "predict", "taste", "--user", "u1"]).exits(2);
    let unknown = unknown.says(&["there is no model `taste`", "did you mean `tastes`?"]);
    assert_eq!(unknown.json()["error"]["code"], "unknown_model");
    assert_eq!(status(&env, "/api/v1/models/taste/recommendations/u1"), 404);
    assert_eq!(status(&env, "/v2/models/taste"), 404);
    assert_eq!(status(&env, "/api/v1/models/tastes/recommendations/u1"), 200);
}

/// Status of the answer to a GET with the workshop's own token.
fn status(env: &TestEnv, path: &str) -> u16 {
    let url = env.said("url").as_str().unwrap();
    let (address, _) = url.split_once("/login").unwrap();
    let agent = ureq::Agent::config_builder().proxy(None).http_status_as_error(false).build();
    let bearer = format!("Bearer {}", env.said("token").as_str().unwrap());
    let request = agent.new_agent().get(format!("{address}{path}"));
    request.header("authorization", bearer).call().unwrap().status().as_u16()
}
