//! F81: a program that the plan runs is not there. Found before anything is begun instead of in the middle of the night.

use crate::model::{Finding, Place, Severity, Spot};
use crate::sys::files::{self, Program};
use crate::sys::{Look, process};
use std::collections::HashMap;
use std::path::Path;

pub const ID: &str = "F81";

/// Looks for each program once. A program that an earlier step puts there is missing now and not then: so it warns.
pub fn check<'a>(
    look: Look,
    folder: &Path,
    file: &str,
    asked: impl Iterator<Item = (&'a str, &'a str, Spot)>,
) -> Vec<Finding> {
    let mut known: HashMap<&str, Program> = HashMap::new();
    let mut findings: Vec<Finding> = Vec::new();
    for (program, step, spot) in asked {
        let state =
            *known.entry(program).or_insert_with(|| files::program(look, &process::program_path(folder, program)));
        let (message, fix) = match state {
            Program::Ready => continue,
            Program::Missing if program.contains('/') => (
                format!("{program} is not there"),
                format!("put it there, relative to {}, or name the step that makes it under `needs`", folder.display()),
            ),
            Program::Missing => (format!("{program} is not on PATH"), format!("install {program} on this host")),
            Program::NotExecutable => (format!("{program} cannot be executed"), format!("chmod +x {program}")),
        };
        let object = format!("Step {step}");
        if findings.last().is_none_or(|last| last.object != object || last.message != message) {
            let place = Place { file: file.to_owned(), spot };
            findings.push(Finding { id: ID, severity: Severity::Warning, place, object, message, fix, patch: None });
        }
    }
    findings
}
