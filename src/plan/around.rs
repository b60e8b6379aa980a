//! What dies with a recovery, what stays, and which ways in lie where: as files and the last run say, or as was looked at now.

use super::preview::Preview;
use crate::checks::rules::cluster::Cluster as Ahead;
use crate::model::{Mode, Provider};
use std::path::Path;

/// What was looked at just now.
#[derive(Clone, Debug, Default)]
pub struct Living {
    pub dies: Vec<String>,
    pub stays: Vec<String>,
    /// For each way in whether it is used now.
    pub in_use: Vec<Option<bool>>,
    /// Whether this session comes through what dies, in words.
    pub session: String,
}

/// What a run had shown before it was confirmed.
#[derive(Clone, Debug)]
pub struct Shown {
    pub run: String,
    pub on: String,
    pub dies: Vec<String>,
    pub stays: Vec<String>,
}

/// Whether this recovery takes the place of a cluster.
fn takes_place<'p>(preview: &Preview<'p>) -> Option<&'p str> {
    let cluster = preview.planned.file.cluster.as_ref()?;
    (preview.planned.mode == Mode::Recover && cluster.provider != Provider::Sandbox).then_some(cluster.name.as_str())
}

/// What dies: nothing, or a list.
pub fn dies(preview: &Preview<'_>) -> Vec<String> {
    let Some(name) = takes_place(preview) else { return Vec::new() };
    if let Some(living) = &preview.living {
        return living.dies.clone();
    }
    let file = &preview.planned.file;
    let provider = file.cluster.as_ref().map_or("", |cluster| cluster.provider.as_str());
    let mut all = vec![format!("{provider} cluster {name}, where it stands")];
    if !file.nodes.is_empty() {
        all.push(format!("its nodes ({})", file.nodes.join(", ")));
    }
    all.push("everything that lies in its nodes alone".to_owned());
    if let Some(shown) = preview.past.shown.as_ref().filter(|shown| !shown.dies.is_empty()) {
        all.push(format!("on {}, before run {}: {}", shown.on, shown.run, shown.dies.join(", ")));
    }
    all.extend(file.discard.iter().map(|(path, _)| format!("{path}, which may (discard)")));
    all
}

/// What does not: the folders of this host that the nodes have, and what the plan says to lie outside.
pub fn stays(preview: &Preview<'_>) -> Vec<String> {
    let file = &preview.planned.file;
    let mut all: Vec<String> = match (&preview.living, takes_place(preview)) {
        (Some(living), Some(_)) => living.stays.clone(),
        (None, Some(_)) => {
            let folders = file.planned.as_ref().map(folders).unwrap_or_default();
            folders.into_iter().map(|path| format!("{path} (a folder of this host)")).collect()
        }
        (_, None) => Vec::new(),
    };
    all.extend(file.outside.iter().map(|(fact, _)| fact.to_string()));
    all
}

/// The folders of the host that a config file of k3d gives to its nodes.
fn folders(cluster: &Ahead) -> Vec<String> {
    let host = |(text, _): &(String, _)| {
        let path = text.split(['@', ':']).next()?;
        Path::new(path).is_absolute().then(|| path.to_owned())
    };
    cluster.volumes.iter().filter_map(host).collect()
}

/// What is written for people where nothing dies.
pub fn nothing(preview: &Preview<'_>) -> &'static str {
    match (&preview.planned.file.cluster, preview.planned.mode) {
        (None, _) => "nothing: the plan has no cluster, so nothing is deleted",
        (Some(_), Mode::Drill) => "nothing: a drill makes a cluster of its own and takes it down again",
        (Some(cluster), Mode::Recover) if cluster.provider == Provider::Sandbox => {
            "nothing: a sandbox is made beside whatever there is"
        }
        (Some(_), Mode::Recover) => "nothing stands under the name of the cluster",
    }
}
