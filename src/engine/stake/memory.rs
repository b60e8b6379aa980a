//! What earlier runs of a plan have written down of its cluster: what they made, and what was confirmed to be deleted.

use crate::steps::cluster::contract::{Sort, Standing};
use crate::steps::cluster::save::OLD;
use crate::sys::{Look, files};
use serde::Deserialize;
use std::io;
use std::path::PathBuf;

/// What the folder of a run calls the file that says which cluster it has made.
pub const MADE: &str = "cluster.json";
const LONGEST: u64 = 16 << 20;

/// What can be known of a cluster again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Print {
    pub name: Option<String>,
    pub uid: Option<String>,
    /// Ids.
    pub containers: Vec<String>,
}

impl Print {
    pub fn of(standing: &Standing) -> Self {
        let containers = standing.parts.iter().filter(|part| part.sort == Sort::Container);
        let containers = containers.map(|part| part.id.clone()).collect();
        Self { name: None, uid: standing.uid.clone(), containers }
    }
    /// Whether both are of one cluster. What has no print is known by nobody.
    pub fn is(&self, other: &Self) -> bool {
        let one_uid = self.uid.is_some() && self.uid == other.uid;
        one_uid || self.containers.iter().any(|id| other.containers.contains(id))
    }
}

/// What runs remember, the newest first.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    pub runs: Vec<String>,
    /// What was made, by which run.
    pub made: Vec<(String, Print)>,
    /// What was confirmed to be deleted, in which run.
    pub confirmed: Vec<(String, Print)>,
    /// Files that could not be read.
    pub broken: Vec<String>,
}

/// Reads it from the folders of the runs, of which the newest comes first.
pub fn read(look: Look, folders: &[PathBuf], name: &str) -> Memory {
    let mut memory = Memory::default();
    for folder in folders {
        let run = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut text = |file: &str| match files::read(look, &folder.join(file), LONGEST) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                memory.broken.push(format!("{}: {error}", folder.join(file).display()));
                None
            }
        };
        let (made, old) = (text(MADE), text(OLD));
        if let Some(text) = made {
            match serde_json::from_slice::<Print>(&text) {
                // The cluster of a drill has another name.
                Ok(print) if print.name.as_deref().is_none_or(|own| own == name) => {
                    memory.made.push((run.clone(), print))
                }
                Ok(_) => {}
                Err(error) => memory.broken.push(format!("{}: {error}", folder.join(MADE).display())),
            }
        }
        if let Some(text) = old {
            match serde_json::from_slice::<Standing>(&text) {
                Ok(old) if old.parts.is_empty() => {}
                Ok(old) => memory.confirmed.push((run.clone(), Print::of(&old))),
                Err(error) => memory.broken.push(format!("{}: {error}", folder.join(OLD).display())),
            }
        }
        memory.runs.push(run);
    }
    memory
}
