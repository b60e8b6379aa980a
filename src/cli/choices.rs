//! Words that options of several commands choose from.

use crate::model::Provider;
use clap::ValueEnum;

/// What can make the cluster of a drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "lower")]
pub enum WithinArg {
    Sandbox,
    K3d,
}

impl From<WithinArg> for Provider {
    fn from(within: WithinArg) -> Self {
        match within {
            WithinArg::Sandbox => Provider::Sandbox,
            WithinArg::K3d => Provider::K3d,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModeArg {
    Recover,
    Drill,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanOutput {
    Text,
    Json,
    Dot,
    Svg,
}

/// How a run is shown while it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RunOutput {
    Text,
    Json,
}
