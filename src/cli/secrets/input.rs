//! What the commands on secrets read: files, or `-` for what comes in. What is wrong with it is told with its place.

use crate::cli::context::Context;
use crate::manifests::budget::LARGEST_FILE;
use crate::model::{Hidden, Place, Problem};
use crate::secrets::Fault;
use crate::sys::{files, terminal};
use std::path::Path;

/// So many faults are shown; the rest is counted.
const SHOWN: usize = 20;

pub struct Input {
    /// As the user named it.
    pub shown: String,
    pub is_json: bool,
    pub bytes: Hidden,
}

pub fn read(context: &Context, path: &Path) -> Result<Input, Problem> {
    let is_json = path.extension().is_some_and(|ending| ending == "json");
    let (shown, read) = match path == Path::new("-") {
        true => ("stdin".to_owned(), terminal::read_all(context.look, LARGEST_FILE)),
        false => (path.display().to_string(), files::read(context.look, path, LARGEST_FILE).map(Hidden::new)),
    };
    let bytes = read.map_err(|error| Problem::usage(format!("{shown}: cannot be read: {error}")))?;
    Ok(Input { shown, is_json, bytes })
}

/// Faults with the file that they stand in.
#[derive(Default)]
pub struct Faults(Vec<String>);

impl Faults {
    pub fn add(&mut self, input: &Input, faults: impl IntoIterator<Item = Fault>) {
        let place = |fault: &Fault| Place { file: input.shown.clone(), spot: fault.at };
        self.0.extend(faults.into_iter().map(|fault| format!("{}: {}", place(&fault), fault.text)));
    }
    /// So many as people read, and how many more there are.
    pub fn shown(&self) -> impl Iterator<Item = String> {
        let more = self.0.len().saturating_sub(SHOWN);
        let more = (more > 0).then(|| format!("and {more} more"));
        self.0.iter().take(SHOWN).cloned().chain(more)
    }
    /// Nothing, or all of them: one alone is the fact itself. `undone` says what is therefore not done.
    pub fn told(self, undone: &str, problem: fn(String) -> Problem) -> Result<(), Problem> {
        match self.0.as_slice() {
            [] => Ok(()),
            [only] => Err(problem(only.clone())),
            several => {
                let head = problem(format!("{undone}: {} things are wrong", several.len()));
                Err(self.shown().fold(head, Problem::because))
            }
        }
    }
}
