//! `pancake lab test`: plays whole labs, each in fresh homes, with no network.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use clap::Args;
use pancake_lab::{
    author::{LabTest, LabTestReport, Rig, Rigs, TestEvent},
    world::{WorldError, WorldResult},
};

use super::{Context, is_meant, verdict};
use crate::{
    cli::Global,
    command::dataset,
    config::Config,
    engine::{Engine, Ports},
    failure::{Failure, Outcome},
    labs,
    output::{Output, Tone, paint},
    world::Shop,
};

/// Play labs in fresh homes
#[derive(Args, Debug)]
pub(crate) struct TestArgs {
    /// Labs; all if absent
    labs: Vec<String>,
    /// Which data, where a lab offers a choice
    #[arg(long, value_name = "generated|real")]
    data: Option<String>,
    /// Folder that has the data sets' files, in place of the network
    #[arg(long, value_name = "DIR")]
    mirror: Option<PathBuf>,
}

/// Fresh workshops, one at a time, each in a temporary home.
struct FreshHomes<'a> {
    config: &'a Config,
    global: &'a Global,
    /// What was pulled for the test, to be lent to every home.
    blobs: Option<PathBuf>,
    current: Mutex<Option<(Engine, tempfile::TempDir)>>,
}

impl Rigs for FreshHomes<'_> {
    fn fresh(&self) -> WorldResult<Rig> {
        let unavailable =
            |reason: String| WorldError::Unavailable { what: "a fresh home".to_owned(), reason };
        let mut current = self.current.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        drop(current.take());
        let dir = tempfile::tempdir().map_err(|e| unavailable(e.to_string()))?;
        if let Some(blobs) = &self.blobs {
            dataset::lend(blobs, &dir.path().join("blobs"))
                .map_err(|e| unavailable(e.to_string()))?;
        }
        let mut config = self.config.clone();
        config.home = dir.path().to_path_buf();
        let engine = Engine::start(&config, self.global, Ports::free())
            .map_err(|e| unavailable(e.to_string()))?;
        let shop = engine.shop();
        let rig = Rig {
            world: Arc::<Shop>::clone(&shop),
            hands: Arc::<Shop>::clone(&shop),
            journal: shop,
        };
        *current = Some((engine, dir));
        Ok(rig)
    }
}

pub(super) fn run(ctx: &mut Context<'_>, args: &TestArgs) -> Outcome {
    let labs = labs::load(&ctx.global)?;
    let chosen: Vec<_> = labs.iter().filter(|lab| is_meant(lab.id(), &args.labs)).collect();
    if chosen.is_empty() {
        return Err(Failure::user(
            "unknown_lab",
            format!("no lab is named {}", args.labs.join(", ")),
        )
        .hint("`pancake lab list` shows what there is"));
    }
    let pulled = match (&args.data, &args.mirror) {
        (Some(data), mirror) if data == "real" => {
            Some(dataset::for_labs(ctx, &chosen, mirror.as_deref())?)
        }
        _ => None,
    };
    let mut reports = Vec::new();
    for lab in chosen {
        let variants = lab.variants();
        let variant = match &args.data {
            Some(data) if variants.contains(&data.as_str()) => Some(data.as_str()),
            Some(data) if !args.labs.is_empty() => {
                return Err(Failure::user(
                    "no_variant",
                    format!("lab {} has no data `{data}`", lab.id()),
                ));
            }
            _ => variants.first().copied(),
        };
        let rigs = FreshHomes {
            config: &ctx.config,
            global: &ctx.global,
            blobs: pulled.as_ref().map(|dir| dir.path().to_path_buf()),
            current: Mutex::new(None),
        };
        let test = LabTest { lab, variant, rigs: &rigs };
        reports.push(play(ctx.out, &test));
    }
    let passed = reports.iter().all(|r| r.passed);
    let (good, all) = (reports.iter().filter(|r| r.passed).count(), reports.len());
    ctx.out.value(&reports, |out, reports| {
        for report in reports {
            show(out, report);
        }
        out.line(format!("{good} passed, {} failed", all - good));
    });
    Ok(verdict(passed))
}

fn play(out: &Output, test: &LabTest<'_>) -> LabTestReport {
    let bar = out.bar(1, test.lab.id());
    let report = test.run(&mut |event| match event {
        TestEvent::Begin { name, number, of } => {
            bar.set_length(*of as u64);
            bar.set_position(*number as u64 - 1);
            bar.set_message(format!("{} {name}", test.lab.id()));
        }
        TestEvent::End(_) => bar.inc(1),
    });
    bar.finish_and_clear();
    report
}

fn show(out: &mut Output, report: &LabTestReport) {
    let data = report.variant.as_ref().map_or_else(String::new, |v| format!(" ({v} data)"));
    let seconds = report.phases.iter().map(|p| p.millis).sum::<u64>() as f64 / 1000.0;
    let word =
        if report.passed { paint(Tone::Pass, "passed") } else { paint(Tone::Fail, "failed") };
    out.line(format!(
        "{word}  {}{data}: {} parts, {seconds:.1} s",
        report.lab,
        report.phases.len()
    ));
    for phase in report.phases.iter().filter(|p| !p.passed()) {
        out.line(format!("  {}", paint(Tone::Strong, &phase.name)));
        for failure in &phase.failures {
            out.line(format!("    {failure}"));
        }
    }
}
