//! Letting the world come to rest between the acts of a solution, as a learner does by looking.
//!
//! * At rest: every running job has read all there is, and every model that follows a topic has caught up with it.
//! * Jobs feed each other, so the world must be seen at rest twice in a row. A job that failed is at rest.
//! * The wait is bounded; a world that never rests is left as it is, and the checks say what they see.

use std::time::Duration;

use super::{Workshop, WorkshopResult};

/// The world is given this long.
const REST_LIMIT: Duration = Duration::from_mins(5);

/// How often it is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

impl Workshop {
    pub(super) fn settle(&self) -> WorkshopResult<()> {
        let began = self.world.monotonic();
        let mut rested = false;
        while self.world.monotonic().saturating_sub(began) < REST_LIMIT {
            let rests = self.at_rest()?;
            if rests && rested {
                break;
            }
            rested = rests;
            self.world.wait_for_change(LOOK_AGAIN);
        }
        Ok(())
    }

    fn at_rest(&self) -> WorkshopResult<bool> {
        let there = self.world.inventory()?;
        for name in &there.jobs {
            let Some(job) = self.world.job(name)? else { continue };
            let reads = job.state == "running" && !job.caught_up;
            if reads || job.state == "starting" {
                return Ok(false);
            }
        }
        for name in &there.models {
            let lag = self.world.model(name)?.and_then(|model| model.online_lag);
            if lag.unwrap_or(0) > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
