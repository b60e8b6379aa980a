//! What is to be checked, read and looked at: a plan, or whatever lies at some paths.

use super::stores;
use crate::checks::ladder::redact::plain;
use crate::checks::rules::Ground;
use crate::checks::rules::cluster::Cluster;
use crate::checks::told::Told;
use crate::checks::{accept, files as checked, pod_security, references};
use crate::cli::context::Context;
use crate::manifests::{Papers, repository};
use crate::model::{Finding, Mode, Problem, Severity, Unknown};
use crate::plan::findings;
use crate::plan::load::load;
use crate::report::found::Looked;
use crate::sys::{Touch, clock, files};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What kustomize or helm refuses.
const BROKEN: &str = "F96";
/// What is not known for want of a file, a program or a chart.
const UNREAD: &str = "F97";

/// No plan is larger than what is looked at to know one.
const PLAN: u64 = 1 << 20;

/// What was looked at, and what there is to be told.
pub struct Checked {
    pub looked: Looked,
    pub told: Told,
    pub papers: Vec<Papers>,
}

/// A plan has steps and is no object of Kubernetes.
pub fn is_plan(context: &Context, path: &Path) -> bool {
    let Ok(bytes) = files::read(context.look, path, PLAN) else { return false };
    let text = String::from_utf8_lossy(&bytes);
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    has("steps:") && has("name:") && !has("apiVersion:")
}

pub fn of_plan(context: &Context, path: &Path, rules: &pod_security::Rules) -> Result<Checked, Problem> {
    let planned = load(context.look, path, Mode::Recover)?;
    let files = planned.papers.iter().map(|papers| papers.files).sum();
    let objects = planned.papers.iter().map(|papers| papers.objects.len()).sum();
    let told = findings::on(context.look, &planned, rules);
    Ok(Checked { looked: Looked { files, objects, ..Looked::default() }, told, papers: planned.papers })
}

pub fn of_paths(context: &Context, paths: &[PathBuf], rules: pod_security::Rules) -> Result<Checked, Problem> {
    if let Some(missing) = paths.iter().find(|path| !files::exists(context.look, path)) {
        return Err(
            Problem::usage(format!("{}: is not there", missing.display())).next("name a plan, a file or a folder")
        );
    }
    // For a folder that kustomize and helm work in, and that is gone with them. Nothing else is written.
    let found = repository::rendered(&Touch::granted(), paths);
    let stored = stores::read(context.look, &found.stores);
    let looked = Looked {
        files: found.papers.files + stored.papers.files,
        objects: found.papers.objects.len() + stored.papers.objects.len(),
        foreign: found.foreign,
        ..Looked::default()
    };
    let rules = rules.configured(&found.tools);
    // Of two, nobody says which one these objects are for.
    let mut clusters = found.tools.iter().filter_map(|object| Cluster::of_k3d(object));
    let cluster = clusters.next().filter(|_| clusters.next().is_none());
    let papers = [found.papers, stored.papers];
    let mut ground = Ground::of(&papers, cluster, &|_| false);
    // What lies outside of these paths is not known to be nowhere.
    ground.tools = &found.tools;
    ground.whole = found.unread.is_empty() && paths.iter().any(|path| files::exists(context.look, &path.join(".git")));
    ground.beside = &found.beside;
    ground.keeps_keys = stored.keeps_keys;
    let mut told = checked::check(&papers, &ground, &rules);
    let is_softer = |finding: &Finding| is_absence(finding.id) && finding.severity == Severity::Error;
    for fault in told.faults.iter_mut().filter(|fault| !ground.whole && is_softer(&fault.finding)) {
        fault.finding.severity = Severity::Warning;
    }
    told.unknowns.extend(stored.unknowns);
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
    let marked = papers[0].marked.iter().map(Arc::as_ref);
    accept::settle_all(&mut told, marked, Vec::new(), clock::now().day(), ground.whole);
    told.sort();
    // What two overlays take is rendered twice, and told once.
    let mut seen = BTreeSet::new();
    told.faults.retain(|fault| {
        let one = &fault.finding;
        seen.insert((one.id, one.place.clone(), one.object.clone(), one.message.clone()))
    });
    Ok(Checked { looked, told, papers: papers.into() })
}

/// Whether a finding says that something is in no file.
fn is_absence(id: &str) -> bool {
    use references::{KIND, MISSING, NAMESPACE, NOTHING, WEBHOOK};
    [MISSING, KIND, WEBHOOK, NAMESPACE, NOTHING].contains(&id)
}
