//! Plays a whole lab and holds it to its promises.
//!
//! * Untouched, every check fails or is blocked; the solution makes its own step's checks pass, and no later one.
//! * Judging again gives the same verdicts and leaves offsets, files and everything else as they were.
//! * A reset gives back the start byte for byte; every step can be jumped to.
//! * Each wrong case is caught by the check, and with the words, that it names; the solution then passes without a reset.
//! * Nothing is judged by wall clock.

mod fingerprint;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use regex::Regex;

use super::{LabTestReport, PhaseReport, TestEvent};
use crate::{
    check::CheckReport,
    loader::{Lab, WrongFile},
    progress::Verdict,
    workshop::{Which, Workshop, WorkshopResult},
    world::{Hands, Journal, World, WorldResult},
};
use fingerprint::{Fingerprint, fingerprint};

/// The attendee whose desk the test sits at.
const TESTER: &str = "me";

/// A world of its own for a test, with hands and a journal.
#[derive(Clone)]
pub struct Rig {
    /// The world.
    pub world: Arc<dyn World>,
    /// The hands.
    pub hands: Arc<dyn Hands>,
    /// The journal.
    pub journal: Arc<dyn Journal>,
}

impl std::fmt::Debug for Rig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rig")
    }
}

/// Makes rigs: each a fresh temporary home with nothing in it, and no network. The one before may be dropped.
pub trait Rigs {
    /// A fresh rig.
    fn fresh(&self) -> WorldResult<Rig>;
}

/// The test of one lab.
#[derive(Clone, Copy)]
pub struct LabTest<'a> {
    /// The lab.
    pub lab: &'a Arc<Lab>,
    /// The variant of its data.
    pub variant: Option<&'a str>,
    /// Where rigs come from.
    pub rigs: &'a dyn Rigs,
}

impl std::fmt::Debug for LabTest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LabTest")
            .field("lab", &self.lab.id())
            .field("variant", &self.variant)
            .finish_non_exhaustive()
    }
}

/// A part of the test.
enum Phase<'a> {
    Untouched,
    Solution(&'a str),
    Again,
    Reset,
    Wrong(&'a WrongFile),
    Jump(&'a str),
}

impl Phase<'_> {
    fn name(&self) -> String {
        match self {
            Self::Untouched => "untouched".into(),
            Self::Solution(step) => format!("solution {step}"),
            Self::Again => "again".into(),
            Self::Reset => "reset".into(),
            Self::Wrong(wrong) => format!("wrong {}/{}", wrong.step, wrong.case),
            Self::Jump(step) => format!("jump {step}"),
        }
    }
}

/// The state of a running test.
struct Bench<'a> {
    test: LabTest<'a>,
    rig: Rig,
    shop: Workshop,
    start: Option<Fingerprint>,
    failures: Vec<String>,
}

impl LabTest<'_> {
    /// Runs the test; `tell` hears of each part as it begins and ends.
    pub fn run(&self, tell: &mut dyn FnMut(&TestEvent<'_>)) -> LabTestReport {
        let phases = self.phases();
        let mut report = LabTestReport {
            lab: self.lab.id().to_owned(),
            variant: self.variant.map(str::to_owned),
            ..LabTestReport::default()
        };
        let mut bench = match Bench::new(*self) {
            Ok(bench) => bench,
            Err(error) => {
                let failures = vec![format!("no world to test in: {error}")];
                report.phases.push(PhaseReport { name: "rig".into(), failures, millis: 0 });
                return report;
            }
        };
        for (index, phase) in phases.iter().enumerate() {
            let name = phase.name();
            tell(&TestEvent::Begin { name: &name, number: index + 1, of: phases.len() });
            let (failures, took) = bench.run(phase);
            let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            let done = PhaseReport { name, failures, millis };
            tell(&TestEvent::End(&done));
            report.phases.push(done);
        }
        report.passed = report.phases.iter().all(PhaseReport::passed);
        report
    }

    fn phases(&self) -> Vec<Phase<'_>> {
        let steps = || self.lab.file.steps.iter().map(|step| step.id.as_str());
        let wrong = self.lab.wrong.iter().filter(|wrong| self.is_tried(wrong));
        [Phase::Untouched]
            .into_iter()
            .chain(steps().map(Phase::Solution))
            .chain([Phase::Again, Phase::Reset])
            .chain(wrong.map(Phase::Wrong))
            .chain(steps().map(Phase::Jump))
            .collect()
    }

    fn is_tried(&self, wrong: &WrongFile) -> bool {
        let variant = self.variant.unwrap_or("generated");
        let named = &wrong.wrong.variants;
        let check = self.lab.file.checks.get(&wrong.wrong.expect.check);
        (named.is_empty() || named.iter().any(|v| v == variant))
            && check.is_some_and(|spec| spec.is_for(self.variant))
    }
}

impl<'a> Bench<'a> {
    fn new(test: LabTest<'a>) -> WorldResult<Self> {
        let rig = test.rigs.fresh()?;
        let shop = Workshop::new(
            [Arc::clone(test.lab)],
            Arc::clone(&rig.world),
            Arc::clone(&rig.hands),
            Arc::clone(&rig.journal),
        );
        Ok(Self { test, rig, shop, start: None, failures: Vec::new() })
    }

    fn run(&mut self, phase: &Phase<'_>) -> (Vec<String>, Duration) {
        let began = self.rig.world.monotonic();
        let done = match phase {
            Phase::Untouched => self.untouched(),
            Phase::Solution(step) => self.solution(step),
            Phase::Again => self.again(),
            Phase::Reset => self.reset(),
            Phase::Wrong(wrong) => self.wrong(wrong),
            Phase::Jump(step) => self.jump(step),
        };
        if let Err(error) = done {
            self.failures.push(error.to_string());
        }
        let took = self.rig.world.monotonic().saturating_sub(began);
        (std::mem::take(&mut self.failures), took)
    }

    fn untouched(&mut self) -> WorkshopResult<()> {
        self.shop.start(TESTER, self.test.lab.id(), self.test.variant)?;
        for report in self.check()? {
            if !matches!(report.verdict, Verdict::Fail | Verdict::Blocked) {
                self.failures.push(format!("nothing is done, and {}", said(&report)));
            }
        }
        self.start = Some(self.fingerprint()?);
        Ok(())
    }

    fn solution(&mut self, step: &str) -> WorkshopResult<()> {
        self.shop.solve_step(TESTER, self.test.lab.id(), step)?;
        self.passes_upto(step, true)
    }

    fn again(&mut self) -> WorkshopResult<()> {
        let first = self.check()?;
        let before = self.fingerprint()?;
        let second = self.check()?;
        let after = self.fingerprint()?;
        for (a, b) in first.iter().zip(&second) {
            if a.verdict != b.verdict {
                self.failures.push(format!("judged twice: first {}; then {}", said(a), said(b)));
            }
        }
        self.failures.extend(after.differences(&before).map(|d| format!("a check changed {d}")));
        Ok(())
    }

    fn reset(&mut self) -> WorkshopResult<()> {
        self.shop.reset(TESTER, self.test.lab.id(), None)?;
        let now = self.fingerprint()?;
        match &self.start {
            Some(start) => {
                let different: Vec<String> = now.differences(start).collect();
                self.failures.extend(
                    different
                        .into_iter()
                        .map(|d| format!("after a reset, {d} is not as at the start")),
                );
            }
            None => self.failures.push("there is no start to compare with".into()),
        }
        for report in self.check()? {
            if !matches!(report.verdict, Verdict::Fail | Verdict::Blocked) {
                self.failures.push(format!("the lab is reset, and {}", said(&report)));
            }
        }
        Ok(())
    }

    fn wrong(&mut self, case: &WrongFile) -> WorkshopResult<()> {
        let lab = self.test.lab.id();
        self.shop.jump(TESTER, lab, &case.step)?;
        for act in &case.wrong.r#do {
            self.shop.act(TESTER, lab, act)?;
        }
        let expect = &case.wrong.expect;
        let found = self.shop.check(TESTER, lab, Which::Check(&expect.check))?;
        for report in &found {
            let says = Regex::new(&expect.says).is_ok_and(|regex| regex.is_match(&report.said()));
            if report.verdict != expect.verdict || !says {
                self.failures.push(format!(
                    "wanted {:?} saying /{}/, got {}",
                    expect.verdict,
                    expect.says,
                    said(report)
                ));
            }
        }
        self.shop.solve_step(TESTER, lab, &case.step)?;
        self.passes_upto(&case.step, false)
    }

    fn jump(&mut self, step: &str) -> WorkshopResult<()> {
        self.shop.jump(TESTER, self.test.lab.id(), step)?;
        let steps = &self.test.lab.file.steps;
        let before = steps.iter().take_while(|s| s.id != step).last();
        match before {
            Some(before) => self.passes_upto(&before.id, true),
            None => self.passes_upto("", true),
        }
    }

    /// The checks of the steps up to and with this one pass; if `only`, no other does.
    fn passes_upto(&mut self, step: &str, only: bool) -> WorkshopResult<()> {
        let steps = &self.test.lab.file.steps;
        let upto = steps.iter().position(|s| s.id == step).map_or(0, |at| at + 1);
        let due: BTreeSet<&str> =
            steps.iter().take(upto).flat_map(|s| &s.checks).map(String::as_str).collect();
        for report in self.check()? {
            let is_due = due.contains(report.check.as_str());
            if is_due && report.verdict != Verdict::Pass {
                self.failures.push(format!("the solution is played, and {}", said(&report)));
            }
            if only && !is_due && !matches!(report.verdict, Verdict::Fail | Verdict::Blocked) {
                self.failures.push(format!("its step is not begun, and {}", said(&report)));
            }
        }
        Ok(())
    }

    fn check(&self) -> WorkshopResult<Vec<CheckReport>> {
        self.shop.check(TESTER, self.test.lab.id(), Which::All)
    }

    fn fingerprint(&self) -> WorkshopResult<Fingerprint> {
        let desk = Workshop::desk(TESTER, self.test.lab);
        Ok(fingerprint(&*self.rig.world, &desk, self.test.lab)?)
    }
}

fn said(report: &CheckReport) -> String {
    format!("check `{}` says {:?}: {}", report.check, report.verdict, report.said())
}
