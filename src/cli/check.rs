//! `check`: what the files alone show to be wrong, of a plan or of whatever lies at some paths.

use super::args::{CheckArgs, CheckOutput};
use super::context::Context;
use super::plan;
use crate::checks::{references, volumes};
use crate::manifests::{Papers, repository};
use crate::model::{Finding, Mode, Problem, Severity, Unknown};
use crate::plan::load::load;
use crate::report::found::{Looked, text};
use crate::report::sarif;
use crate::sys::files;
use serde_json::json;
use std::path::{Path, PathBuf};

/// No plan is larger than what is looked at to know one.
const PLAN: u64 = 1 << 20;

pub fn run(context: &Context, args: &CheckArgs) -> Result<u8, Problem> {
    let checked = match args.paths.as_slice() {
        [] => of_plan(context, &context.plan_path(None)?)?,
        [one] if is_plan(context, one) => of_plan(context, one)?,
        paths => of_paths(context, paths)?,
    };
    let Checked { looked, findings, unknowns } = &checked;
    match args.output {
        CheckOutput::Text => context.print(&text(looked, findings, unknowns))?,
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
    /// The worst first.
    findings: Vec<Finding>,
    unknowns: Vec<Unknown>,
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
    let (findings, unknowns) = plan::found(context.look, &planned);
    let of_one = |papers: &Papers| papers.objects.len();
    let (files, objects) =
        (planned.papers.iter().map(|papers| papers.files).sum(), planned.papers.iter().map(of_one).sum());
    Ok(Checked { looked: Looked { files, objects, foreign: 0 }, findings, unknowns })
}

fn of_paths(context: &Context, paths: &[PathBuf]) -> Result<Checked, Problem> {
    if let Some(missing) = paths.iter().find(|path| !files::exists(context.look, path)) {
        return Err(
            Problem::usage(format!("{}: is not there", missing.display())).next("name a plan, a file or a folder")
        );
    }
    let found = repository::read(context.look, paths);
    let looked = Looked { files: found.papers.files, objects: found.papers.objects.len(), foreign: found.foreign };
    let mut findings = references::check(&[("files", &found.papers)], &|_| false);
    let volumes = volumes::check(std::slice::from_ref(&found.papers));
    findings.extend(volumes.findings);
    // What lies outside of these paths is not known to be nowhere.
    let part = !paths.iter().any(|path| files::exists(context.look, &path.join(".git")));
    for finding in
        findings.iter_mut().filter(|finding| part && is_absence(finding.id) && finding.severity == Severity::Error)
    {
        finding.severity = Severity::Warning;
    }
    findings.sort_by_key(|finding| match finding.severity {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Note => 2,
    });
    let unread = found.unread.into_iter().map(|unread| Unknown {
        id: "F01",
        place: unread.place,
        object: unread.object,
        message: unread.why,
        missing: unread.missing,
    });
    let unknowns = unread.chain(volumes.unknowns).collect();
    Ok(Checked { looked, findings, unknowns })
}

/// Whether a finding says that something is in no file.
fn is_absence(id: &str) -> bool {
    use references::{KIND, MISSING, NAMESPACE, NOTHING, WEBHOOK};
    [MISSING, KIND, WEBHOOK, NAMESPACE, NOTHING].contains(&id)
}
