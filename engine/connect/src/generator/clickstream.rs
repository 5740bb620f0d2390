//! Visitors click through a shop, in sessions, some of their clicks arriving late.
//!
//! * A visitor's clicks within one session are less than 30 s apart; between two sessions of one visitor lie at least
//!   60 s. So every session gap between the two finds exactly the sessions that each click names in `session`.
//! * `late` of all clicks arrive up to `late_max` (10 s) after they were made; the others within 100 ms.

use std::collections::VecDeque;

use pancake_types::Timestamp;

use super::{Event, Events, GeneratorError, GeneratorInfo, Params, dice::Dice, reorder::ByArrival};
use crate::time::format_timestamp;

/// The generator in a list.
pub const INFO: GeneratorInfo = GeneratorInfo {
    name: "clickstream",
    about: "clicks of a shop's visitors in sessions, some arriving late",
    parameters: &["late", "late_max"],
};

const PAGES: [&str; 8] =
    ["/", "/menu", "/menu/blueberry", "/menu/maple", "/cart", "/checkout", "/about", "/offers"];
const PAGE_WEIGHTS: [f64; 8] = [5.0, 4.0, 2.0, 2.0, 2.0, 1.0, 0.5, 1.5];
/// A session's next click is due when so much time has passed.
const IDLE_MAX_MS: i64 = 20_000;
const AWAY_MS: i64 = 60_000;
const SESSION_END: f64 = 0.12;
const LINK_MS: u64 = 100;
const DURATION_MS: i64 = 600_000;

/// Opens the sequence at its first click.
pub fn open(params: &Params) -> Result<Events, GeneratorError> {
    let start = params.start()?;
    let until =
        params.moment("until")?.unwrap_or(Timestamp::from_millis(start.millis() + DURATION_MS));
    let rate = params.rate(20.0)?;
    let clicks = Clicks {
        dice: Dice::new(params.seed()?, 1),
        number: 0,
        number_max: params.whole_opt("events")?.unwrap_or(u64::MAX),
        start: start.millis(),
        until: until.millis(),
        interval_ms: 1_000.0 / rate,
        late: params.share("late", 0.03)?,
        late_max_ms: params.millis("late_max", 10_000)?.max(LINK_MS),
        // Each visitor clicks every five seconds on average.
        active_max: (rate * 5.0).ceil().max(1.0) as usize,
        active: VecDeque::new(),
        away: VecDeque::new(),
        visitors: 0,
        sessions: 0,
    };
    Ok(Events::new(ByArrival::new(clicks), Some(until)))
}

#[derive(Clone, Copy, Debug)]
struct Visit {
    visitor: u64,
    session: u64,
    last: i64,
}

#[derive(Debug)]
struct Clicks {
    dice: Dice,
    number: u64,
    number_max: u64,
    start: i64,
    until: i64,
    interval_ms: f64,
    late: f64,
    late_max_ms: u64,
    active_max: usize,
    /// Open sessions, the one that clicked longest ago first.
    active: VecDeque<Visit>,
    /// Visitors between two sessions, the one that left longest ago first.
    away: VecDeque<Visit>,
    visitors: u64,
    sessions: u64,
}

impl Clicks {
    /// Who clicks at this moment: the one who must, a new session if there is room, or one of the open sessions.
    fn choose(&mut self, now: i64) -> Visit {
        let (draw, place) = (self.dice.unit(), self.dice.index(self.active.len()));
        let overdue = self.active.front().is_some_and(|visit| now - visit.last >= IDLE_MAX_MS);
        let has_room = self.active.len() < self.active_max;
        let picked = if overdue {
            self.active.pop_front()
        } else if has_room && (self.active.is_empty() || draw < 0.3) {
            None
        } else {
            self.active.remove(place)
        };
        picked.unwrap_or_else(|| self.begin(now))
    }

    fn begin(&mut self, now: i64) -> Visit {
        self.sessions += 1;
        let rested = self.away.front().is_some_and(|visit| now - visit.last >= AWAY_MS);
        let visitor = if let Some(visit) = self.away.pop_front_if(|_| rested) {
            visit.visitor
        } else {
            self.visitors += 1;
            self.visitors
        };
        Visit { visitor, session: self.sessions, last: now }
    }
}

impl Iterator for Clicks {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let slot = self.start + (self.number as f64 * self.interval_ms) as i64;
        let next_slot = self.start + ((self.number + 1) as f64 * self.interval_ms) as i64;
        if slot >= self.until || self.number >= self.number_max {
            return None;
        }
        self.number += 1;
        let jitter = self.dice.below((next_slot - slot).cast_unsigned()).cast_signed();
        let now = (slot + jitter).min(self.until - 1);
        let mut visit = self.choose(now);
        let page = PAGES.get(self.dice.weighted(&PAGE_WEIGHTS)).copied().unwrap_or("/");
        let ends = self.dice.chance(SESSION_END);
        let is_late = self.dice.chance(self.late);
        let late_ms = LINK_MS + self.dice.below(self.late_max_ms - LINK_MS + 1);
        let link_ms = self.dice.below(LINK_MS);
        visit.last = now;
        if ends {
            self.away.push_back(visit);
        } else {
            self.active.push_back(visit);
        }
        let delay_ms = if is_late { late_ms } else { link_ms };
        let arrival = (now + delay_ms.cast_signed()).min(self.until);
        Some(click(visit, page, now, arrival))
    }
}

fn click(visit: Visit, page: &str, now: i64, arrival: i64) -> Event {
    let event_time = Timestamp::from_millis(now);
    let user = format!("v{:04}", visit.visitor);
    let value = format!(
        r#"{{"user":"{user}","page":"{page}","session":{},"clicked_at":"{}"}}"#,
        visit.session,
        format_timestamp(event_time),
    );
    let arrival_time = Timestamp::from_millis(arrival);
    Event { event_time, arrival_time, key: Some(user.into()), value: value.into(), partition: None }
}
