//! `check`: what the files alone show to be wrong, of a plan or of whatever lies at some paths.

pub mod args;
mod baseline;
mod fix;
mod gather;
mod stores;

use super::context::{Context, quoted};
use crate::checks::causes;
use crate::checks::patches;
use crate::checks::told::Told;
use crate::checks::{made, pod_security};
use crate::model::{Finding, Made, Problem, Severity};
use crate::report::found::{Looked, Shown, text};
use crate::report::{sarif, words};
use crate::sys::terminal::{self, Stream};
use crate::sys::{Look, Touch};
use args::{CheckArgs, CheckOutput};
use gather::{Checked, is_plan, of_paths, of_plan};
use serde_json::json;
use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;

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
    let Checked { mut looked, mut told, papers } = checked;
    // Nobody else reads it.
    let is_read = args.output == CheckOutput::Json || (args.output == CheckOutput::Text && context.verbose);
    let made = if is_read { made::all(&papers) } else { Vec::new() };
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
    show(context, args, &looked, (told, &made), &more, &mut names)
}

fn show(
    context: &Context,
    args: &CheckArgs,
    looked: &Looked,
    (mut told, made): (Told, &[Made]),
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
            let shown = Shown { findings: &findings, unknowns: &unknowns, accepted: &accepted, made, next: &next };
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
                "made": made,
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
