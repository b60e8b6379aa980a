//! The tables of docs/architecture.md: states, decisions, and the bytes of a journal.

use crate::page::Page;
use blackstart::engine::decide::{Decision, Known, Otherwise, resumed};
use blackstart::journal::{Memory, frame};
use blackstart::model::{State, state::Change};
use std::fmt::Write;

fn transitions() -> String {
    let mut out = "| from | what happens → to |\n|---|---|\n".to_owned();
    for state in State::ALL {
        let ways =
            Change::ALL.iter().filter_map(|change| Some((format!("{change:?}").to_lowercase(), state.after(*change)?)));
        let ways: Vec<String> = ways.map(|(change, to)| format!("{change} → {}", to.as_str())).collect();
        let _ = writeln!(out, "| {} | {} |", state.as_str(), ways.join(", "));
    }
    out
}

fn told(decision: &Decision) -> String {
    match decision {
        Decision::Skip(why) => format!("skip ({why})"),
        Decision::Do(why) => format!("do it: {why}"),
        Decision::Ask(why) => format!("ask a person: {why}"),
        Decision::Look { otherwise, .. } => {
            let not_there = match otherwise {
                Otherwise::Do(_) => "do it",
                Otherwise::Ask(_) => "ask a person",
                Otherwise::Accept(_) => "take the person's word",
            };
            format!("look; not there: {not_there}")
        }
    }
}

fn decisions() -> String {
    let mut out = "| what is remembered | inputs | may be done twice | may not |\n|---|---|---|---|\n".to_owned();
    for memory in [Memory::Never, Memory::Begun, Memory::Broken, Memory::Done, Memory::Accepted] {
        let name = format!("{memory:?}").to_lowercase();
        let rows = [true, false].map(|same_inputs| {
            let known =
                |repeatable| Known { memory, same_inputs, moved: false, repeatable, redo: false, accept: false };
            format!("{} | {}", told(&resumed(known(true))), told(&resumed(known(false))))
        });
        match rows[0] == rows[1] {
            true => writeln!(out, "| {name} | any | {} |", rows[0]).unwrap(),
            false => {
                let named = ["the same", "changed"].iter().zip(&rows);
                named.for_each(|(inputs, row)| writeln!(out, "| {name} | {inputs} | {row} |").unwrap());
            }
        }
    }
    out
}

/// A journal with one record, as it lies in the file.
fn bytes() -> String {
    let body = br#"{"r":"notice","t":5,"message":"hi"}"#;
    let mut framed = Vec::new();
    frame::put(&mut framed, body);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    let at = frame::MAGIC.len();
    let mut out = "| offset | bytes | what it is |\n|--:|---|---|\n".to_owned();
    let text = String::from_utf8_lossy(frame::MAGIC);
    let _ = writeln!(out, "| 0 | `{}\\n` | the magic line; its number is the version of the format |", text.trim_end());
    for (from, what) in
        [(0, "length of the body"), (4, "CRC-32 of the four bytes of the length"), (8, "CRC-32 of the body")]
    {
        let _ = writeln!(out, "| {} | `{}` | {what}, little-endian |", at + from, hex(&framed[from..from + 4]));
    }
    let _ = writeln!(out, "| {} | `{}` | the body, JSON |", at + 12, String::from_utf8_lossy(&framed[12..]));
    out
}

#[test]
fn the_tables_of_the_architecture_are_those_of_the_program() {
    let mut page = Page::open("docs/architecture.md");
    for (block, now) in [("transitions", transitions()), ("decisions", decisions()), ("bytes", bytes())] {
        page.holds(block, &now, str::to_owned);
    }
}
