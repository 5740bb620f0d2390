//! Tests of pages.

use super::*;

fn fences(text: &str) -> String {
    text.replace("~~~", "```")
}

const PAGE: &str = "# Pour *one*\n\nRun this <b>now</b>.\n\n~~~sql run id=pour\nSELECT 1;\n~~~\n\n~~~check one\n~~~\n\nLook at\n\n~~~sql\nSELECT 2;\n~~~\n\n~~~hint for=one level=1\nA *nudge*.\n~~~\n\n~~~quiz id=q\nWhich?\n- a: the first\n- b: the second\n~~~\n\n~~~clock play_to=\"2026-05-01 09:00:00\"\n~~~\n";

#[test]
fn a_page_is_prose_and_blocks_in_order() {
    let (page, told) = Page::parse("10.md", &fences(PAGE));
    assert_eq!(told, []);
    assert_eq!(page.title, "Pour one");
    let kinds: Vec<&str> = page
        .blocks
        .iter()
        .map(|b| match b {
            Block::Prose { .. } => "prose",
            Block::Cell(_) => "cell",
            Block::Hint(_) => "hint",
            Block::Quiz(_) => "quiz",
            Block::Check { .. } => "check",
            Block::Clock { .. } => "clock",
            Block::Save { .. } => "save",
        })
        .collect();
    assert_eq!(kinds, ["prose", "cell", "check", "prose", "hint", "quiz", "clock"]);
    assert_eq!(page.cells().next().unwrap().text, "SELECT 1;");
    assert_eq!(page.quizzes().next().unwrap().choices[1].label, "the second");
    assert_eq!(
        page.blocks[6],
        Block::Clock { feed: None, play_to: Some("2026-05-01 09:00:00".into()) }
    );
}

#[test]
fn raw_html_is_shown_and_not_passed_on() {
    let html = html("Run <script>alert(1)</script> and [x](javascript:alert(1)).\n\n<div>hi</div>");
    assert!(!html.contains("<script>") && !html.contains("<div>"), "{html}");
    assert!(html.contains("&lt;script&gt;") && html.contains("&lt;div&gt;"), "{html}");
    assert!(!html.contains("javascript:"), "{html}");
}

#[track_caller]
fn check_told(fence: &str, expected: &str) {
    let (_, told) = Page::parse("10.md", &fences(&format!("# T\n\n{fence}\n")));
    let told: Vec<String> = told.iter().map(ToString::to_string).collect();
    assert_eq!(told, [expected]);
}

#[test]
fn mistakes_in_fences_are_told_with_their_place() {
    check_told("~~~sql run\nSELECT 1\n~~~", "10.md:3:1: `a cell` needs `id=…`");
    check_told(
        "~~~sql rnu id=a run\nSELECT 1\n~~~",
        "10.md:3:1: unknown attribute `rnu` (did you mean `run`?)",
    );
    check_told(
        "~~~sql edit id=a todo\nSELECT 1\n~~~",
        "10.md:3:1: cell `a` says todo, but holds no TODO",
    );
    check_told(
        "~~~sh run id=a\npancake model list\nrm -rf x\n~~~",
        "10.md:5:1: `rm -rf x` is not a pancake command (a sh cell holds `pancake …` command lines only)",
    );
    check_told("~~~hint for=a level=x\nb\n~~~", "10.md:3:1: `level` is a number from 1");
    check_told("~~~yaml save-as=../x\nb\n~~~", "10.md:3:1: `../x` leaves the workspace");
    check_told(
        "~~~python run id=a\n1\n~~~",
        "10.md:3:1: a `python` cell cannot be run here (runnable: sql, sh)",
    );
    check_told("~~~check a\n", "10.md:3:1: this fence is never closed (end it with ```)");
}

#[test]
fn command_lines_know_quotes_and_nothing_else_of_a_shell() {
    let text = "# first\npancake topic produce r --key a \\\n  --value '{\"a\": 1}'\n\npancake model list # all\n";
    let commands = command_lines(text).unwrap();
    assert_eq!(commands[0], ["topic", "produce", "r", "--key", "a", "--value", "{\"a\": 1}"]);
    assert_eq!(commands[1], ["model", "list"]);
    for text in
        ["pancake a | b", "pancake a > f", "pancake $(a)", "pancake 'a", "pancake", "pancake a \\"]
    {
        assert!(command_lines(text).is_err(), "{text}");
    }
}

#[test]
fn a_terminal_gets_wrapped_text() {
    let text = plain("# Title\n\nSome *soft* prose that is `long` enough.\n\n- one\n- two", 24);
    assert_eq!(text, "Title\n=====\n\nSome *soft* prose that\nis `long` enough.\n\n- one\n- two");
}
