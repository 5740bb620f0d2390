//! Feeds the hub: looks at the engine once a second, but only at what somebody follows.

use std::time::Duration;

use super::hub::Name;
use crate::{
    App,
    api::{jobs, labs, services},
};

/// How often a followed channel is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Runs until the web stops.
pub(crate) async fn run(app: App) -> std::io::Result<()> {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return Ok(()),
            // A newcomer need not wait for the tick.
            () = app.hub.wanted() => {}
            _ = ticks.tick() => {}
        }
        look(&app).await;
    }
}

async fn look(app: &App) {
    if app.hub.has_listeners(Name::Services) {
        app.hub.publish(Name::Services, "services", &services::cards(app));
    }
    if app.hub.has_listeners(Name::Jobs) {
        app.hub.publish(Name::Jobs, "jobs", &jobs::cards(app));
    }
    if app.hub.has_listeners(Name::Me) {
        labs::refresh(app).await;
    }
}
