//! A plan that is cut and read side by side must be the plan that is read in order, to the last line number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use blackstart::plan::parts::cut;
use blackstart::sys::yaml::{Body, Reader, Token};
use proptest::prelude::*;

/// Every element of the list behind `steps`, with its places.
fn in_order(text: &str) -> Option<Vec<String>> {
    let mut reader = Reader::new(text);
    let (token, at) = reader.token().ok()?;
    let plan = reader.value(token, at).ok()?;
    for _ in 0..2 {
        let (Token::DocumentEnd, _) = reader.token().ok()? else { return None };
    }
    let Body::Map(entries) = plan.body else { return None };
    let steps = entries.into_iter().find(|entry| entry.key == "steps")?;
    let Body::List(items) = steps.value.body else { return None };
    Some(items.iter().map(|item| format!("{item:?}")).collect())
}

fn side_by_side(text: &str, parts: usize) -> Option<Vec<String>> {
    cut(text, parts)?.read(|reader, token, at| reader.value(token, at).ok().map(|item| format!("{item:?}")))
}

/// Pieces of steps that make it hard to say where a step begins.
const PIECES: &[&str] = &[
    "  - {id: a, run: [\"true\"]}\n",
    "  - id: a\n    run: [b, c]\n",
    "  - id: a\n    needs:\n      - b\n      - c\n",
    "  - id: a\n    needs:\n    - b\n    - c\n",
    "  - - x\n    - y\n",
    "  - plain\n",
    "  - plain\n    goes on\n",
    "  - \"quoted\n  - id: in quotes\n    \"\n",
    "  - 'quoted\n\n  - x'\n",
    "  - {a: b\n  - c}\n",
    "  - {a: b,\n    c: d}\n",
    "  - [a,\n  b]\n",
    "  - |\n    text\n  - a: after a block\n",
    "  - |+\n    kept\n\n\n",
    "  - >-\n    folded\n\n    - x\n",
    "  - a: |+\n\n",
    "  -\n    id: below\n",
    "  -\n",
    "  - # nothing\n",
    "  - a # told\n",
    "  # told\n",
    "# told\n",
    "\n",
    "   \n",
    "\t\n",
    "  - ? a\n    : b\n",
    "  - é: \"ü\"\n",
    "  - a: &x b\n",
    "  - a: !t b\n",
    "  - \"open\n",
    "  - {open\n",
    "    - deeper\n",
    " - less\n",
    "rto: 5m\n",
    "steps:\n",
    "---\n",
    "...\n",
    "  - a: b\r\n",
    "  - \u{feff}a\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_is_read_side_by_side_is_what_is_read_in_order(
        // Mostly plain steps, or nearly every text would be refused by both.
        odd in prop::collection::vec((0..PIECES.len(), 0..6_usize), 0..8),
        parts in 2..9_usize,
    ) {
        let mut text = String::from("name: x\nsteps:\n");
        text.push_str(PIECES[0]);
        for (piece, plain) in odd {
            text.push_str(PIECES[piece]);
            (0..plain).for_each(|at| text.push_str(PIECES[at % 4]));
        }
        if let Some(read) = side_by_side(&text, parts) {
            prop_assert_eq!(Some(read), in_order(&text), "{}", text);
        }
    }
}

#[test]
fn a_plain_plan_is_cut_into_as_many_parts_as_asked_for_and_read_whole() {
    for indent in ["", "  ", "    "] {
        let steps: String = (0..100).map(|at| format!("{indent}- id: s{at}\n{indent}  run: [\"true\"]\n\n")).collect();
        let text = format!("name: x\nsteps:\n{steps}");
        for parts in [2, 3, 8] {
            let read = side_by_side(&text, parts).expect("read side by side");
            assert_eq!(read.len(), 100);
            assert_eq!(Some(read), in_order(&text));
        }
    }
}

#[test]
fn a_text_that_cannot_be_cut_is_left_alone() {
    let step = "  - {id: a}\n";
    for text in [
        String::new(),
        "name: x\n".to_owned(),
        "steps:\n".to_owned(),
        format!("steps:\n{step}{}", step.replace('\n', "\r\n")),
        format!("steps:\n\n{step}{step}"),
        format!("steps:\n{}", "x".repeat(1000)),
        format!("name: \"\nsteps:\n{}\"\n", step.repeat(10)),
        format!("steps:\n{}rto: 5m\n", step.repeat(10)),
        format!("steps:\n{}---\nname: y\n", step.repeat(10)),
    ] {
        let read = side_by_side(&text, 4);
        assert!(read.is_none(), "{text} was read: {read:?}");
    }
}
