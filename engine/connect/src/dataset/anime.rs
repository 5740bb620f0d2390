//! The `anime` set in its pinned order: which user completed which title, for training, streaming and testing.
//!
//! * Rows are numbered as in `anime_history.dat`, from zero, the header not counted; the split lists name them.
//! * The training rows have one order; its first [`BATCH_ROWS`] are the batch half, the rest is the stream.
//! * Users and titles keep their numbers, written as text (`"17"`).
//!
//! Start reading at [`History::open`].

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use flate2::read::GzDecoder;
use pancake_types::Timestamp;

use super::{DatasetError, manifest};
use crate::{
    generator::{Event, Events, GeneratorError, GeneratorInfo, Params},
    time::format_timestamp,
};

/// The set as a generator in a list.
pub const INFO: GeneratorInfo = GeneratorInfo {
    name: "anime",
    about: "the real data set `anime` in its pinned order (pull it first)",
    parameters: &["part", "rating"],
};

/// How many training rows belong to the batch half.
pub const BATCH_ROWS: usize = 208_138;

const NAME: &str = "anime";
const ZIP: &str = "anime.zip";
const TRAIN_ORDER: &[u8] = include_bytes!("../../../../datasets/anime/history-train-order.txt.gz");
const TEST_ROWS: &[u8] = include_bytes!("../../../../datasets/anime/history-test-rows.txt.gz");
const RATINGS_TEST_ROWS: &[u8] =
    include_bytes!("../../../../datasets/anime/ratings-test-rows.txt.gz");

/// Which rows of the pinned split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All training rows, in stream order.
    Train,
    /// The first half of them.
    Batch,
    /// The second half of them.
    Stream,
    /// The held-out rows, in the file's order.
    Test,
}

/// One completed title, or one rating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interaction {
    /// Number of the user.
    pub user: u32,
    /// Number of the title.
    pub item: u32,
    /// 1 for completed in the history; 1 to 10 in the ratings.
    pub feedback: u8,
}

/// `anime_history.dat`, whole.
#[derive(Clone, Debug)]
pub struct History {
    rows: Vec<Interaction>,
}

impl History {
    /// Reads the pulled file from `blobs`.
    pub fn open(blobs: &Path) -> Result<Self, DatasetError> {
        Ok(Self { rows: read_interactions(blobs, "anime/anime_history.dat")? })
    }

    /// All rows in the file's order.
    pub fn rows(&self) -> &[Interaction] {
        &self.rows
    }

    /// The rows of a part in its pinned order.
    pub fn part(&self, part: Part) -> Result<Vec<Interaction>, DatasetError> {
        let numbers = match part {
            Part::Test => row_numbers(TEST_ROWS, "history-test-rows.txt.gz")?,
            Part::Train | Part::Batch | Part::Stream => {
                row_numbers(TRAIN_ORDER, "history-train-order.txt.gz")?
            }
        };
        let half = BATCH_ROWS.min(numbers.len());
        let numbers = match part {
            Part::Batch => numbers.get(..half),
            Part::Stream => numbers.get(half..),
            Part::Train | Part::Test => Some(numbers.as_slice()),
        };
        pick(&self.rows, numbers.unwrap_or_default(), "anime_history.dat")
    }
}

/// `anime_ratings.dat` as training and test rows of the pinned split.
pub fn ratings(blobs: &Path) -> Result<(Vec<Interaction>, Vec<Interaction>), DatasetError> {
    let rows = read_interactions(blobs, "anime/anime_ratings.dat")?;
    let test = row_numbers(RATINGS_TEST_ROWS, "ratings-test-rows.txt.gz")?;
    let held_out = pick(&rows, &test, "anime_ratings.dat")?;
    let mut is_test = vec![false; rows.len()];
    for number in test {
        if let Some(flag) = is_test.get_mut(number as usize) {
            *flag = true;
        }
    }
    let train = rows.into_iter().zip(is_test).filter(|(_, test)| !test).map(|(row, _)| row);
    Ok((train.collect(), held_out))
}

/// Titles by their numbers.
pub fn titles(blobs: &Path) -> Result<BTreeMap<u32, String>, DatasetError> {
    let mut titles = BTreeMap::new();
    read_lines(blobs, "anime/anime_info.dat", |line| {
        let mut fields = line.split('\t');
        let number = fields.next().and_then(|text| text.parse().ok());
        let (Some(number), Some(title)) = (number, fields.next()) else { return false };
        titles.insert(number, title.to_owned());
        true
    })?;
    Ok(titles)
}

/// Opens the set as events, like those of the generator `ratings`: `user`, `item`, `rating`, `rated_at`.
///
/// The history says only that a title was completed; such a row counts as the rating in the parameter `rating` (10).
pub fn open(blobs: &Path, params: &Params) -> Result<Events, GeneratorError> {
    let parts = [
        ("train", Part::Train),
        ("batch", Part::Batch),
        ("stream", Part::Stream),
        ("test", Part::Test),
    ];
    let part = params.word("part", &parts)?.unwrap_or(Part::Train);
    let rating = params.whole("rating", 10)?;
    let mut rows = History::open(blobs)?.part(part)?;
    if let Some(max) = params.whole_opt("events")? {
        rows.truncate(max as usize);
    }
    let (start, interval_ms) = (params.start()?.millis(), 1_000.0 / params.rate(2_000.0)?);
    let at =
        move |number: usize| Timestamp::from_millis(start + (number as f64 * interval_ms) as i64);
    let until = params.moment("until")?.unwrap_or_else(|| at(rows.len()));
    let events = rows.into_iter().enumerate().map(move |(number, row)| {
        let event_time = at(number);
        let (user, item) = (row.user, row.item);
        let rated_at = format_timestamp(event_time);
        let value = format!(
            r#"{{"user":"{user}","item":"{item}","rating":{rating},"rated_at":"{rated_at}"}}"#
        );
        let key = Some(user.to_string().into());
        Event { event_time, arrival_time: event_time, key, value: value.into(), partition: None }
    });
    Ok(Events::new(events.take_while(move |event| event.arrival_time <= until), Some(until)))
}

fn pick(
    rows: &[Interaction],
    numbers: &[u32],
    table: &str,
) -> Result<Vec<Interaction>, DatasetError> {
    let row = |number: &u32| {
        rows.get(*number as usize).copied().ok_or_else(|| DatasetError::Row {
            table: table.to_owned(),
            line: u64::from(*number) + 2,
            reason: format!("the split names this row, and there are only {} rows", rows.len()),
        })
    };
    numbers.iter().map(row).collect()
}

fn row_numbers(list: &[u8], name: &str) -> Result<Vec<u32>, DatasetError> {
    let wrong = |reason: String| DatasetError::Manifest { name: name.to_owned(), reason };
    let mut text = String::new();
    GzDecoder::new(list).read_to_string(&mut text).map_err(|e| wrong(e.to_string()))?;
    let number = |line: &str| line.parse().map_err(|_| wrong(format!("`{line}` is no row number")));
    text.lines().map(number).collect()
}

fn read_interactions(blobs: &Path, member: &str) -> Result<Vec<Interaction>, DatasetError> {
    let mut rows = Vec::new();
    read_lines(blobs, member, |line| {
        let Some(row) = interaction(line) else { return false };
        rows.push(row);
        true
    })?;
    Ok(rows)
}

fn interaction(line: &str) -> Option<Interaction> {
    let mut fields = line.split('\t');
    let user = fields.next()?.parse().ok()?;
    let item = fields.next()?.parse().ok()?;
    let feedback = fields.next()?.trim_end().parse().ok()?;
    Some(Interaction { user, item, feedback })
}

/// Hands the lines of a member on, the header left out, until one is refused.
fn read_lines(
    blobs: &Path,
    member: &str,
    mut take: impl FnMut(&str) -> bool,
) -> Result<(), DatasetError> {
    let file = manifest::find(NAME)?.file(ZIP).cloned();
    let path = blobs.join(file.map(|file| file.sha256).unwrap_or_default());
    let read = |source| DatasetError::Read { path: path.clone(), source };
    if !path.is_file() {
        return Err(DatasetError::Absent { name: NAME.to_owned(), path });
    }
    let file = File::open(&path).map_err(read)?;
    let mut archive = zip::ZipArchive::new(file).map_err(|e| read(e.into()))?;
    let member_file = archive.by_name(member).map_err(|e| read(e.into()))?;
    let mut lines = BufReader::new(member_file);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        if lines.read_until(b'\n', &mut line).map_err(read)? == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        if number > 1 && !take(text) {
            let reason = "it is not the tab-separated row that the manifest describes".to_owned();
            return Err(DatasetError::Row { table: member.to_owned(), line: number, reason });
        }
    }
    Ok(())
}
