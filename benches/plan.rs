//! Where the time of planning goes: reading, wiring and ordering, and the preview as JSON, for 1,000 to 100,000 steps.
//! Process start is not in it; `scripts/bench-plan` measures the whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use blackstart::manifests::facts::Links;
use blackstart::model::Mode;
use blackstart::plan::load::{self, Planned};
use blackstart::plan::preview::{Decision, Past, Preview};
use blackstart::plan::{graph, json, read, wants};
use divan::Bencher;
use divan::counter::ItemsCount;
use std::fmt::Write;
use std::path::Path;

const STEPS: [usize; 3] = [1_000, 10_000, 100_000];
const SHOWN: &str = "bench.yaml";

fn main() {
    divan::main();
}

/// Each step needs at most two steps before it, spread over the whole plan.
fn text(steps: usize) -> String {
    let mut text = String::from("name: bench\nsteps:\n");
    for at in 0..steps {
        let need = |salt: usize| (at * salt + 12_345) % at.max(1);
        let needs = match at % 3 {
            1 => format!(", needs: [s{}]", need(7_919)),
            2 => format!(", needs: [s{}, s{}]", need(104_729), need(1_299_709)),
            _ => String::new(),
        };
        writeln!(text, "  - {{id: s{at}, kind: command, run: [\"true\"], verify: [\"true\"]{needs}}}").expect("a text");
    }
    text
}

fn planned(steps: usize) -> Planned {
    load::from_text(&text(steps), SHOWN, Path::new(SHOWN), Mode::Recover).unwrap_or_else(|bad| panic!("{bad}"))
}

#[divan::bench(args = STEPS)]
fn parse(bencher: Bencher<'_, '_>, steps: usize) {
    let text = text(steps);
    bencher.counter(ItemsCount::new(steps)).bench(|| read::read(&text, SHOWN, Path::new(SHOWN)));
}

#[divan::bench(args = STEPS)]
fn wire_and_order(bencher: Bencher<'_, '_>, steps: usize) {
    let plan = planned(steps).file;
    bencher.counter(ItemsCount::new(steps)).bench(|| {
        let graph = wants::wants(&plan, Links::default()).expect("a plan without a fault").graph;
        let waves = graph.waves();
        let digest = graph::digest(&plan, &graph, Mode::Recover);
        (graph, waves, digest)
    });
}

#[divan::bench(args = STEPS)]
fn preview_json(bencher: Bencher<'_, '_>, steps: usize) {
    let (planned, past) = (planned(steps), Past::default());
    bencher.counter(ItemsCount::new(steps)).bench(|| {
        let decisions = vec![(Decision::Run, "nothing of it has run".to_owned()); steps];
        let preview = Preview::new(&planned, &past, decisions, Default::default());
        json::write(&preview, std::io::sink())
    });
}
