//! Viewers rate films: clusters of taste are planted, so that a recommender has something to find.
//!
//! * There are as many films in each cluster, as many viewers at home in each, and in each the same fame from the first
//!   film to the last: whoever ranks by popularity alone mixes all clusters.
//! * A viewer loves films of a home cluster (8 to 10), likes some of a second one (6 to 9), and dislikes a few others
//!   (1 to 5). A rating of at least [`LIKED`] means liked.
//! * The held-out rows are liked ones, drawn by the seed; `part: train` leaves them out, `part: test` has only them.
//! * `dirty` rows come on top of the good ones, only in `part: train` and `part: all`: cut-off JSON, ratings outside 1–10,
//!   and copies of the row before.
//!
//! Start reading at [`rows`]; what was planted is in [`cluster_of`] and [`catalog`].

use std::collections::BTreeSet;

use pancake_types::Timestamp;

use super::{Event, Events, GeneratorError, GeneratorInfo, Params, dice::Dice};
use crate::time::format_timestamp;

/// The generator in a list.
pub const INFO: GeneratorInfo = GeneratorInfo {
    name: "ratings",
    about: "film ratings with planted clusters of taste, a held-out split and some dirty rows",
    parameters: &["users", "items_per_cluster", "holdout", "part", "dirty"],
};

/// The clusters; a film is named after its cluster, such as `heist-07`.
pub const CLUSTERS: [&str; 12] = [
    "space", "heist", "samurai", "cooking", "romance", "mecha", "sports", "ghost", "pirate",
    "western", "music", "school",
];
/// The lowest rating that means "liked".
pub const LIKED: u8 = 6;
const USERS_MAX: u64 = 1_000_000;
const ITEMS_PER_CLUSTER_MAX: u64 = 1_000;

/// Which rows of the split to yield.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All but the held-out rows.
    Train,
    /// Only the held-out rows.
    Test,
    /// Both.
    All,
}

/// What is planted, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taste {
    /// Seed of everything.
    pub seed: u64,
    /// Number of viewers; the same in each cluster if divisible by 12.
    pub users: u64,
    /// Number of films in each of the 12 clusters.
    pub items_per_cluster: u64,
    /// Share of the liked rows that is held out.
    pub holdout: f64,
}

impl Default for Taste {
    fn default() -> Self {
        Self { seed: 42, users: 600, items_per_cluster: 20, holdout: 0.2 }
    }
}

/// One good row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rating {
    /// The viewer, such as `u0042`.
    pub user: String,
    /// The film, such as `heist-07`.
    pub item: String,
    /// From 1 to 10.
    pub rating: u8,
    /// Whether it belongs to the held-out part.
    pub is_test: bool,
}

/// The planted cluster of a film, by its name.
pub fn cluster_of(item: &str) -> Option<&'static str> {
    let (cluster, _) = item.rsplit_once('-')?;
    CLUSTERS.into_iter().find(|known| *known == cluster)
}

/// All films, cluster by cluster, the most famous of each first.
pub fn catalog(taste: &Taste) -> Vec<String> {
    let names = |cluster| (0..taste.items_per_cluster).map(move |place| item(cluster, place));
    (0..CLUSTERS.len()).flat_map(names).collect()
}

fn item(cluster: usize, place: u64) -> String {
    format!("{}-{:02}", CLUSTERS.get(cluster).copied().unwrap_or_default(), place + 1)
}

/// All good rows of both parts in stream order.
pub fn rows(taste: &Taste) -> Vec<Rating> {
    let mut dice = Dice::new(taste.seed, 2);
    let mut rows: Vec<_> = (0..taste.users).flat_map(|u| viewer(u, taste, &mut dice)).collect();
    dice.shuffle(&mut rows);
    rows
}

fn viewer(number: u64, taste: &Taste, dice: &mut Dice) -> Vec<Rating> {
    let clusters = CLUSTERS.len();
    let home = (number % clusters as u64) as usize;
    let second = (home + 1 + dice.index(clusters - 1)) % clusters;
    let user = format!("u{:04}", number + 1);
    let mut rows = Vec::new();
    let mut rate = |cluster, place, rating: u64, dice: &mut Dice| {
        let is_test = dice.chance(taste.holdout) && rating >= u64::from(LIKED);
        let item = item(cluster, place);
        rows.push(Rating { user: user.clone(), item, rating: rating as u8, is_test });
    };
    let wanted = 9 + dice.below(4);
    for place in pick(wanted, taste.items_per_cluster, dice) {
        let rating = 8 + dice.below(3);
        rate(home, place, rating, dice);
    }
    let wanted = 2 + dice.below(3);
    for place in pick(wanted, taste.items_per_cluster, dice) {
        let rating = 6 + dice.below(4);
        rate(second, place, rating, dice);
    }
    let mut disliked = BTreeSet::new();
    for _ in 0..(2 + dice.below(3)) {
        let cluster = (second + 1 + dice.index(clusters - 1)) % clusters;
        disliked.insert((cluster, dice.below(taste.items_per_cluster)));
    }
    for (cluster, place) in disliked.into_iter().filter(|(cluster, _)| *cluster != home) {
        let rating = 1 + dice.below(5);
        rate(cluster, place, rating, dice);
    }
    rows
}

/// Draws different places of a cluster, famous ones (the first) more often.
fn pick(wanted: u64, places: u64, dice: &mut Dice) -> Vec<u64> {
    let mut weights: Vec<f64> = (0..places).map(|place| 1.0 / (place as f64 + 4.0)).collect();
    let mut picked = Vec::new();
    for _ in 0..wanted.min(places) {
        let place = dice.weighted(&weights);
        if let Some(weight) = weights.get_mut(place).filter(|weight| **weight > 0.0) {
            *weight = 0.0;
            picked.push(place as u64);
        }
    }
    picked
}

/// Opens the sequence at its first rating.
pub fn open(params: &Params) -> Result<Events, GeneratorError> {
    let parts = [("train", Part::Train), ("test", Part::Test), ("all", Part::All)];
    let part = params.word("part", &parts)?.unwrap_or(Part::Train);
    let taste = read_taste(params)?;
    let dirty = if part == Part::Test { 0.0 } else { params.share("dirty", 0.03)? };
    let kept = rows(&taste).into_iter().filter(move |row| match part {
        Part::Train => !row.is_test,
        Part::Test => row.is_test,
        Part::All => true,
    });
    let mut dice = Dice::new(taste.seed, 3);
    let texts: Vec<(String, Text)> = kept.flat_map(|row| soiled(row, dirty, &mut dice)).collect();
    let texts = match params.whole_opt("events")? {
        Some(max) => texts.into_iter().take(max as usize).collect(),
        None => texts,
    };
    let (start, interval_ms) = (params.start()?.millis(), 1_000.0 / params.rate(200.0)?);
    let at =
        move |number: usize| Timestamp::from_millis(start + (number as f64 * interval_ms) as i64);
    let until = params.moment("until")?.unwrap_or_else(|| at(texts.len()));
    let events = texts.into_iter().enumerate().map(move |(number, (user, text))| {
        let value = text.at(at(number));
        let (event_time, key) = (at(number), Some(user.into()));
        Event { event_time, arrival_time: event_time, key, value: value.into(), partition: None }
    });
    let events = events.take_while(move |event| event.arrival_time <= until);
    Ok(Events::new(events, Some(until)))
}

fn read_taste(params: &Params) -> Result<Taste, GeneratorError> {
    let default = Taste::default();
    let taste = Taste {
        seed: params.seed()?,
        users: params.whole("users", default.users)?,
        items_per_cluster: params.whole("items_per_cluster", default.items_per_cluster)?,
        holdout: params.share("holdout", default.holdout)?,
    };
    if !(1..=USERS_MAX).contains(&taste.users) {
        return Err(params.malformed("users", &format!("from 1 to {USERS_MAX}")));
    }
    if !(1..=ITEMS_PER_CLUSTER_MAX).contains(&taste.items_per_cluster) {
        let expected = format!("from 1 to {ITEMS_PER_CLUSTER_MAX}");
        return Err(params.malformed("items_per_cluster", &expected));
    }
    Ok(taste)
}

/// A row's text up to its time, which is known when its place in the stream is.
#[derive(Clone, Debug)]
enum Text {
    Whole { user: String, item: String, rating: i64 },
    CutOff { user: String, item: String },
}

impl Text {
    fn at(&self, time: Timestamp) -> String {
        match self {
            Self::Whole { user, item, rating } => format!(
                r#"{{"user":"{user}","item":"{item}","rating":{rating},"rated_at":"{}"}}"#,
                format_timestamp(time)
            ),
            Self::CutOff { user, item } => format!(r#"{{"user":"{user}","item":"{item}","rati"#),
        }
    }
}

/// The row, followed by a dirty one as often as asked.
fn soiled(row: Rating, dirty: f64, dice: &mut Dice) -> Vec<(String, Text)> {
    let Rating { user, item, rating, .. } = row;
    let (is_dirty, kind, outside) = (dice.chance(dirty), dice.index(3), dice.index(4));
    let good = Text::Whole { user: user.clone(), item: item.clone(), rating: rating.into() };
    let mut texts = vec![(user.clone(), good.clone())];
    if is_dirty {
        let outside = [0, 11, 99, -1].get(outside).copied().unwrap_or(0);
        let bad = match kind {
            0 => Text::CutOff { user: user.clone(), item },
            1 => Text::Whole { user: user.clone(), item, rating: outside },
            _ => good,
        };
        texts.push((user, bad));
    }
    texts
}
