//! `check`: what the files alone show to be wrong, of a plan or of whatever lies at some paths.

pub mod args;

use super::context::Context;
use crate::checks::ladder::redact::plain;
use crate::checks::rules::Ground;
use crate::checks::rules::cluster::Cluster;
use crate::checks::told::Told;
use crate::checks::{files as checked, pod_security, references};
use crate::manifests::{Papers, repository};
use crate::model::{Finding, Mode, Problem, Severity, Unknown};
use crate::plan::findings;
use crate::plan::load::load;
use crate::report::found::{Looked, text};
use crate::report::sarif;
use crate::sys::{Touch, files};
use args::{CheckArgs, CheckOutput};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What kustomize or helm refuses.
const BROKEN: &str = "F96";
/// What is not known for want of a file, a program or a chart.
const UNREAD: &str = "F97";

/// No plan is larger than what is looked at to know one.
const PLAN: u64 = 1 << 20;

pub fn run(context: &Context, args: &CheckArgs) -> Result<u8, Problem> {
    let checked = match args.paths.as_slice() {
        [] => of_plan(context, &context.plan_path(None)?)?,
        [one] if is_plan(context, one) => of_plan(context, one)?,
        paths => of_paths(context, paths)?,
    };
    let Checked { looked, told } = checked;
    let findings: Vec<Finding> = told.faults.into_iter().map(|fault| fault.finding).collect();
    let (findings, unknowns) = (findings.as_slice(), told.unknowns.as_slice());
    match args.output {
        CheckOutput::Text => context.print(&text(&looked, findings, unknowns))?,
        CheckOutput::Json => {
            let all = json!({
                "schema": "blackstart.check/1",
                "files": looked.files,
                "objects": looked.objects,
                "findings": findings,
                "unknowns": unknowns,
            });
            context.print(&format!("{all}\n"))?;
        }
        CheckOutput::Sarif => context.print(&format!("{}\n", sarif::document(findings, unknowns)))?,
    }
    Ok(if findings.iter().any(|finding| finding.severity == Severity::Error) { 3 } else { 0 })
}

struct Checked {
    looked: Looked,
    told: Told,
}

/// A plan has steps and is no object of Kubernetes.
fn is_plan(context: &Context, path: &Path) -> bool {
    let Ok(bytes) = files::read(context.look, path, PLAN) else { return false };
    let text = String::from_utf8_lossy(&bytes);
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    has("steps:") && has("name:") && !has("apiVersion:")
}

fn of_plan(context: &Context, path: &Path) -> Result<Checked, Problem> {
    let planned = load(context.look, path, Mode::Recover)?;
    let of_one = |papers: &Papers| papers.objects.len();
    let (files, objects) =
        (planned.papers.iter().map(|papers| papers.files).sum(), planned.papers.iter().map(of_one).sum());
    let told = findings::of(context.look, &planned);
    Ok(Checked { looked: Looked { files, objects, foreign: 0 }, told })
}

fn of_paths(context: &Context, paths: &[PathBuf]) -> Result<Checked, Problem> {
    if let Some(missing) = paths.iter().find(|path| !files::exists(context.look, path)) {
        return Err(
            Problem::usage(format!("{}: is not there", missing.display())).next("name a plan, a file or a folder")
        );
    }
    // For a folder that kustomize and helm work in, and that is gone with them. Nothing else is written.
    let found = repository::rendered(&Touch::granted(), paths);
    let looked = Looked { files: found.papers.files, objects: found.papers.objects.len(), foreign: found.foreign };
    let cluster = found.tools.iter().find_map(|object| Cluster::of_k3d(object));
    let papers = std::slice::from_ref(&found.papers);
    let mut ground = Ground::of(papers, cluster, &|_| false);
    // What lies outside of these paths is not known to be nowhere.
    ground.whole = found.unread.is_empty() && paths.iter().any(|path| files::exists(context.look, &path.join(".git")));
    let mut told = checked::check(papers, &ground, &pod_security::Rules::default());
    let is_softer = |finding: &Finding| is_absence(finding.id) && finding.severity == Severity::Error;
    for fault in told.faults.iter_mut().filter(|fault| !ground.whole && is_softer(&fault.finding)) {
        fault.finding.severity = Severity::Warning;
    }
    told.extend(found.broken.into_iter().map(|broken| Finding {
        id: BROKEN,
        severity: Severity::Error,
        place: broken.place,
        object: broken.object,
        message: plain(&broken.message),
        fix: broken.fix,
        patch: None,
    }));
    told.unknowns.extend(found.unread.into_iter().map(|unread| Unknown {
        id: UNREAD,
        place: unread.place,
        object: unread.object,
        message: plain(&unread.why),
        missing: unread.missing,
    }));
    told.sort();
    // What two overlays take is rendered twice, and told once.
    let mut seen = BTreeSet::new();
    told.faults.retain(|fault| {
        let one = &fault.finding;
        seen.insert((one.id, one.place.clone(), one.object.clone(), one.message.clone()))
    });
    Ok(Checked { looked, told })
}

/// Whether a finding says that something is in no file.
fn is_absence(id: &str) -> bool {
    use references::{KIND, MISSING, NAMESPACE, NOTHING, WEBHOOK};
    [MISSING, KIND, WEBHOOK, NAMESPACE, NOTHING].contains(&id)
}
