//! The baseline: findings that were there before anybody looked, so that only new ones are told. An entry knows no line.

use super::Names;
use crate::checks::told::Fault;
use crate::model::{Digest, Problem};
use crate::sys::files::{self, Sort};
use crate::sys::{Look, Touch};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

const SCHEMA: &str = "blackstart.baseline/1";
/// Some hundred thousand findings.
const LARGEST: u64 = 64 << 20;

#[derive(Serialize, Deserialize)]
struct Baseline {
    schema: String,
    findings: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub file: String,
    pub id: String,
    pub object: String,
    /// Of all that stays the same of it.
    pub digest: Digest,
}

fn entry(fault: &Fault, names: &mut Names) -> Entry {
    let finding = &fault.finding;
    let file = names.of(&finding.place.file);
    let digest = finding.print(&file);
    Entry { file, id: finding.id.to_owned(), object: finding.object.clone(), digest }
}

/// Where a baseline of this name is written: what a link leads to, and over nothing but a baseline.
pub fn target(look: Look, path: &Path) -> Result<PathBuf, Problem> {
    let refused = |why: &str| {
        Problem::usage(format!("{}: no baseline is written there: {why}", path.display()))
            .because("only a baseline is written over, and nothing was changed")
            .next("name a file that is not there, or a baseline")
    };
    let real = match files::real(look, path) {
        Ok(real) => real,
        Err(error) if error.kind() == ErrorKind::NotFound && !files::is_link(look, path) => {
            return files::absolute(look, path).map_err(|error| refused(&error.to_string()));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(refused("it is a link that leads nowhere")),
        Err(error) => return Err(refused(&error.to_string())),
    };
    // A device is not even opened: for some that alone does something.
    match files::sort_at(look, &real) {
        Ok(Sort::File) => {}
        Ok(Sort::Folder) => return Err(refused("it is a folder")),
        Ok(Sort::Other | Sort::Nothing) => return Err(refused("it is no regular file")),
        Err(error) => return Err(refused(&error.to_string())),
    }
    let bytes = files::read(look, &real, LARGEST).map_err(|error| refused(&error.to_string()))?;
    match serde_json::from_slice::<Baseline>(&bytes) {
        Ok(baseline) if baseline.schema == SCHEMA => Ok(real),
        Ok(_) | Err(_) => Err(refused(&format!("the file that is there holds no {SCHEMA}"))),
    }
}

/// Lists these findings in a file, whose `target` was asked for before: sorted, so that two can be compared line by line.
pub fn write(
    touch: &Touch,
    (path, target): (&Path, &Path),
    faults: &[Fault],
    names: &mut Names,
) -> Result<String, Problem> {
    let mut findings: Vec<Entry> = faults.iter().map(|fault| entry(fault, names)).collect();
    findings.sort();
    let count = findings.len();
    let baseline = Baseline { schema: SCHEMA.to_owned(), findings };
    let text = serde_json::to_string_pretty(&baseline).map_err(|error| Problem::failed(error.to_string()))?;
    files::replace_open(touch, target, format!("{text}\n").as_bytes())
        .map_err(|error| Problem::failed(format!("{}: cannot be written: {error}", path.display())))?;
    let shown = path.display();
    let are = if count == 1 { "finding is" } else { "findings are" };
    Ok(format!("{count} {are} listed in {shown}; pass them over with --baseline {shown}\n"))
}

/// Takes out of the faults what a file lists, as often as it does. Answers with how many those are, and what of the list is
/// not found any more.
pub fn pass_over(
    look: Look,
    path: &Path,
    faults: &mut Vec<Fault>,
    names: &mut Names,
) -> Result<(usize, Vec<Entry>), Problem> {
    let shown = path.display();
    let next = "write one with --write-baseline FILE";
    let bytes = files::read(look, path, LARGEST)
        .map_err(|error| Problem::usage(format!("{shown}: the baseline cannot be read: {error}")).next(next))?;
    let baseline: Baseline = serde_json::from_slice(&bytes)
        .map_err(|error| Problem::usage(format!("{shown}: this is no baseline: {error}")).next(next))?;
    if baseline.schema != SCHEMA {
        let fact = format!("{shown}: the baseline is of schema {}, and {SCHEMA} is what is read", baseline.schema);
        return Err(Problem::usage(fact).next(next));
    }
    let mut known: BTreeMap<Entry, usize> = BTreeMap::new();
    baseline.findings.into_iter().for_each(|entry| *known.entry(entry).or_default() += 1);
    let before = faults.len();
    faults.retain(|fault| match known.get_mut(&entry(fault, names)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        Some(_) | None => true,
    });
    let gone = known.into_iter().flat_map(|(entry, count)| std::iter::repeat_n(entry, count)).collect();
    Ok((before - faults.len(), gone))
}
