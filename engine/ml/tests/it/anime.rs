//! The pinned split of the `anime` history: figures that other implementations reach on the very same rows.

use std::{fs, io::Read, path::PathBuf};

use pancake_ml::{
    AlsSettings, FoldIn, Interactions, Pairs, Popularity, Quality, RandomRanking, evaluate, train,
};

struct History {
    rows: Vec<(String, String)>,
    train_order: Vec<usize>,
    test_rows: Vec<usize>,
}

impl History {
    /// Reads the data set, or says why the test is skipped.
    fn read() -> Option<Self> {
        let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/anime");
        let Ok(file) = fs::File::open(dir.join("anime.zip")) else {
            eprintln!("skipped: {} has no anime.zip", dir.display());
            return None;
        };
        let mut text = String::new();
        let mut archive = zip::ZipArchive::new(file).unwrap();
        archive.by_name("anime/anime_history.dat").unwrap().read_to_string(&mut text).unwrap();
        let row = |line: &str| {
            let mut fields = line.split('\t').map(str::to_owned);
            (fields.next().unwrap(), fields.next().unwrap())
        };
        let numbers = |name: &str| -> Vec<usize> {
            fs::read_to_string(dir.join(name))
                .unwrap()
                .lines()
                .map(|l| l.parse().unwrap())
                .collect()
        };
        Some(Self {
            rows: text.lines().skip(1).map(row).collect(),
            train_order: numbers("history-train-order.txt"),
            test_rows: numbers("history-test-rows.txt"),
        })
    }

    fn pairs(&self, rows: &[usize]) -> Pairs {
        rows.iter().map(|row| (self.rows[*row].0.as_str(), self.rows[*row].1.as_str())).collect()
    }
}

#[track_caller]
fn check_ndcg(quality: &Quality, low: f64, high: f64) {
    eprintln!("{quality:?}");
    assert!((low..=high).contains(&quality.ndcg), "{quality:?} is not within {low} and {high}");
}

#[test]
fn batch_training_reaches_the_known_figures() {
    let Some(history) = History::read() else { return };
    let held_out = history.pairs(&history.test_rows);
    let seen = Interactions::from(&history.pairs(&history.train_order));
    check_ndcg(&evaluate(&Popularity::new(&seen), &held_out, 10), 0.1715, 0.1735);
    check_ndcg(&evaluate(&RandomRanking::new(&seen, 42), &held_out, 10), 0.0, 0.01);
    let model = train(&seen, &AlsSettings::default()).unwrap();
    check_ndcg(&evaluate(&model, &held_out, 10), 0.401, 0.411);
    let wide = AlsSettings { factors: 128, alpha: 1.0, ..AlsSettings::default() };
    check_ndcg(&evaluate(&train(&seen, &wide).unwrap(), &held_out, 10), 0.4139, 0.4239);
}

#[test]
fn following_the_second_half_event_by_event_nearly_reaches_retraining() {
    let Some(history) = History::read() else { return };
    let held_out = history.pairs(&history.test_rows);
    let (batch, stream) = history.train_order.split_at(208_138);
    let seen = Interactions::from(&history.pairs(batch));
    let model = train(&seen, &AlsSettings::default()).unwrap();

    let mut stale = model.clone();
    for (user, item) in history.pairs(stream).iter() {
        stale.add_known(user, item);
    }
    check_ndcg(&evaluate(&stale, &held_out, 10), 0.2757, 0.2957);

    let mut follower = FoldIn::new(model);
    for (user, item) in history.pairs(stream).iter() {
        follower.fold(user, item);
    }
    check_ndcg(&evaluate(&follower, &held_out, 10), 0.395, 0.41);
}
