//! Cryptography by aws-lc-rs: the one folder that knows the crate.

pub mod hash;
