//! `check`: what the files alone show to be wrong, of a plan or of whatever lies at some paths.

pub mod args;
mod baseline;
mod fix;
mod stores;

use super::context::{Context, quoted};
use crate::checks::causes;
use crate::checks::ladder::redact::plain;
use crate::checks::patches;
use crate::checks::rules::Ground;
use crate::checks::rules::cluster::Cluster;
use crate::checks::told::Told;
use crate::checks::{accept, files as checked, pod_security, references};
use crate::manifests::repository;
use crate::model::{Finding, Mode, Problem, Severity, Unknown};
use crate::plan::findings;
use crate::plan::load::load;
use crate::report::found::{Looked, Shown, text};
use crate::report::{sarif, words};
use crate::sys::terminal::{self, Stream};
use crate::sys::{Look, Touch, clock, files};
use args::{CheckArgs, CheckOutput};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What kustomize or helm refuses.
const BROKEN: &str = "F96";
/// What is not known for want of a file, a program or a chart.
const UNREAD: &str = "F97";

/// No plan is larger than what is looked at to know one.
const PLAN: u64 = 1 << 20;

pub fn run(context: &Context, args: &CheckArgs) -> Result<u8, Problem> {
    let write_baseline = args.write_baseline.as_deref();
    let target = write_baseline.map(|path| Ok((path, baseline::target(context.look, path)?))).transpose()?;
    let mut rules = pod_security::Rules { asked: args.pod_security, ..pod_security::Rules::default() };
    if let Some(minor) = args.cluster_version {
        (rules.newest, rules.server) = (minor, Some(minor));
    }
    let checked = match args.paths.as_slice() {
        [] => of_plan(context, &context.plan_path(None)?, &rules)?,
        [one] if is_plan(context, one) => of_plan(context, one, &rules)?,
        paths => of_paths(context, paths, rules)?,
    };
    let Checked { mut looked, mut told } = checked;
    let mut names = Names::new(context.look);
    let mut more = String::new();
    if let Some(path) = &args.baseline {
        let (known, gone) = baseline::pass_over(context.look, path, &mut told.faults, &mut names)?;
        looked.known = known;
        for entry in gone {
            let baseline::Entry { file, id, object, .. } = entry;
            let (file, object) = (words::in_a_line(&file), words::in_a_line(&object));
            let _ = writeln!(more, "gone   {id}  {file}  {object}: take it out of {}", path.display());
        }
    }
    // Before the baseline: what it lists is passed over from then on.
    if let Some(folder) = &args.fix {
        more.push_str(&fix::write(&Touch::granted(), folder, &told.faults)?);
    }
    if let Some((path, target)) = &target {
        more.push_str(&baseline::write(&Touch::granted(), (path, target), &told.faults, &mut names)?);
        looked.known = told.faults.len();
        told.faults.clear();
    }
    show(context, args, &looked, told, &more, &mut names)
}

fn show(
    context: &Context,
    args: &CheckArgs,
    looked: &Looked,
    mut told: Told,
    more: &str,
    names: &mut Names,
) -> Result<u8, Problem> {
    let more = &*words::visible(more);
    let mends = told.faults.iter().filter_map(|fault| fault.mend.as_ref());
    let next = match &args.fix {
        // One that can be written is reason enough to write them.
        None if args.output == CheckOutput::Text && patches::any(context.look, mends) => {
            vec![format!("blackstart check {}--fix DIR", again(args))]
        }
        Some(_) | None => Vec::new(),
    };
    let failed = told.faults.iter().any(|fault| fault.finding.severity == Severity::Error);
    if args.output == CheckOutput::Json {
        patches::fill(context.look, &mut told);
    }
    let Told { faults, unknowns, accepted } = told;
    let mut findings: Vec<Finding> = faults.into_iter().map(|fault| fault.finding).collect();
    match args.output {
        CheckOutput::Text => {
            let paint = context.paint(Stream::Out);
            let shown = Shown { findings: &findings, unknowns: &unknowns, accepted: &accepted, next: &next };
            context.print(&text(looked, &shown, context.verbose, paint))?;
            context.print(more)?;
        }
        CheckOutput::Json => {
            let all = json!({
                "schema": "blackstart.check/1",
                "files": looked.files,
                "objects": looked.objects,
                "findings": findings,
                "unknowns": unknowns,
                "accepted": accepted,
                "known": looked.known,
            });
            context.print(&format!("{all}\n"))?;
            drop(terminal::write(Stream::Err, more));
        }
        CheckOutput::Sarif => {
            // Viewers know files by where they lie in their repository.
            let mut unknowns = unknowns;
            let mut accepted = accepted;
            let places =
                findings.iter_mut().map(|one| &mut one.place).chain(unknowns.iter_mut().map(|one| &mut one.place));
            places
                .chain(accepted.iter_mut().map(|one| &mut one.finding.place))
                .for_each(|place| place.file = names.of(&place.file));
            let page = |id: &str| {
                causes::find(id).map(|cause| sarif::Page { title: cause.title, story: cause.story, fix: cause.fix })
            };
            context.print(&format!("{}\n", sarif::document(&findings, &unknowns, &accepted, &page)))?;
            drop(terminal::write(Stream::Err, more));
        }
    }
    Ok(if failed { 3 } else { 0 })
}

/// What was asked, to be asked once more: each word with a space behind it.
fn again(args: &CheckArgs) -> String {
    let word = |path: &Path| quoted(&path.to_string_lossy());
    let mut out: String = args.paths.iter().map(|path| format!("{} ", word(path))).collect();
    if let Some(policy) = args.pod_security {
        out.push_str(&format!("--pod-security {policy} "));
    }
    if let Some(minor) = args.cluster_version {
        out.push_str(&format!("--cluster-version v1.{minor} "));
    }
    if let Some(path) = &args.baseline {
        out.push_str(&format!("--baseline {} ", word(path)));
    }
    out
}

/// Files as they are called in their repository, wherever this is run; those of no repository as they were named.
pub struct Names {
    look: Look,
    known: HashMap<String, String>,
}

impl Names {
    fn new(look: Look) -> Self {
        Self { look, known: HashMap::new() }
    }
    fn of(&mut self, file: &str) -> String {
        if let Some(known) = self.known.get(file) {
            return known.clone();
        }
        let name = patches::in_repository(self.look, Path::new(file)).map_or_else(|| file.to_owned(), |(_, path)| path);
        self.known.insert(file.to_owned(), name.clone());
        name
    }
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

fn of_plan(context: &Context, path: &Path, rules: &pod_security::Rules) -> Result<Checked, Problem> {
    let planned = load(context.look, path, Mode::Recover)?;
    let files = planned.papers.iter().map(|papers| papers.files).sum();
    let objects = planned.papers.iter().map(|papers| papers.objects.len()).sum();
    let told = findings::on(context.look, &planned, rules);
    Ok(Checked { looked: Looked { files, objects, ..Looked::default() }, told })
}

fn of_paths(context: &Context, paths: &[PathBuf], rules: pod_security::Rules) -> Result<Checked, Problem> {
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
    let cluster = found.tools.iter().find_map(|object| Cluster::of_k3d(object));
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
    Ok(Checked { looked, told })
}

/// Whether a finding says that something is in no file.
fn is_absence(id: &str) -> bool {
    use references::{KIND, MISSING, NAMESPACE, NOTHING, WEBHOOK};
    [MISSING, KIND, WEBHOOK, NAMESPACE, NOTHING].contains(&id)
}
