//! `check --fix DIR`: what can be mended, as one patch a file, and what cannot.

use crate::checks::patches::{self, Whole};
use crate::checks::told::Fault;
use crate::cli::context::quoted;
use crate::model::Problem;
use crate::model::count::many;
use crate::report::words;
use crate::sys::{Touch, files};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::io;
use std::path::Path;

/// So many findings without a patch are named.
const NAMED: usize = 20;

/// Writes the patches, and answers with what is to be said of them.
pub fn write(touch: &Touch, folder: &Path, faults: &[Fault]) -> Result<String, Problem> {
    free(touch, folder)?;
    let mends: Vec<_> = faults.iter().enumerate().filter_map(|(at, fault)| Some((at, fault.mend.as_ref()?))).collect();
    let (all, left) = patches::of_all(touch.look(), &mends);
    let mut out = String::new();
    if !all.is_empty() {
        let broken = |path: &Path, error: &io::Error| {
            Problem::failed(format!("{}: cannot be written: {error}", path.display()))
                .because("no file of yours was changed")
                .next("name another folder, or give this one room")
        };
        files::make_folders(touch, folder).map_err(|error| broken(folder, &error))?;
        let folder = files::real(touch.look(), folder).map_err(|error| broken(folder, &error))?;
        let names = names(&all);
        for (whole, name) in all.iter().zip(&names) {
            let path = folder.join(name);
            let text = format!("{}{}", head(whole, faults), whole.text);
            files::write_new(touch, &path, text.as_bytes(), 0o644).map_err(|error| broken(&path, &error))?;
        }
        told(&all, &names, &folder, faults, &mut out);
    }
    unmended(faults, &left, &mut out);
    Ok(out)
}

/// A folder with patches of another day would be applied with these.
fn free(touch: &Touch, folder: &Path) -> Result<(), Problem> {
    let names = match files::names(touch.look(), folder) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Problem::usage(format!("{}: {error}", folder.display()))),
    };
    match names.iter().find(|name| name.ends_with(".patch")) {
        Some(name) => Err(Problem::usage(format!("{} holds {name}: it must hold no patches yet", folder.display()))
            .next("name a folder that is not there, or take those away")),
        None => Ok(()),
    }
}

/// A name for each patch, of the path of its file; no two alike.
fn names(all: &[Whole]) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut name = |whole: &Whole| {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
        let path: String = whole.path.chars().map(plain).collect();
        let path = path.trim_start_matches(['.', '-']);
        // A name of a file has its limit, a path has none.
        let stem = &path[path.len().saturating_sub(200)..];
        let mut name = format!("{stem}.patch");
        let mut number = 1;
        while !taken.insert(name.clone()) {
            number += 1;
            name = format!("{stem}-{number}.patch");
        }
        name
    };
    all.iter().map(&mut name).collect()
}

/// What a patch is for, in lines that `git apply` passes over.
fn head(whole: &Whole, faults: &[Fault]) -> String {
    let mut out = String::new();
    let mut line = |text: &str| {
        let text = text.replace(|c: char| c.is_control(), " ");
        let _ = writeln!(out, "# {text}");
    };
    let mut notes: BTreeSet<&String> = BTreeSet::new();
    for fault in whole.taken.iter().map(|at| &faults[*at]) {
        line(&format!("{}  {}: {}", fault.finding.id, fault.finding.object, fault.finding.message));
        notes.extend(fault.mend.iter().flat_map(|mend| &mend.notes));
    }
    notes.into_iter().for_each(|note| line(note));
    out
}

fn told(all: &[Whole], names: &[String], folder: &Path, faults: &[Fault], out: &mut String) {
    let mended: usize = all.iter().map(|whole| whole.taken.len()).sum();
    let _ = writeln!(out, "{} for {} in {}", many(all.len(), "patch"), many(mended, "finding"), folder.display());
    let mut by_top: BTreeMap<&Path, Vec<&String>> = BTreeMap::new();
    for (whole, name) in all.iter().zip(names) {
        let ids: BTreeSet<&str> = whole.taken.iter().map(|at| faults[*at].finding.id).collect();
        let _ = writeln!(out, "  {name}   {}", ids.into_iter().collect::<Vec<_>>().join(", "));
        by_top.entry(&whole.top).or_default().push(name);
    }
    out.push_str("look at them, then\n");
    let shown = |path: &Path| quoted(&path.to_string_lossy());
    let alone = by_top.len() == 1;
    for (top, names) in by_top {
        let patches = match alone {
            true => format!("{}/*.patch", shown(folder)),
            false => names.iter().map(|name| shown(&folder.join(name))).collect::<Vec<_>>().join(" "),
        };
        let _ = writeln!(out, "  git -C {} apply {patches}", shown(top));
    }
}

/// What has no patch, and why.
fn unmended(faults: &[Fault], left: &[(usize, &'static str)], out: &mut String) {
    let none = "what mends it is for a person to choose";
    let without = faults.iter().enumerate().filter(|(_, fault)| fault.mend.is_none()).map(|(at, _)| (at, none));
    let mut all: Vec<(usize, &str)> = left.iter().copied().chain(without).collect();
    all.sort_unstable();
    if !all.is_empty() {
        out.push_str("without a patch\n");
    }
    for (at, why) in all.iter().take(NAMED) {
        let finding = &faults[*at].finding;
        let (file, object) = (words::in_a_line(&finding.place.file), words::in_a_line(&finding.object));
        let _ = writeln!(out, "  {}  {file}:{}  {object}: {why}", finding.id, finding.place.spot.line);
    }
    if all.len() > NAMED {
        let _ = writeln!(out, "  and {} more", all.len() - NAMED);
    }
}
