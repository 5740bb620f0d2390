//! `answer:` what the learner said in a quiz.

use serde_json::json;

use super::{Finding, Judge};
use crate::{format::AnswerCheck, workspace, world::WorldResult};

pub(super) fn find(check: &AnswerCheck, judge: &Judge<'_>) -> WorldResult<Finding> {
    let answers = workspace::answers(judge.world, judge.desk)?;
    let Some(given) = answers.get(&check.quiz) else {
        let actual = json!({"answered": false, "answer": null});
        let instead = Some(format!("Quiz `{}` has no answer yet. Choose one.", check.quiz));
        return Ok(Finding { actual, instead, ..Finding::default() });
    };
    let given = given.trim();
    let holds = if let Some(is) = &check.is {
        is.0.iter().any(|word| word.eq_ignore_ascii_case(given))
    } else if let Some(number) = check.number {
        let said: Option<f64> = given.replace([',', '_', ' '], "").parse().ok();
        said.is_some_and(|said| (said - number).abs() <= check.tolerance)
    } else {
        let pattern = check.matches.as_deref().unwrap_or_default();
        regex::Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(given))
    };
    let actual = json!({"answered": true, "answer": given});
    Ok(Finding { holds, actual, ..Finding::default() })
}
