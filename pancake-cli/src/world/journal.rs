//! Where progress is kept: `_pancake.progress`, keyed by attendee and lab, durable when an append returns.

use pancake_lab::{
    progress::Event,
    world::{Desk, Journal, WorldError, WorldResult},
};

use super::{Shop, world_error};

impl Journal for Shop {
    fn append(&self, desk: &Desk, event: &Event) -> WorldResult<()> {
        let key = format!("{}/{}", desk.attendee, desk.lab);
        let value = serde_json::to_vec(event).map_err(|e| WorldError::Unavailable {
            what: "the journal".to_owned(),
            reason: e.to_string(),
        })?;
        self.wait(self.node.append_progress(&key, value)).map_err(world_error)
    }

    fn read(&self, attendee: &str) -> WorldResult<Vec<(Desk, Event)>> {
        let records = self.wait(self.node.read_progress()).map_err(world_error)?;
        let mut events = Vec::new();
        for (key, value) in records {
            let Some((who, lab)) = key.split_once('/') else { continue };
            if who != attendee {
                continue;
            }
            // An event that a newer program wrote is skipped: what is known of the others still holds.
            if let Ok(event) = serde_json::from_slice(&value) {
                events.push((Desk { attendee: who.to_owned(), lab: lab.to_owned() }, event));
            }
        }
        Ok(events)
    }
}
