//! Pod Security against its judges: upstream's library for every version it knows, and a real API server; each rule turned red
//! by its smallest fault and left green by the nearest manifest; labels, patches, and findings over files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../support/drawing.rs"]
mod drawing;
#[path = "../support/sandbox.rs"]
mod sandbox;
#[path = "../support/world.rs"]
mod world;

mod draw;
mod example;
mod findings;
mod judge;
mod labels;
mod patches;
mod rows;
mod rules;
mod server;
mod warnings;

use blackstart::checks::pod_security::{self, Level, Pod, Policy, Seen, Version, refusal};
use serde_json::Value;

/// How many cases: many when there is time for them.
fn cases(few: usize, many: usize) -> usize {
    if std::env::var_os("BLACKSTART_LONG").is_some() { many } else { few }
}

/// A seed that can be given again.
fn seed(test: &str) -> u64 {
    let given = std::env::var("BLACKSTART_SEED").ok().and_then(|text| text.parse().ok());
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let seed = given.unwrap_or_else(now);
    println!("{test}: BLACKSTART_SEED={seed}");
    seed
}

/// What we say of this pod: the sentence of the refusal, empty where it is let in.
fn ours(pod: &Value, seen: Seen, policy: Policy, newest: u64) -> String {
    let tree = pod_security::remedy::tree(pod).unwrap_or_else(|| panic!("{pod}"));
    let broken = pod_security::evaluate(&Pod::of(&tree, seen).unwrap(), policy, newest);
    if broken.is_empty() { String::new() } else { refusal(policy, &broken) }
}

fn policy(level: Level, minor: u64) -> Policy {
    Policy::new(level, Version::Minor(minor))
}
