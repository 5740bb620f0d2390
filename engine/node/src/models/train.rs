//! From a table to a version: read pairs, train, measure beside popularity and chance, keep, write down.

use std::collections::BTreeMap;

use pancake_ml::{
    AlsSettings, FactorModel, Interactions, Pairs, Popularity, Quality, RandomRanking, Recommend,
    evaluate, split, train,
};
use pancake_serving::{ModelName, Version, VersionRecord};
use pancake_types::{Offset, PartitionId};
use serde_json::{Value, json};

use super::{EVALUATED_K, predict_error, show};
use crate::{
    NodeError,
    api::{EvaluationView, TrainRequest, VersionView},
    blocking,
    node::Node,
    topics::chain,
};

/// Held out when nothing else is said.
const HOLDOUT: f64 = 0.2;
/// More than this held out leaves too little to learn from.
const HOLDOUT_MAX: f64 = 0.9;

/// Where each topic's partitions end.
type Ends = BTreeMap<String, BTreeMap<PartitionId, Offset>>;

/// Trains a version.
pub(super) async fn run(node: &Node, request: TrainRequest) -> Result<VersionView, NodeError> {
    let name = ModelName::new(&request.model)
        .map_err(|e| NodeError::invalid("invalid_model", e.to_string()))?;
    let settings = settings(&request)?;
    // Before the rows are read: what comes after is left to the online updates, and what comes twice changes nothing.
    let trained_to = ends(node);
    let columns = (request.user_col.as_str(), request.item_col.as_str());
    let all = pairs(node, &request.table, request.filter.as_deref(), columns).await?;
    let (seen, held_out) = if let Some(table) = &request.test_table {
        (all, pairs(node, table, None, columns).await?)
    } else {
        let share = request.holdout.unwrap_or(HOLDOUT);
        if !(0.0..=HOLDOUT_MAX).contains(&share) {
            let message = format!("a share of {share} cannot be held out; 0 to {HOLDOUT_MAX} can");
            return Err(NodeError::invalid("invalid_training", message));
        }
        split(&all, share, settings.seed)
    };
    let node = node.clone();
    blocking(move || {
        let rows = seen.len() as u64;
        let seen = Interactions::from(&seen);
        let model = fit(request.algorithm.as_deref(), &seen, &settings)?;
        let metrics = measure(&model, &seen, &held_out, settings.seed);
        let models = &node.inner().models;
        let sha256 = models.blobs.keep(&model)?;
        let record = VersionRecord {
            model: name,
            version: Version::FIRST,
            created_at: models.clock.now(),
            algorithm: request.algorithm.clone().unwrap_or_else(|| "als".to_owned()),
            sha256,
            params: params(&request, &settings),
            metrics,
            rows,
            trained_to,
        };
        let _one = models.commands.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let event = models.registry().register(record);
        let view = match &event {
            pancake_serving::RegistryEvent::Registered(record) => show::version(record),
            _ => return Err(NodeError::internal("a registration gave another event")),
        };
        models.record(event)?;
        Ok(view)
    })
    .await
}

/// Measures what is served.
pub(super) async fn evaluate_served(
    node: &Node,
    model: &str,
    test_table: &str,
) -> Result<EvaluationView, NodeError> {
    let recommender = node.recommender(model)?;
    let params = node.model(model)?;
    let serving = params.serving.and_then(|v| params.versions.iter().find(|s| s.version == v));
    let column = |key: &str| {
        let of = serving.and_then(|s| s.params.get(key)).and_then(Value::as_str);
        of.unwrap_or(key).to_owned()
    };
    let (user, item) = (column("user_col"), column("item_col"));
    let held_out = pairs(node, test_table, None, (&user, &item)).await?;
    let model = model.to_owned();
    blocking(move || {
        let served = recommender.evaluate(&held_out, EVALUATED_K).map_err(|e| predict_error(&e))?;
        let mut metrics = BTreeMap::new();
        note(&mut metrics, "", &served.quality);
        metrics.insert("users".to_owned(), served.quality.users as f64);
        Ok(EvaluationView {
            model,
            version: served.version.get(),
            params_offset: served.params_offset.get(),
            metrics,
        })
    })
    .await
}

fn settings(request: &TrainRequest) -> Result<AlsSettings, NodeError> {
    let usual = AlsSettings::default();
    let iterations = request.iterations.map_or(Ok(usual.iterations), u32::try_from);
    let iterations = iterations
        .map_err(|_| NodeError::invalid("invalid_training", "that many iterations never end"))?;
    let settings = AlsSettings {
        factors: request.factors.unwrap_or(usual.factors),
        regularization: request.regularization.unwrap_or(usual.regularization),
        alpha: request.alpha.unwrap_or(usual.alpha),
        iterations,
        seed: request.seed.unwrap_or(usual.seed),
    };
    settings.check().map_err(|e| NodeError::invalid("invalid_training", e.to_string()))?;
    Ok(settings)
}

fn fit(
    algorithm: Option<&str>,
    seen: &Interactions,
    settings: &AlsSettings,
) -> Result<FactorModel, NodeError> {
    match algorithm.unwrap_or("als") {
        "als" => {
            train(seen, settings).map_err(|e| NodeError::invalid("invalid_training", chain(&e)))
        }
        "popularity" => Ok(FactorModel::popularity(seen)),
        "random" => Ok(FactorModel::random(seen, settings.seed)),
        other => {
            Err(NodeError::invalid("unknown_algorithm", format!("there is no algorithm `{other}`"))
                .hint("`als`, `popularity` or `random`"))
        }
    }
}

fn measure(
    model: &FactorModel,
    trained_on: &Interactions,
    held_out: &Pairs,
    seed: u64,
) -> BTreeMap<String, f64> {
    let mut metrics = BTreeMap::new();
    if held_out.is_empty() {
        return metrics;
    }
    let quality = |ranking: &dyn Fn() -> Quality| ranking();
    note(&mut metrics, "", &judge(model, held_out));
    note(&mut metrics, "popularity_", &quality(&|| judge(&Popularity::new(trained_on), held_out)));
    note(
        &mut metrics,
        "random_",
        &quality(&|| judge(&RandomRanking::new(trained_on, seed), held_out)),
    );
    metrics
}

fn judge(ranking: &impl Recommend, held_out: &Pairs) -> Quality {
    evaluate(ranking, held_out, EVALUATED_K)
}

fn note(metrics: &mut BTreeMap<String, f64>, prefix: &str, quality: &Quality) {
    metrics.insert(format!("{prefix}ndcg_at_10"), quality.ndcg);
    if prefix.is_empty() {
        metrics.insert("precision_at_10".to_owned(), quality.precision);
        metrics.insert("recall_at_10".to_owned(), quality.recall);
        metrics.insert("coverage".to_owned(), quality.coverage);
    }
}

fn params(request: &TrainRequest, settings: &AlsSettings) -> BTreeMap<String, Value> {
    let pairs = [
        ("table", json!(request.table)),
        ("user_col", json!(request.user_col)),
        ("item_col", json!(request.item_col)),
        ("filter", json!(request.filter)),
        ("factors", json!(settings.factors)),
        ("regularization", json!(settings.regularization)),
        ("alpha", json!(settings.alpha)),
        ("iterations", json!(settings.iterations)),
        ("seed", json!(settings.seed)),
        ("test_table", json!(request.test_table)),
    ];
    pairs.into_iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.to_owned(), v)).collect()
}

/// The pairs of a table's two columns.
async fn pairs(
    node: &Node,
    table: &str,
    filter: Option<&str>,
    (user, item): (&str, &str),
) -> Result<Pairs, NodeError> {
    let condition = filter.map_or_else(String::new, |f| format!(" WHERE {f}"));
    let sql =
        format!("SELECT {}, {} FROM {}{condition}", quoted(user), quoted(item), quoted(table));
    let batches = node.batches(&sql).await?;
    let mut pairs = Pairs::default();
    for batch in &batches {
        pairs
            .push_batch(batch, user, item)
            .map_err(|e| NodeError::invalid("invalid_training", chain(&e)))?;
    }
    Ok(pairs)
}

/// A name as SQL takes it, whatever it is.
fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn ends(node: &Node) -> Ends {
    let topics = node.broker().topics();
    let of = |t: &pancake_broker::TopicView| {
        t.partitions.iter().map(|p| (p.id, p.log_end_offset)).collect::<BTreeMap<_, _>>()
    };
    topics.iter().filter(|t| !t.internal).map(|t| (t.name.to_string(), of(t))).collect()
}
