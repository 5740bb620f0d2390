//! Three stands sell pancakes: one event for each order.
//!
//! * Order *n* is made `n / rate` seconds after the start, plus a jitter below the distance to the next; so a minute has
//!   exactly `60 × rate` orders.
//! * West's phone is slow: `late` of all orders, all of them west's, arrive 3 to 8 s after they were made. One is planted:
//!   the order that west takes 3 min 58 s after the start arrives 8 s later.
//! * Everything has arrived at `until`: an order that would be later than that is not late.

use bytes::Bytes;
use pancake_types::{PartitionId, Timestamp};

use super::{Event, Events, GeneratorError, GeneratorInfo, Params, dice::Dice, reorder::ByArrival};
use crate::time::format_timestamp;

/// The generator in a list.
pub const INFO: GeneratorInfo = GeneratorInfo {
    name: "orders",
    about: "orders of three pancake stands; the west stand's phone is slow",
    parameters: &["late"],
};

/// The stands; a stand's place is its partition (modulo their number).
pub const STANDS: [&str; 3] = ["north", "south", "west"];
const STAND_WEIGHTS: [f64; 3] = [0.4, 0.35, 0.25];
const WEST: usize = 2;
const MENU: [(&str, u64); 6] = [
    ("buttermilk", 600),
    ("blueberry", 750),
    ("banana", 680),
    ("maple", 720),
    ("chocolate", 790),
    ("cheese", 840),
];
const DELAY_MIN_MS: u64 = 3_000;
/// The slowest that an order of west can be.
pub const DELAY_MAX_MS: u64 = 8_000;
const LINK_MS: u64 = 100;
const PLANTED_MS: i64 = 238_000;
const DURATION_MS: i64 = 630_000;

/// Opens the sequence at its first order.
pub fn open(params: &Params) -> Result<Events, GeneratorError> {
    let start = params.start()?;
    let until =
        params.moment("until")?.unwrap_or(Timestamp::from_millis(start.millis() + DURATION_MS));
    let orders = Orders {
        dice: Dice::new(params.seed()?, 0),
        number: 0,
        number_max: params.whole_opt("events")?,
        start: start.millis(),
        until: until.millis(),
        interval_ms: 1_000.0 / params.rate(10.0)?,
        late: params.share("late", 0.02)?,
        partitions: params.partitions()?,
    };
    Ok(Events::new(ByArrival::new(orders), Some(until)))
}

#[derive(Debug)]
struct Orders {
    dice: Dice,
    number: u64,
    number_max: Option<u64>,
    start: i64,
    until: i64,
    interval_ms: f64,
    late: f64,
    partitions: u32,
}

impl Orders {
    fn slot(&self, number: u64) -> i64 {
        self.start + (number as f64 * self.interval_ms) as i64
    }
}

impl Iterator for Orders {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if self.number_max.is_some_and(|max| self.number >= max) {
            return None;
        }
        let (slot, next_slot) = (self.slot(self.number), self.slot(self.number + 1));
        if slot >= self.until {
            return None;
        }
        self.number += 1;
        // Every order draws the same number of times, so that no parameter shifts the draws of later orders.
        let jitter = self.dice.below((next_slot - slot).cast_unsigned()).cast_signed();
        let stand = self.dice.weighted(&STAND_WEIGHTS);
        let dish = self.dice.index(MENU.len());
        let extra_cents = self.dice.below(5) * 50;
        let is_slow = self.dice.chance(self.late / STAND_WEIGHTS.get(WEST).unwrap_or(&1.0));
        let slow_ms = DELAY_MIN_MS + self.dice.below(DELAY_MAX_MS - DELAY_MIN_MS + 1);
        let link_ms = self.dice.below(LINK_MS);

        let planted = self.late > 0.0 && (slot..next_slot).contains(&(self.start + PLANTED_MS));
        let (stand, made, delay_ms) = if planted {
            (WEST, self.start + PLANTED_MS, DELAY_MAX_MS)
        } else {
            let made = (slot + jitter).min(self.until - 1);
            (stand, made, if stand == WEST && is_slow { slow_ms } else { link_ms })
        };
        let mut arrival = made + delay_ms.cast_signed();
        if arrival > self.until {
            arrival = (made + link_ms.cast_signed()).min(self.until);
        }
        let order = Order { stand, dish, extra_cents, made, arrival };
        Some(order.event(self.partitions))
    }
}

/// One order as it was drawn.
struct Order {
    stand: usize,
    dish: usize,
    extra_cents: u64,
    made: i64,
    arrival: i64,
}

impl Order {
    fn event(&self, partitions: u32) -> Event {
        let stand = STANDS.get(self.stand).copied().unwrap_or_default();
        let (pancake, cents) = MENU.get(self.dish).copied().unwrap_or_default();
        let cents = cents + self.extra_cents;
        let event_time = Timestamp::from_millis(self.made);
        let value = format!(
            r#"{{"stand":"{stand}","pancake":"{pancake}","price":{}.{:02},"ordered_at":"{}"}}"#,
            cents / 100,
            cents % 100,
            format_timestamp(event_time),
        );
        Event {
            event_time,
            arrival_time: Timestamp::from_millis(self.arrival),
            key: Some(Bytes::from_static(stand.as_bytes())),
            value: value.into(),
            partition: Some(PartitionId::new(self.stand as u32 % partitions)),
        }
    }
}
