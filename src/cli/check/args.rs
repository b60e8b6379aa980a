//! What `check` is asked.

use crate::checks::pod_security::{Level, Policy, Version};
use clap::ValueEnum;
use std::path::PathBuf;

/// Find in the files what would keep a recovery from its end
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Nothing is asked of a cluster, and nothing is fetched. With a plan it is looked at as a whole, as a
drill would begin it; paths need no plan: everything of Kubernetes that lies below them counts.

Exit 0 when no error is found, 3 when one is.

Examples:
  blackstart check                              the only plan in plans/
  blackstart check kubernetes/                  a folder, without a plan
  blackstart check kubernetes/ --fix patches    what can be mended, as patches for git apply
  blackstart check --pod-security restricted    what that level would refuse
  blackstart check --output sarif > check.sarif"
)]
pub struct CheckArgs {
    /// A plan, or files and folders [default: the only plans/*.yaml]
    #[arg(value_name = "PLAN|PATH")]
    pub paths: Vec<PathBuf>,
    /// Write a patch for each file that can be mended into this folder, and nothing else
    #[arg(long, value_name = "DIR")]
    pub fix: Option<PathBuf>,
    /// Pass over the findings that this file lists
    #[arg(long, value_name = "FILE", conflicts_with = "write_baseline")]
    pub baseline: Option<PathBuf>,
    /// List all findings in this file, to be passed over from now on
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// Hold every pod against this level too, whatever the labels of its namespace say
    #[arg(long, value_name = "LEVEL[:VERSION]", value_parser = policy)]
    pub pod_security: Option<Policy>,
    /// The version of the server, as v1.31 [default: the newest that is known here]
    #[arg(long, value_name = "vX.Y", value_parser = minor)]
    pub cluster_version: Option<u64>,
    /// For people, for programs, or for viewers of code
    #[arg(long, value_enum, default_value_t = CheckOutput::Text)]
    pub output: CheckOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckOutput {
    Text,
    Json,
    Sarif,
}

fn policy(text: &str) -> Result<Policy, String> {
    let (level, version) = text.split_once(':').unwrap_or((text, "latest"));
    let level = Level::parse(level).ok_or("a level is privileged, baseline or restricted")?;
    let version = Version::parse(version).ok_or("a version is latest, or like v1.31")?;
    Ok(Policy::new(level, version))
}

/// Of `v1.31`, `1.31`, `v1.31.4+k3s1`.
fn minor(text: &str) -> Result<u64, String> {
    let rest = text.strip_prefix('v').unwrap_or(text).strip_prefix("1.");
    let digits = rest.map(|rest| &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()]);
    let number = digits.and_then(|digits| digits.parse().ok());
    number.ok_or_else(|| "write it as v1.31".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_servers_write_them_and_nothing_else() {
        assert_eq!((minor("v1.31"), minor("1.9"), minor("v1.31.4+k3s1")), (Ok(31), Ok(9), Ok(31)));
        assert!(["v2.1", "31", "v1.", "", "latest"].iter().all(|text| minor(text).is_err()));
        assert_eq!(policy("baseline"), Ok(Policy::new(Level::Baseline, Version::Latest)));
        assert_eq!(policy("restricted:v1.24"), Ok(Policy::new(Level::Restricted, Version::Minor(24))));
        assert!(["strict", "baseline:", "baseline:1.24", ""].iter().all(|text| policy(text).is_err()));
    }
}
