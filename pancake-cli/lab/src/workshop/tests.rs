//! Tests of the workshop.

use super::*;
use crate::{
    format::{ClockAct, ClockGoal},
    toy::{Toy, workshop},
    world::FeedState,
};

const ME: &str = "me";
const TOY: &str = "01-toy";

fn records(toy: &Toy, topic: &str) -> Option<u64> {
    toy.topic(topic).unwrap().map(|t| t.records())
}

fn verdicts(shop: &Workshop) -> Vec<(String, Verdict)> {
    let reports = shop.check(ME, TOY, Which::All).unwrap();
    reports.into_iter().map(|r| (r.check, r.verdict)).collect()
}

#[test]
fn a_lab_is_found_by_id_number_or_name() {
    let (shop, _) = workshop();
    for name in ["01-toy", "01", "1", "toy"] {
        assert_eq!(shop.find(name).unwrap().id(), "01-toy");
    }
    let error = shop.find("tyo").unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.help().as_deref()),
        ("there is no lab `tyo`", Some("did you mean `toy`?"))
    );
}

#[test]
fn a_lab_has_to_be_started() {
    let (shop, _) = workshop();
    let error = shop.check(ME, TOY, Which::All).unwrap_err();
    assert_eq!(error.help().as_deref(), Some("run `pancake lab start 01-toy`"));
    shop.start(ME, "toy", None).unwrap();
    assert!(verdicts(&shop).iter().all(|(_, v)| matches!(v, Verdict::Fail | Verdict::Blocked)));
}

#[test]
fn running_a_cell_again_undoes_its_last_run() {
    let (shop, toy) = workshop();
    shop.start(ME, TOY, None).unwrap();
    let text = "MAKE t\nADD poured {\"n\": 1}\nCOPY poured AS counts";
    for _ in 0..3 {
        let run = shop.run_cell(ME, TOY, "pour", Some(text)).unwrap();
        assert_eq!(run.output.fault, None);
        assert_eq!((run.made.tables.len(), run.made.jobs.len()), (1, 1));
    }
    assert_eq!((records(&toy, "poured"), records(&toy, "counts")), (Some(1), Some(1)));
    shop.run_cell(ME, TOY, "pour", Some("SHOW orders")).unwrap();
    assert_eq!((records(&toy, "poured"), records(&toy, "counts")), (None, None));
    assert_eq!(records(&toy, "orders"), Some(0), "a stream's topic is nobody's to undo");
}

#[test]
fn a_topic_that_another_job_writes_survives_an_undo() {
    let (shop, toy) = workshop();
    shop.start(ME, TOY, None).unwrap();
    shop.run_cell(ME, TOY, "pour", Some("ADD counts 1")).unwrap();
    shop.run_cell(ME, TOY, "copy", Some("COPY orders AS counts")).unwrap();
    shop.run_cell(ME, TOY, "pour", Some("SHOW counts")).unwrap();
    assert_eq!(records(&toy, "counts"), Some(0));
}

#[test]
fn a_refused_statement_is_shown_with_its_line_and_the_text_is_kept() {
    let (shop, _) = workshop();
    shop.start(ME, TOY, None).unwrap();
    let run = shop.run_cell(ME, TOY, "copy", Some("MAKE a\nMKAE b")).unwrap();
    let fault = run.output.fault.unwrap();
    assert_eq!((fault.message.as_str(), fault.line), ("`MKAE b` is no statement", Some(2)));
    let view = shop.show(ME, TOY).unwrap();
    assert_eq!(view.cells["copy"].text.as_deref(), Some("MAKE a\nMKAE b"));
    assert_eq!(view.cells["pour"].text, None);
    assert!(matches!(
        shop.run_cell(ME, TOY, "cpoy", None),
        Err(WorkshopError::Unknown { kind: "cell", .. })
    ));
}

#[test]
fn a_pass_is_sticky_and_written_once() {
    let (shop, toy) = workshop();
    shop.start(ME, TOY, None).unwrap();
    shop.run_cell(ME, TOY, "pour", Some("ADD poured {\"n\": 1}")).unwrap();
    for _ in 0..3 {
        assert_eq!(shop.check(ME, TOY, Which::Check("poured")).unwrap()[0].verdict, Verdict::Pass);
    }
    let passed = toy.events().iter().filter(|e| matches!(e.kind, EventKind::Passed { .. })).count();
    assert_eq!((passed, toy.events().len()), (1, 3), "{:?}", toy.events());
    shop.run_cell(ME, TOY, "pour", Some("SHOW poured")).unwrap();
    assert_eq!(shop.check(ME, TOY, Which::Step("pour")).unwrap()[0].verdict, Verdict::Fail);
    let card = shop.list(ME).unwrap().remove(0);
    assert_eq!((card.passed, card.checks, card.next.as_deref()), (1, 4, Some("copy")));
}

#[test]
fn answers_are_one_of_the_choices() {
    let (shop, _) = workshop();
    shop.start(ME, TOY, None).unwrap();
    let error = shop.answer(ME, TOY, "which_time", "never").unwrap_err();
    assert_eq!(error.help().as_deref(), Some("choose one of made, seen"));
    shop.answer(ME, TOY, "which_time", "made").unwrap();
    assert_eq!(shop.check(ME, TOY, Which::Step("ask")).unwrap()[0].verdict, Verdict::Pass);
}

#[test]
fn the_clock_goes_where_it_is_sent() {
    let (shop, toy) = workshop();
    shop.start(ME, TOY, None).unwrap();
    let clock = |goal| shop.clock(ME, TOY, &ClockAct { feed: None, goal });
    assert_eq!(clock(ClockGoal::Step(1)).unwrap().sent, 1);
    assert_eq!(clock(ClockGoal::PlayTo("half".into())).unwrap().sent, 5);
    assert_eq!(clock(ClockGoal::PlayTo("1970-01-01 00:00:07".into())).unwrap().sent, 7);
    assert_eq!(clock(ClockGoal::End).unwrap().state, FeedState::Done);
    assert_eq!(records(&toy, "orders"), Some(10));
    let error = clock(ClockGoal::PlayTo("noon".into())).unwrap_err();
    assert_eq!(error.to_string(), "`noon` is neither a moment nor a mark of stream `orders`");
}

#[test]
fn hints_climb_and_the_last_rung_waits_for_two_tries() {
    let (shop, _) = workshop();
    shop.start(ME, TOY, None).unwrap();
    shop.run_cell(ME, TOY, "copy", Some("COPY nothing AS counts")).unwrap();
    shop.clock(ME, TOY, &ClockAct { feed: None, goal: ClockGoal::End }).unwrap();
    let hint = |check: &str| shop.hint(ME, TOY, check).unwrap();
    assert_eq!((hint("right").level, hint("right").level), (1, 1));
    assert_eq!(hint("right").computed.as_deref(), Some("Nothing was copied."));
    shop.check(ME, TOY, Which::Step("copy")).unwrap();
    assert_eq!(hint("right").level, 1, "one try is not two");
    shop.run_cell(ME, TOY, "copy", Some("COPY poured AS counts")).unwrap();
    shop.run_cell(ME, TOY, "pour", Some("ADD poured [\"a\", 1]")).unwrap();
    shop.check(ME, TOY, Which::Step("copy")).unwrap();
    assert_eq!(
        (hint("right").level, hint("right").markdown.as_str()),
        (2, "From where orders are.")
    );
}

#[test]
fn a_reset_is_the_start_and_a_jump_is_the_solution_so_far() {
    let (shop, toy) = workshop();
    shop.start(ME, TOY, None).unwrap();
    let start = (
        toy.inventory().unwrap(),
        toy.files(&Workshop::desk(ME, shop.find(TOY).unwrap())).unwrap(),
    );
    shop.solve(ME, TOY, None).unwrap();
    assert!(verdicts(&shop).iter().all(|(_, v)| *v == Verdict::Pass), "{:?}", verdicts(&shop));
    shop.act(ME, TOY, &crate::format::Act::Pancake("model train m".into())).unwrap();
    shop.reset(ME, TOY, None).unwrap();
    assert_eq!(
        (
            toy.inventory().unwrap(),
            toy.files(&Workshop::desk(ME, shop.find(TOY).unwrap())).unwrap()
        ),
        start
    );
    assert_eq!(shop.list(ME).unwrap()[0].passed, 0);
    shop.jump(ME, TOY, "copy").unwrap();
    let passed: Vec<bool> = verdicts(&shop).iter().map(|(_, v)| *v == Verdict::Pass).collect();
    assert_eq!(passed, [true, false, false, false]);
    assert!(matches!(shop.jump(ME, TOY, "fly"), Err(WorkshopError::Unknown { kind: "step", .. })));
}

#[test]
fn a_step_goes_back_alone() {
    let (shop, toy) = workshop();
    shop.start(ME, TOY, None).unwrap();
    shop.solve(ME, TOY, None).unwrap();
    verdicts(&shop);
    shop.reset(ME, TOY, Some("copy")).unwrap();
    assert_eq!((records(&toy, "counts"), records(&toy, "poured")), (None, Some(1)));
    let card = shop.list(ME).unwrap().remove(0);
    assert_eq!((card.passed, card.next.as_deref()), (2, Some("copy")));
    assert_eq!(shop.show(ME, TOY).unwrap().cells["copy"].text, None);
}

#[test]
fn a_solution_waits_for_the_world_to_rest_but_not_for_ever() {
    let (shop, toy) = workshop();
    shop.start(ME, TOY, None).unwrap();
    shop.run_cell(ME, TOY, "copy", Some("COPY orders AS counts")).unwrap();
    let step = ClockAct { feed: None, goal: ClockGoal::Step(1) };
    let took = |shop: &Workshop| {
        let before = toy.monotonic();
        shop.act(ME, TOY, &crate::format::Act::Clock(step.clone())).unwrap();
        toy.monotonic().saturating_sub(before).as_secs()
    };
    assert_eq!(took(&shop), 0);
    toy.change_job("counts", |job| job.caught_up = false);
    assert_eq!(took(&shop), 300);
    toy.change_job("counts", |job| job.state = "failed".into());
    assert_eq!(took(&shop), 0);
}
