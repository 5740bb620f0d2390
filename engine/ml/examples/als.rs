//! Trains on the pinned split of `anime` and follows its second half; prints quality and CPU seconds as JSON.
//!
//! `cargo run --release -p pancake-ml --example als -- ../shared/data/anime` is what `cargo x bench` runs beside `implicit`.
#![allow(clippy::print_stdout, reason = "a bench's output is its purpose")]

use std::{
    error::Error,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use pancake_ml::{AlsSettings, FoldIn, Interactions, Pairs, evaluate, train};

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args_os().nth(1).map(PathBuf::from).ok_or("the data set's directory?")?;
    let rows = read_rows(&dir)?;
    let order = read_numbers(&dir.join("history-train-order.txt"))?;
    let held_out = pairs(&rows, &read_numbers(&dir.join("history-test-rows.txt"))?);
    let (batch, stream) = order.split_at(order.len() / 2);

    let seen = Interactions::from(&pairs(&rows, &order));
    let before = cpu_seconds()?;
    let model = train(&seen, &AlsSettings::default())?;
    let trained = cpu_seconds()?;
    let quality = evaluate(&model, &held_out, 10);
    let evaluated = cpu_seconds()?;

    let seen = Interactions::from(&pairs(&rows, batch));
    let mut follower = FoldIn::new(train(&seen, &AlsSettings::default())?);
    let stream = pairs(&rows, stream);
    let start = cpu_seconds()?;
    let count = stream.iter().filter(|(user, item)| follower.fold(user, item).is_some()).count();
    let streamed_at = cpu_seconds()?;
    let streamed = evaluate(&follower, &held_out, 10);
    println!(
        "{{\"als_cpu_s\": {:.3}, \"als_ndcg_at_10\": {:.5}, \"evaluate_cpu_s\": {:.3}, \"fold_cpu_us\": {:.1}, \
         \"stream_ndcg_at_10\": {:.5}}}",
        trained - before,
        quality.ndcg,
        evaluated - trained,
        (streamed_at - start) / count as f64 * 1e6,
        streamed.ndcg,
    );
    Ok(())
}

fn read_rows(dir: &Path) -> Result<Vec<(String, String)>, Box<dyn Error>> {
    let mut text = String::new();
    let mut archive = zip::ZipArchive::new(fs::File::open(dir.join("anime.zip"))?)?;
    archive.by_name("anime/anime_history.dat")?.read_to_string(&mut text)?;
    let fields = |line: &str| {
        let mut fields = line.split('\t').map(str::to_owned);
        Some((fields.next()?, fields.next()?))
    };
    Ok(text.lines().skip(1).filter_map(fields).collect())
}

fn read_numbers(path: &Path) -> Result<Vec<usize>, Box<dyn Error>> {
    Ok(fs::read_to_string(path)?.lines().map(str::parse).collect::<Result<_, _>>()?)
}

fn pairs(rows: &[(String, String)], numbers: &[usize]) -> Pairs {
    let named = numbers.iter().filter_map(|row| rows.get(*row));
    named.map(|(user, item)| (user.as_str(), item.as_str())).collect()
}

/// User and system time of this process (Linux).
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().ok_or("/proc/self/stat has another form")?;
    let ticks: Vec<f64> =
        after_name.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / 100.0)
}
