//! Statements with a mistake in them: where it is, and what was probably meant.

use serde_json::json;

use crate::env::{TestEnv, table};

#[test]
fn a_mistake_is_shown_with_its_place_and_what_was_meant() {
    let env = TestEnv::up();
    env.sql(&table("orders", "stand STRING, price INT", ""));
    let cases = [
        ("SELEC 1", [1, 1], "SELEC", "did you mean `SELECT`?"),
        ("SELECT 1;\nSELECT *\n  FRM orders", [3, 3], "FRM", "did you mean `FROM`?"),
        ("SELECT *\nFROM ordes", [2, 6], "no table or view `ordes`", "did you mean `orders`?"),
        ("SELECT\n  prise\nFROM orders", [2, 3], "unknown column `prise`", "did you mean `price`?"),
    ];
    for (text, at, message, hint) in cases {
        let answer = env.run(["--json", "sql", "-e", text]).exits(2);
        let answer = answer.says(&[hint, &format!("[-e:{}:{}]", at[0], at[1])]);
        let error = answer.stdout.lines().last().unwrap();
        let error: serde_json::Value = serde_json::from_str(error).unwrap();
        let error = &error["error"];
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
        assert_eq!(error["at"], json!(at), "{text}: {error}");
        assert_eq!(error["hint"], hint, "{error}");
    }
}

#[test]
fn a_file_is_named_as_the_place_of_its_mistake() {
    let env = TestEnv::up();
    let file = env.dir().join("job.sql");
    std::fs::write(&file, "SELECT 1;\n\nSELEC 2;\n").unwrap();
    let place = format!("{}:3:1]", file.display());
    // A long path is broken over lines, so blanks do not count.
    let answer = env.run(["job", "submit", file.to_str().unwrap()]).exits(2);
    let said: String = answer.stderr.split_whitespace().collect();
    assert!(said.contains(&place), "{place} is missing in:\n{}", answer.stderr);
    env.run(["sql", "-f", "nowhere.sql"]).exits(2).says(&["cannot read nowhere.sql"]);
}

#[test]
fn an_unknown_topic_is_named_with_the_nearest_one() {
    let env = TestEnv::up();
    env.ok(["topic", "create", "orders"]);
    for command in ["describe", "consume", "delete"] {
        let answer = env.run(["--json", "topic", command, "ordres"]).exits(2);
        let answer = answer.says(&["there is no topic `ordres`", "did you mean `orders`?"]);
        assert_eq!(answer.json()["error"]["code"], "unknown_topic");
    }
    env.sql(&table("order_lines", "stand STRING", ""));
    let answer = env.run(["sql", "-e", "SELECT * FROM order_lines"]).exits(2);
    answer.says(&["table `order_lines`", "topic `order_lines` does not exist"]);
    env.sql(&table("order", "stand STRING", "").replace("TABLE order", "TABLE `order`"));
    let answer = env.run(["sql", "-e", "SELECT * FROM `order`"]).exits(2);
    answer.says(&["topic `order` does not exist", "did you mean `orders`?"]);
    let topics = env.ok(["--json", "topic", "list"]).json();
    assert_eq!(topics.as_array().unwrap().len(), 1, "asking for a topic makes none: {topics}");
}

#[test]
fn an_unknown_job_says_where_to_look() {
    let env = TestEnv::up();
    for command in ["show", "stop"] {
        env.run(["job", command, "nix"]).exits(2).says(&["no job `nix`", "pancake job list"]);
    }
}
