//! Writes one generated graph twice: as a plan and as a ninja file, for `scripts/bench-plan` and `scripts/bench-run`.
//! Knows nothing of the library, so that `rustc -O` alone builds it. The same arguments give the same bytes.

#![allow(clippy::print_stderr)]

use std::fmt::Write as _;
use std::process::ExitCode;

const USAGE: &str = "usage: gen-plan SHAPE STEPS STYLE PLAN NINJA [NINJA-COMMAND]
  SHAPE  random | wide | deep | diamond | fan-in
  STYLE  flow | block   how a step is written in the plan";

/// What each step needs; a step needs only steps before it.
fn graph(shape: &str, steps: usize) -> Option<Vec<Vec<usize>>> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let needs = |at: usize| match shape {
        "random" if at > 0 => {
            let mut needs: Vec<usize> = (0..dice.below(3)).map(|_| dice.below(at)).collect();
            needs.sort_unstable();
            needs.dedup();
            Some(needs)
        }
        "random" | "wide" => Some(Vec::new()),
        "deep" => Some(at.checked_sub(1).into_iter().collect()),
        // A row of diamonds: one step, two that need it, one that needs both, and the next diamond below it.
        "diamond" => Some(match at % 3 {
            0 if at == 0 => Vec::new(),
            0 => vec![at - 2, at - 1],
            1 => vec![at - 1],
            _ => vec![at - 2],
        }),
        "fan-in" if at + 1 == steps => Some((0..at).collect()),
        "fan-in" => Some(Vec::new()),
        _ => None,
    };
    (0..steps).map(needs).collect()
}

/// Xorshift: the graph must be the same on every machine, and no crate is wanted for that.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % limit
    }
}

fn plan(graph: &[Vec<usize>], block: bool) -> String {
    let mut text = String::from("name: bench\nsteps:\n");
    for (at, needs) in graph.iter().enumerate() {
        let names: Vec<String> = needs.iter().map(|need| format!("s{need}")).collect();
        if block {
            let _ = write!(text, "  - id: s{at}\n    kind: command\n    run: [\"true\"]\n    verify: [\"true\"]\n");
            if !names.is_empty() {
                let _ = writeln!(text, "    needs:\n      - {}", names.join("\n      - "));
            }
        } else {
            let _ = write!(text, "  - {{id: s{at}, kind: command, run: [\"true\"], verify: [\"true\"]");
            if !names.is_empty() {
                let _ = write!(text, ", needs: [{}]", names.join(", "));
            }
            text.push_str("}\n");
        }
    }
    text
}

fn ninja(graph: &[Vec<usize>], command: &str) -> String {
    let mut text = format!("rule r\n  command = {command}\n");
    for (at, needs) in graph.iter().enumerate() {
        let _ = write!(text, "build s{at}: r");
        needs.iter().for_each(|need| {
            let _ = write!(text, " s{need}");
        });
        text.push('\n');
    }
    text
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (shape, steps, style, files, command) = match args.as_slice() {
        [shape, steps, style, plan, ninja] => (shape, steps, style, [plan, ninja], "true && true"),
        [shape, steps, style, plan, ninja, command] => (shape, steps, style, [plan, ninja], command.as_str()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let graph = steps.parse().ok().and_then(|steps| graph(shape, steps));
    let (Some(graph), "flow" | "block") = (graph, style.as_str()) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let texts = [plan(&graph, style == "block"), ninja(&graph, command)];
    for (file, text) in files.into_iter().zip(texts) {
        if let Err(error) = std::fs::write(file, text) {
            eprintln!("{file}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
