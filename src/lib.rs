//! blackstart brings a Kubernetes homelab back from nothing. This page is the map.
//!
//! | module | is | knows |
//! |---|---|---|
//! | [`model`] | NOUNS | ids, states, events, outcomes, facts. No IO. |
//! | [`sys`] | HANDS | programs, files, locks, the network: the only code that touches the outside |
//! | [`manifests`] | PAPER | Kubernetes objects as read from files, with the line of every field |
//! | [`secrets`] | VAULT | the secrets of a plan without a cluster: read from age files, sealed, opened |
//! | [`checks`] | EYES | a plan in, findings out |
//! | [`journal`] | MEMORY | records, writer, reader, replay |
//! | [`report`] | FACES | lines, bars, JSON, HTML: reads events and knows nothing else |
//! | [`steps`] | VERBS | the contract of a step, then one file a kind |
//! | [`plan`] | ORDER | file → graph → preview |
//! | [`engine`] | TIME | decide and ready (pure), task (one step), run (the loop) |
//! | [`cli`] | WIRING | one file a subcommand |
//!
//! Imports go one way: cli → engine → plan → steps → checks → secrets → manifests → sys → model, engine → journal → model, cli → report →
//! model. A test holds this, and which module may name which outside crate.

pub mod checks;
pub mod cli;
pub mod engine;
pub mod journal;
pub mod manifests;
pub mod model;
pub mod plan;
pub mod report;
pub mod secrets;
pub mod steps;
pub mod sys;
