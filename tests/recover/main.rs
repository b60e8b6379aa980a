//! What is known before a recovery may destroy: what stands there, whose it is, which data dies, whether the way in leads through
//! it, and the one question. Each check is seen red by its own fault, and green by the nearest world that has none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../support/page.rs"]
mod page;
#[path = "../support/sandbox.rs"]
mod sandbox;
#[path = "../support/source.rs"]
mod source;

mod access;
mod fakes;
mod founding;
mod lasting;
mod outage;
mod ports;
mod prompts;
mod screen;
mod stake;
mod whole;
