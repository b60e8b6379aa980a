//! A plan for a repository that has none: everything that its files say, and a question for each thing that they cannot.
//! What is written has been read as a plan first; it changes nothing and asks no cluster.

mod cluster;
mod found;
mod ground;
mod group;
mod kustomize;
mod questions;
mod real;
mod tree;
mod write;

pub use found::{Found, look};

use super::load::{Planned, from_text};
use crate::model::{Kind, Mode, Problem};
use crate::sys::Look;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A plan as it will be written.
#[derive(Default)]
pub struct Sketch {
    pub name: String,
    /// What is asked about the whole.
    pub head: Vec<String>,
    /// The value of `cluster`, and what is asked about it.
    pub cluster: String,
    pub about_cluster: Vec<String>,
    /// Ways in: the name and the value.
    pub access: Vec<(String, String)>,
    pub secrets: Option<String>,
    pub about_secrets: Vec<String>,
    pub steps: Vec<Step>,
    /// What nothing was made of.
    pub left_out: Vec<String>,
}

pub struct Step {
    pub id: String,
    pub kind: &'static str,
    /// Relative to the plan; none for a kind without.
    pub paths: Vec<String>,
    /// Other keys and their values.
    pub more: Vec<(&'static str, String)>,
    pub questions: Vec<String>,
}

/// The text of a plan, and what the plan reader makes of it.
pub struct Draft {
    pub text: String,
    pub questions: usize,
    pub planned: Planned,
}

/// Writes the plan that will lie in `path`, whose folder is there. `shown` is the path as the user knows it.
pub fn draft(look: Look, found: &Found, path: &Path, shown: &str) -> Result<Draft, Problem> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let sheets = found.sheets(look, folder)?;
    let store = ground::store(look, found, folder);
    let groups = group::groups(&sheets.sheets, &store);
    let mut sketch = Sketch { name: found.name.clone(), left_out: sheets.left_out.clone(), ..Sketch::default() };
    let objects: Vec<_> = sheets.sheets.iter().flat_map(|sheet| sheet.papers.objects.iter().cloned()).collect();
    cluster::cluster(look, found, folder, &objects, &mut sketch);
    ground::access(&objects, &mut sketch);
    ground::secrets(&store, &mut sketch);
    for group in &groups {
        let files: BTreeSet<PathBuf> = group.sheets.iter().map(|at| sheets.sheets[*at].path.clone()).collect();
        let paths = tree::paths(look, found.folder(), folder, &files);
        sketch.steps.push(group.step(paths, &sheets.sheets, &store));
    }
    questions::of_steps(&groups, &sheets.sheets, &mut sketch);
    questions::of_all(&objects, &mut sketch);
    // Read once to know what nobody gives. Places are told relative to the plan, as its paths are.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let first =
        from_text(&write::text(&sketch).text, &name, path, Mode::Recover).map_err(|problem| refused(problem, shown))?;
    questions::of_missing(&first, &mut sketch);
    let written = write::text(&sketch);
    let planned = from_text(&written.text, shown, path, Mode::Recover).map_err(|problem| refused(problem, shown))?;
    Ok(Draft { text: written.text, questions: written.questions, planned })
}

/// A plan that its reader would refuse helps nobody: what is in the way is told, and nothing is written.
fn refused(problem: Problem, shown: &str) -> Problem {
    let fact = format!("no plan can be made of these files as they are: {}", problem.fact);
    let advice = match problem.kind {
        Kind::Refused => "put what others wait for into a file of its own",
        Kind::Usage | Kind::Failed | Kind::Interrupted | Kind::Journal => "mend the files",
    };
    let told = Problem { next: Vec::new(), fact, ..problem };
    told.next(format!("{advice}, then the same command again. {shown} was not written."))
}
