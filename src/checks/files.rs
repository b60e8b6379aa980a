//! Everything that files alone can show to be wrong, one check after the other.

use super::rules::{self, Ground};
use super::told::Told;
use super::{pod_security, references};
use crate::manifests::Papers;

/// Looks at all papers together, on what is known of the cluster below them.
pub fn check(papers: &[Papers], ground: &Ground<'_>, security: &pod_security::Rules) -> Told {
    let mut told = rules::check(ground);
    let named: Vec<(&str, &Papers)> = papers.iter().map(|papers| ("", papers)).collect();
    told.extend(references::check(&named, ground.elsewhere));
    let pods = pod_security::check(papers, &[], security);
    told.extend(pods.findings);
    told.unknowns.extend(pods.unknowns);
    told
}
