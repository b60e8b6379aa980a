//! From changes of objects to patches of files: where the repository of a file begins, and all changes of a file as one.

use super::ladder::{Left, Mend, Patch, join};
use super::told::Told;
use crate::sys::{Look, files};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// No manifest that is mended is longer.
const LONGEST: u64 = 4 << 20;

/// A file with its text, and where its patch is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Paper {
    top: PathBuf,
    path: String,
    text: String,
}

/// The folder of the repository that a file lies in, and the file as seen from there. None where it lies in none.
pub fn in_repository(look: Look, file: &Path) -> Option<(PathBuf, String)> {
    let real = files::real(look, file).ok()?;
    let top = real.ancestors().skip(1).find(|folder| files::exists(look, &folder.join(".git")))?;
    Some((top.to_owned(), real.strip_prefix(top).ok()?.to_str()?.to_owned()))
}

fn paper(look: Look, file: &str) -> Option<Paper> {
    let file = Path::new(file);
    let (top, path) = in_repository(look, file).or_else(|| {
        let real = files::real(look, file).ok()?;
        Some((real.parent()?.to_owned(), real.file_name()?.to_str()?.to_owned()))
    })?;
    let text = String::from_utf8(files::read(look, file, LONGEST).ok()?).ok()?;
    Some(Paper { top, path, text })
}

/// One change of a file, and the folder to apply it in: that of its repository, or its own. A file that cannot be read, or
/// not be changed line by line with certainty, gets none.
pub fn alone(look: Look, mend: &Mend) -> Option<(PathBuf, Patch)> {
    let Paper { top, path, text } = paper(look, mend.file())?;
    Some((top, mend.diff(&path, &text)?))
}

/// Gives each finding whose change can be written the patch of it.
pub fn fill(look: Look, told: &mut Told) {
    let mut papers: HashMap<String, Option<Paper>> = HashMap::new();
    for fault in &mut told.faults {
        let Some(mend) = &fault.mend else { continue };
        let paper = papers.entry(mend.file().to_owned()).or_insert_with(|| paper(look, mend.file()));
        let patch = paper.as_ref().and_then(|paper| mend.diff(&paper.path, &paper.text));
        fault.finding.patch = patch.map(|patch| patch.text);
    }
}

/// All changes of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// Where it is applied.
    pub top: PathBuf,
    /// The file as seen from there.
    pub path: String,
    pub text: String,
    /// Those that are in it, as they were given.
    pub taken: Vec<usize>,
}

/// The changes file by file, and why some of them are in none.
pub fn of_all(look: Look, mends: &[(usize, &Mend)]) -> (Vec<Whole>, Vec<(usize, &'static str)>) {
    let mut by_file: BTreeMap<&str, Vec<(usize, &Mend)>> = BTreeMap::new();
    mends.iter().for_each(|(at, mend)| by_file.entry(mend.file()).or_default().push((*at, mend)));
    let (mut whole, mut left) = (Vec::new(), Vec::new());
    for (file, of_it) in by_file {
        let Some(Paper { top, path, text }) = paper(look, file) else {
            left.extend(of_it.iter().map(|(at, _)| (*at, Left::Other.why())));
            continue;
        };
        let joined = join(&of_it.iter().map(|(_, mend)| *mend).collect::<Vec<_>>(), &text);
        let mut taken = Vec::new();
        for ((at, _), outcome) in of_it.iter().zip(&joined.outcomes) {
            match outcome {
                Ok(()) => taken.push(*at),
                Err(why) => left.push((*at, why.why())),
            }
        }
        match joined.patch(&path, &text) {
            Some(text) => whole.push(Whole { top, path, text, taken }),
            None => left.extend(taken.iter().map(|at| (*at, "what may not be shown stands too near to the change"))),
        }
    }
    (whole, left)
}
