//! `init`: looks through a repository and writes a plan for it, one new file.

use super::context::{Context, quoted};
use crate::model::count::many;
use crate::model::{Problem, Severity};
use crate::plan::draft::{self, Draft};
use crate::plan::findings;
use crate::sys::files::{self, Sort};
use crate::sys::{Touch, host};
use std::io;
use std::path::{Path, PathBuf};

/// Look through a repository and write a plan for it
#[derive(clap::Args, Debug)]
#[command(after_help = "It reads every manifest below DIR and writes one file: DIR/plans/NAME.yaml where there is a
folder plans, else DIR/NAME.plan.yaml. What files cannot say stands in it as a comment with a
question mark. A file that is there is never written over, and nothing else is touched.

Examples:
  blackstart init                               the repository here
  blackstart init ~/homelab --output -          print it, and write nothing
  blackstart init kubernetes --output plans/homelab.yaml")]
pub struct InitArgs {
    /// The folder of the repository
    #[arg(value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Where to write the plan; - is stdout
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

pub fn run(context: &Context, args: &InitArgs) -> Result<u8, Problem> {
    let found = draft::look(context.look, &args.dir)?;
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    let shown = match &args.output {
        Some(path) if !to_stdout => path.clone(),
        Some(_) | None => usual(context, &args.dir, &found.name),
    };
    let name = shown.file_name().ok_or_else(|| {
        Problem::usage(format!("{}: is no name of a file", shown.display())).next("name a file, as plans/homelab.yaml")
    })?;
    let folder = shown.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = files::real(context.look, folder)
        .map_err(|error| Problem::usage(format!("{}: its folder cannot be used: {error}", shown.display())))?;
    let path = folder.join(name);
    if !to_stdout && taken(context, &path) {
        return Err(there(&shown));
    }
    let draft = draft::draft(context.look, &found, &path, &shown.display().to_string())?;
    if to_stdout {
        context.print(&draft.text)?;
        return Ok(0);
    }
    write(&path, &draft.text).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => there(&shown),
        _ => Problem::refused(format!("{}: the plan cannot be written: {error}", shown.display())),
    })?;
    context.print(&told(context, &draft, &shown))?;
    Ok(0)
}

/// Where a plan goes that nobody has named a place for.
fn usual(context: &Context, dir: &Path, name: &str) -> PathBuf {
    let plans = dir.join("plans");
    let path = match files::sort_at(context.look, &plans) {
        Ok(Sort::Folder) => plans.join(format!("{name}.yaml")),
        Ok(Sort::File | Sort::Other | Sort::Nothing) | Err(_) => dir.join(format!("{name}.plan.yaml")),
    };
    files::tidy(&path)
}

fn taken(context: &Context, path: &Path) -> bool {
    files::exists(context.look, path) || files::is_link(context.look, path)
}

fn there(shown: &Path) -> Problem {
    let fact = format!("{}: is there already, and no plan is written over", shown.display());
    Problem::usage(fact).next("name another file with --output, or print it with --output -")
}

/// The file is there whole or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let touch = Touch::granted();
    files::place_new(&touch, path, text.as_bytes(), 0o666)?;
    match host::sudo_ids(touch.look()) {
        Some((user, group)) => files::give(&touch, path, user, group),
        None => Ok(()),
    }
}

fn told(context: &Context, draft: &Draft, shown: &Path) -> String {
    let planned = &draft.planned;
    let objects: usize = planned.papers.iter().map(|papers| papers.objects.len()).sum();
    // The cluster is a step that nobody writes.
    let steps = planned.file.steps.len().saturating_sub(1);
    let findings = findings::of(context.look, planned).faults;
    let of = |severity: Severity| findings.iter().filter(|fault| fault.finding.severity == severity).count();
    let found = match (of(Severity::Error), of(Severity::Warning)) {
        (0, 0) => "nothing wrong is known of it".to_owned(),
        (0, warnings) => many(warnings, "warning"),
        (errors, 0) => format!("{}: a drill refuses to begin", many(errors, "error")),
        (errors, warnings) => {
            format!("{}, {}: a drill refuses to begin", many(errors, "error"), many(warnings, "warning"))
        }
    };
    let name = quoted(&shown.to_string_lossy());
    let (questions, steps, objects) = (many(draft.questions, "question"), many(steps, "step"), many(objects, "object"));
    format!(
        "written   {name}   {steps} over {objects}\n\
         asked     {questions}, each a comment with a ? in it\n\
         checked   {found}\n\n\
         next   blackstart plan {name}\n       blackstart check {name}\n       blackstart drill {name}\n"
    )
}
