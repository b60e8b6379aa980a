//! From changes of objects to patches of files: where the repository of a file begins, and all changes of a file as one.

use super::ladder::{Left, Mend, Patch, Sheet, join};
use super::told::Told;
use crate::sys::{Look, files};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// No manifest that is mended is longer.
const LONGEST: u64 = 4 << 20;

/// A file, read, and where its patch is applied.
#[derive(Debug)]
struct Paper {
    top: PathBuf,
    path: String,
    sheet: Sheet,
}

/// The folder of the repository that a file lies in, and the file as seen from there. None where it lies in none.
pub fn in_repository(look: Look, file: &Path) -> Option<(PathBuf, String)> {
    let real = files::real(look, file).ok()?;
    let top = real.ancestors().skip(1).find(|folder| files::exists(look, &folder.join(".git")))?;
    Some((top.to_owned(), real.strip_prefix(top).ok()?.to_str()?.to_owned()))
}

/// The folder to apply a patch of this file in, the file as seen from there, and its text.
fn place(look: Look, file: &str) -> Option<(PathBuf, String, String)> {
    let file = Path::new(file);
    let (top, path) = in_repository(look, file).or_else(|| {
        let real = files::real(look, file).ok()?;
        Some((real.parent()?.to_owned(), real.file_name()?.to_str()?.to_owned()))
    })?;
    let text = String::from_utf8(files::read(look, file, LONGEST).ok()?).ok()?;
    Some((top, path, text))
}

fn paper(look: Look, file: &str) -> Option<Paper> {
    let (top, path, text) = place(look, file)?;
    Some(Paper { top, path, sheet: Sheet::of(&text)? })
}

/// Files, each read once for all that is asked of it.
#[derive(Default)]
struct Papers(HashMap<String, Option<Paper>>);

impl Papers {
    fn patch(&mut self, look: Look, mend: &Mend) -> Option<Patch> {
        let paper = self.0.entry(mend.file().to_owned()).or_insert_with(|| paper(look, mend.file())).as_ref()?;
        mend.diff_on(&paper.path, &paper.sheet)
    }
}

/// Whether there is a patch of any of these.
pub fn any<'m>(look: Look, mut mends: impl Iterator<Item = &'m Mend>) -> bool {
    let mut papers = Papers::default();
    mends.any(|mend| papers.patch(look, mend).is_some())
}

/// One change of a file, and the folder to apply it in: that of its repository, or its own. A file that cannot be read, or
/// not be changed line by line with certainty, gets none.
pub fn alone(look: Look, mend: &Mend) -> Option<(PathBuf, Patch)> {
    let (top, path, text) = place(look, mend.file())?;
    Some((top, mend.diff(&path, &text)?))
}

/// Gives each finding whose change can be written the patch of it.
pub fn fill(look: Look, told: &mut Told) {
    let mut papers = Papers::default();
    for fault in &mut told.faults {
        let Some(mend) = &fault.mend else { continue };
        fault.finding.patch = papers.patch(look, mend).map(|patch| patch.text);
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
        let Some(Paper { top, path, sheet }) = paper(look, file) else {
            left.extend(of_it.iter().map(|(at, _)| (*at, Left::Other.why())));
            continue;
        };
        let joined = join(&of_it.iter().map(|(_, mend)| *mend).collect::<Vec<_>>(), &sheet);
        let mut taken = Vec::new();
        for ((at, _), outcome) in of_it.iter().zip(&joined.outcomes) {
            match outcome {
                Ok(()) => taken.push(*at),
                Err(why) => left.push((*at, why.why())),
            }
        }
        match joined.patch(&path) {
            Some(text) => whole.push(Whole { top, path, text, taken }),
            None => left.extend(taken.iter().map(|at| (*at, "what may not be shown stands too near to the change"))),
        }
    }
    (whole, left)
}
