//! Labs: reading them, working in them, and how they stand.
//!
//! * The workshop is synchronous and may wait; every call gets a blocking thread.
//! * Whatever changes progress is told to who follows, before the caller gets the answer.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use pancake_lab::{
    CellRun, CheckReport, HintView, LabCard, LabView, Which, Workshop, WorkshopError, WorldError,
    format::{ClockAct, ClockGoal},
    world::FeedFacts,
};
use serde::Deserialize;

use super::{Answer, lab_pages, session::ATTENDEE};
use crate::{
    App,
    error::ApiError,
    extract::{Body, Named},
    live::hub::Name,
    views::LabPage,
};

/// How to begin a lab.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    /// `generated` or `real`, where a lab offers both.
    #[serde(default)]
    variant: Option<String>,
}

/// A cell's text, where it is not the page's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CellText {
    #[serde(default)]
    text: Option<String>,
}

/// A learner's answer, or the value of a variable.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    value: String,
}

/// A step, or all of the lab.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Upto {
    #[serde(default)]
    step: Option<String>,
}

/// A step.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct To {
    step: String,
}

/// Which checks to judge; all of them if neither is named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Judge {
    #[serde(default)]
    step: Option<String>,
    #[serde(default)]
    check: Option<String>,
}

/// How to move a stream's clock: exactly one of the goals.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Clock {
    feed: Option<String>,
    /// A moment, a mark of the lab, or `end`.
    play_to: Option<String>,
    play: bool,
    step: Option<u32>,
    pause: bool,
}

impl Clock {
    fn act(self) -> Result<ClockAct, ApiError> {
        let goals = [
            self.play_to.map(|to| if to == "end" { ClockGoal::End } else { ClockGoal::PlayTo(to) }),
            self.play.then_some(ClockGoal::Play),
            self.step.map(ClockGoal::Step),
            self.pause.then_some(ClockGoal::Pause),
        ];
        let goals: Vec<ClockGoal> = goals.into_iter().flatten().collect();
        let [goal] = <[ClockGoal; 1]>::try_from(goals).map_err(|goals| {
            let message = format!("a clock goes one way at a time; this names {}", goals.len());
            ApiError::new(StatusCode::BAD_REQUEST, "bad_clock", message)
                .hint("one of play_to (a moment, a mark or `end`), play, step, pause")
        })?;
        Ok(ClockAct { feed: self.feed, goal })
    }
}

/// `GET /api/v1/labs`
pub(crate) async fn list(State(app): State<App>) -> Answer<Vec<LabCard>> {
    look(&app, |labs| labs.list(ATTENDEE)).await
}

/// `GET /api/v1/labs/{lab}`
pub(crate) async fn show(State(app): State<App>, Named(lab): Named<String>) -> Answer<LabView> {
    look(&app, move |labs| labs.show(ATTENDEE, &lab)).await
}

/// `GET /api/v1/labs/{lab}/page`
pub(crate) async fn page(State(app): State<App>, Named(lab): Named<String>) -> Answer<LabPage> {
    look(&app, move |labs| lab_pages::page(labs, &lab)).await
}

/// `POST /api/v1/labs/{lab}/start`
pub(crate) async fn start(
    State(app): State<App>,
    Named(lab): Named<String>,
    Body(how): Body<Start>,
) -> Answer<LabView> {
    act(&app, move |labs| {
        labs.start(ATTENDEE, &lab, how.variant.as_deref())?;
        labs.show(ATTENDEE, &lab)
    })
    .await
}

/// `POST /api/v1/labs/{lab}/cells/{cell}/run`
pub(crate) async fn run_cell(
    State(app): State<App>,
    Named((lab, cell)): Named<(String, String)>,
    Body(given): Body<CellText>,
) -> Answer<CellRun> {
    act(&app, move |labs| labs.run_cell(ATTENDEE, &lab, &cell, given.text.as_deref())).await
}

/// `POST /api/v1/labs/{lab}/cells/{cell}/save`
pub(crate) async fn save_cell(
    State(app): State<App>,
    Named((lab, cell)): Named<(String, String)>,
    Body(given): Body<Given>,
) -> Result<StatusCode, ApiError> {
    let saved = act(&app, move |labs| labs.save_cell(ATTENDEE, &lab, &cell, &given.value)).await;
    saved.map(|_| StatusCode::NO_CONTENT)
}

/// `POST /api/v1/labs/{lab}/answers/{quiz}`
pub(crate) async fn answer(
    State(app): State<App>,
    Named((lab, quiz)): Named<(String, String)>,
    Body(given): Body<Given>,
) -> Result<StatusCode, ApiError> {
    let taken = act(&app, move |labs| labs.answer(ATTENDEE, &lab, &quiz, &given.value)).await;
    taken.map(|_| StatusCode::NO_CONTENT)
}

/// `POST /api/v1/labs/{lab}/vars/{name}`
pub(crate) async fn set_var(
    State(app): State<App>,
    Named((lab, name)): Named<(String, String)>,
    Body(given): Body<Given>,
) -> Result<StatusCode, ApiError> {
    let set = act(&app, move |labs| labs.set_var(ATTENDEE, &lab, &name, &given.value)).await;
    set.map(|_| StatusCode::NO_CONTENT)
}

/// `POST /api/v1/labs/{lab}/clock`: moves a stream's clock, and answers when it stands where it was sent.
pub(crate) async fn clock(
    State(app): State<App>,
    Named(lab): Named<String>,
    Body(clock): Body<Clock>,
) -> Answer<FeedFacts> {
    let how = clock.act()?;
    act(&app, move |labs| labs.clock(ATTENDEE, &lab, &how)).await
}

/// `POST /api/v1/labs/{lab}/check`
pub(crate) async fn check(
    State(app): State<App>,
    Named(lab): Named<String>,
    Body(which): Body<Judge>,
) -> Answer<Vec<CheckReport>> {
    act(&app, move |labs| {
        let which = match (&which.check, &which.step) {
            (Some(check), _) => Which::Check(check),
            (None, Some(step)) => Which::Step(step),
            (None, None) => Which::All,
        };
        labs.check(ATTENDEE, &lab, which)
    })
    .await
}

/// `POST /api/v1/labs/{lab}/checks/{check}/hint`
pub(crate) async fn hint(
    State(app): State<App>,
    Named((lab, check)): Named<(String, String)>,
) -> Answer<HintView> {
    act(&app, move |labs| labs.hint(ATTENDEE, &lab, &check)).await
}

/// `POST /api/v1/labs/{lab}/solve`: plays the solution, of all steps or up to one.
pub(crate) async fn solve(
    State(app): State<App>,
    Named(lab): Named<String>,
    Body(upto): Body<Upto>,
) -> Answer<LabView> {
    act(&app, move |labs| {
        labs.solve(ATTENDEE, &lab, upto.step.as_deref())?;
        labs.show(ATTENDEE, &lab)
    })
    .await
}

/// `POST /api/v1/labs/{lab}/reset`: back to the start, of the lab or of one step.
pub(crate) async fn reset(
    State(app): State<App>,
    Named(lab): Named<String>,
    Body(upto): Body<Upto>,
) -> Answer<LabView> {
    act(&app, move |labs| {
        labs.reset(ATTENDEE, &lab, upto.step.as_deref())?;
        labs.show(ATTENDEE, &lab)
    })
    .await
}

/// `POST /api/v1/labs/{lab}/jump`: everything before a step solved, nothing after it begun.
pub(crate) async fn jump(
    State(app): State<App>,
    Named(lab): Named<String>,
    Body(to): Body<To>,
) -> Answer<LabView> {
    act(&app, move |labs| {
        labs.jump(ATTENDEE, &lab, &to.step)?;
        labs.show(ATTENDEE, &lab)
    })
    .await
}

/// Tells who follows how the labs stand.
pub(crate) async fn refresh(app: &App) {
    match look(app, lab_pages::cards).await {
        Ok(Json(cards)) => app.hub.publish_items(Name::Me, ("lab", "labs"), &cards),
        Err(error) => tracing::debug!(code = error.body.code, "the labs are not shown"),
    }
}

/// Reads from the workshop on a blocking thread.
pub(crate) async fn look<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Workshop) -> Result<T, WorkshopError> + Send + 'static,
) -> Answer<T> {
    let workshop = Arc::clone(&app.workshop);
    let done = tokio::task::spawn_blocking(move || work(&workshop)).await;
    Ok(Json(done.map_err(|e| ApiError::internal(e.to_string()))??))
}

/// Acts in the workshop, and tells who follows.
async fn act<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&Workshop) -> Result<T, WorkshopError> + Send + 'static,
) -> Answer<T> {
    let done = look(app, work).await;
    // Also after an error: some of the act may be done, and be seen.
    if app.hub.has_listeners(Name::Me) {
        refresh(app).await;
    }
    done
}

impl From<WorkshopError> for ApiError {
    fn from(error: WorkshopError) -> Self {
        let (status, code) = match &error {
            WorkshopError::Unknown { kind, .. } => {
                (StatusCode::NOT_FOUND, format!("unknown_{kind}"))
            }
            WorkshopError::Invalid { .. } => (StatusCode::BAD_REQUEST, "invalid".to_owned()),
            WorkshopError::NotStarted { .. } => (StatusCode::CONFLICT, "not_started".to_owned()),
            WorkshopError::ActFailed { .. } => (StatusCode::CONFLICT, "act_failed".to_owned()),
            WorkshopError::World(WorldError::Refused { .. }) => {
                (StatusCode::BAD_REQUEST, "refused".to_owned())
            }
            WorkshopError::World(WorldError::TimedOut { .. }) => {
                (StatusCode::GATEWAY_TIMEOUT, "timed_out".to_owned())
            }
            WorkshopError::World(WorldError::Unavailable { .. }) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable".to_owned())
            }
        };
        let refusal = Self::new(status, &code, error.to_string());
        match error.help() {
            Some(help) => refusal.hint(help),
            None => refusal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_goes_one_way_at_a_time() {
        let end = Clock { play_to: Some("end".into()), ..Clock::default() };
        assert_eq!(end.act().unwrap(), ClockAct { feed: None, goal: ClockGoal::End });
        let step = Clock { step: Some(3), feed: Some("orders".into()), ..Clock::default() };
        let wanted = ClockAct { feed: Some("orders".into()), goal: ClockGoal::Step(3) };
        assert_eq!(step.act().unwrap(), wanted);
        assert_eq!(Clock::default().act().unwrap_err().body.code, "bad_clock");
        let both = Clock { play: true, pause: true, ..Clock::default() };
        assert_eq!(both.act().unwrap_err().body.code, "bad_clock");
    }
}
