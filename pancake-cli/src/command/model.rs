//! `pancake model`: train, deploy and ask.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use pancake_node::api::{DeployRequest, ModelView, TrainRequest, VersionView};
use serde_json::{Value, json};

use super::Context;
use crate::{
    failure::Outcome,
    output::{Output, thousands},
    time,
};

#[derive(Subcommand, Debug)]
pub(crate) enum ModelCommand {
    /// Train a new version on the rows of a table, and evaluate it
    Train(TrainArgs),
    /// List models
    List,
    /// Show a model's versions, metrics and aliases
    Show {
        /// Name
        model: String,
    },
    /// Serve a version: it takes over without a failed request
    Deploy {
        /// Name
        model: String,
        /// Version; the newest if absent
        #[arg(long)]
        version: Option<u32>,
        /// Topic whose events update the model as they come
        #[arg(long, value_name = "TOPIC")]
        online: Option<String>,
    },
    /// Serve the version that was served before
    Rollback {
        /// Name
        model: String,
    },
    /// Ask for a user's recommendations
    Predict {
        /// Name
        model: String,
        /// User
        #[arg(long)]
        user: String,
        /// How many
        #[arg(long, short, default_value_t = 10)]
        k: usize,
    },
    /// Measure what is served now, online updates included, on held-out rows
    Evaluate {
        /// Name
        model: String,
        /// Table with the held-out rows
        #[arg(long, value_name = "TABLE")]
        test_table: String,
    },
}

/// Train a new version
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  pancake model train tastes --table ratings --user-col user_id --item-col item_id"
)]
pub(crate) struct TrainArgs {
    /// Name of the model
    model: String,
    /// Table to read, from the earliest record to the latest
    #[arg(long)]
    table: String,
    /// Column with the user's id
    #[arg(long)]
    user_col: String,
    /// Column with the item's id
    #[arg(long)]
    item_col: String,
    /// Only rows that fulfil this SQL condition, such as "rating >= 6"
    #[arg(long, value_name = "CONDITION")]
    filter: Option<String>,
    /// als, popularity or random
    #[arg(long, default_value = "als")]
    algorithm: String,
    /// Latent factors
    #[arg(long)]
    factors: Option<usize>,
    /// L2 regularisation
    #[arg(long)]
    regularization: Option<f32>,
    /// Confidence of an observed pair
    #[arg(long)]
    alpha: Option<f32>,
    /// Sweeps over users and items
    #[arg(long)]
    iterations: Option<usize>,
    /// Seed of the start values and of the split
    #[arg(long)]
    seed: Option<u64>,
    /// Share of rows held out for the evaluation
    #[arg(long, conflicts_with = "test_table")]
    holdout: Option<f64>,
    /// Table with held-out rows
    #[arg(long, value_name = "TABLE")]
    test_table: Option<String>,
}

pub(crate) fn run(ctx: &mut Context<'_>, command: ModelCommand) -> Outcome {
    match command {
        ModelCommand::Train(args) => train(ctx, args)?,
        ModelCommand::List => {
            let models: Vec<ModelView> = ctx.api()?.get("/api/v1/models")?;
            ctx.out.value(&models, |out, models| list(out, models));
        }
        ModelCommand::Show { model } => {
            let view: ModelView = ctx.api()?.get(&format!("/api/v1/models/{model}"))?;
            ctx.out.value(&view, show);
        }
        ModelCommand::Deploy { model, version, online } => {
            let request = DeployRequest { version, online };
            let view: ModelView =
                ctx.api()?.post(&format!("/api/v1/models/{model}/deploy"), &request)?;
            ctx.out.value(&view, show);
        }
        ModelCommand::Rollback { model } => {
            let view: ModelView =
                ctx.api()?.post(&format!("/api/v1/models/{model}/rollback"), &json!({}))?;
            ctx.out.value(&view, show);
        }
        ModelCommand::Predict { model, user, k } => {
            let user: String = user.bytes().map(escape).collect();
            let path = format!("/api/v1/models/{model}/recommendations/{user}?k={k}");
            let answer: Value = ctx.api()?.get(&path)?;
            ctx.out.value(&answer, recommendations);
        }
        ModelCommand::Evaluate { model, test_table } => {
            let body = json!({ "test_table": test_table });
            let answer: Value =
                ctx.api()?.post(&format!("/api/v1/models/{model}/evaluate"), &body)?;
            ctx.out.value(&answer, |out, answer| {
                for (name, value) in answer.as_object().into_iter().flatten() {
                    out.line(format!("{name:32} {value}"));
                }
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A byte as it may stand in a path.
fn escape(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    }
}

fn train(ctx: &mut Context<'_>, args: TrainArgs) -> Outcome<()> {
    let api = ctx.api()?;
    let waiting = ctx.out.waiting(&format!("training {} on {}", args.model, args.table));
    let path = format!("/api/v1/models/{}/train", args.model);
    let request = TrainRequest {
        model: args.model,
        table: args.table,
        user_col: args.user_col,
        item_col: args.item_col,
        filter: args.filter,
        algorithm: Some(args.algorithm),
        factors: args.factors,
        regularization: args.regularization,
        alpha: args.alpha,
        iterations: args.iterations,
        seed: args.seed,
        holdout: args.holdout,
        test_table: args.test_table,
    };
    let version: VersionView = api.post(&path, &request)?;
    waiting.finish_and_clear();
    ctx.out.value(&version, |out, v| {
        out.line(format!("version {} of {} ({})", v.version, request.model, v.algorithm));
        metrics(out, v);
        out.talk(format!(
            "serve it: `pancake model deploy {} --version {}`",
            request.model, v.version
        ));
    });
    Ok(())
}

fn metrics(out: &mut Output, version: &VersionView) {
    for (name, value) in &version.metrics {
        out.line(format!("  {name:32} {value:.4}"));
    }
}

fn list(out: &mut Output, models: &[ModelView]) {
    if models.is_empty() {
        out.talk("no models; `pancake model train --help` shows how to make one");
        return;
    }
    let rows = models.iter().map(|m| {
        let serving = m.serving.map_or_else(|| "–".to_owned(), |v| v.to_string());
        let online = m.online.as_ref().map_or_else(|| "–".to_owned(), |o| o.topic.clone());
        vec![m.name.clone(), m.versions.len().to_string(), serving, online]
    });
    out.table(&["model", "versions", "serving", "online from"], rows.collect());
}

fn show(out: &mut Output, model: &ModelView) {
    let serving =
        model.serving.map_or_else(|| "nothing yet".to_owned(), |v| format!("version {v}"));
    out.line(format!("{}: serving {serving}", model.name));
    if let Some(online) = &model.online {
        let age = online.age_ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms} ms"));
        out.line(format!(
            "online from {}: {} events applied, {} waiting, newest served after {age}",
            online.topic,
            thousands(online.events),
            thousands(online.lag)
        ));
    }
    for version in &model.versions {
        let names: Vec<&str> = model
            .aliases
            .iter()
            .filter(|(_, v)| **v == version.version)
            .map(|(name, _)| name.as_str())
            .collect();
        out.line(format!(
            "version {}  {}  {}  {}",
            version.version,
            time::show(version.created_at),
            version.algorithm,
            names.join(", ")
        ));
        metrics(out, version);
    }
}

fn recommendations(out: &mut Output, answer: &Value) {
    let text = |v: &Value, key: &str| v.get(key).map(ToString::to_string).unwrap_or_default();
    let cold = answer.get("cold_start").and_then(Value::as_bool).unwrap_or_default();
    out.line(format!(
        "version {}, parameters up to {}{}",
        text(answer, "version"),
        text(answer, "params_offset"),
        if cold { ", a user it does not know: the popular items" } else { "" }
    ));
    let items = answer.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let rows = items.iter().enumerate().map(|(i, item)| {
        let name = item.get("item").and_then(Value::as_str).unwrap_or_default();
        let score = item.get("score").and_then(Value::as_f64).unwrap_or_default();
        vec![(i + 1).to_string(), name.to_owned(), format!("{score:.4}")]
    });
    out.table(&["", "item", "score"], rows.collect());
}
