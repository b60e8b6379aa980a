//! F26: how much room is left where nodes keep images and logs, and where runs are remembered.

use super::{Answers, Asked, ONE};
use crate::checks::rules::cluster::Maker;
use crate::model::Severity;
use crate::sys::docker::Docker;
use crate::sys::files;
use crate::sys::side::aside;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A kubelet takes no new pods below the first of these parts of a hundred; k3s throws pods out below the second.
const LITTLE: u64 = 15;
const LEAST: u64 = 5;

pub async fn ask(asked: Asked<'_>) -> Answers {
    let mut answers = Answers::default();
    let scene = asked.scene;
    let far = asked.far();
    let nodes =
        far.is_none() && scene.ground.cluster.as_ref().is_some_and(|one| matches!(one.maker, Maker::K3d | Maker::K3s));
    let mut roots: Vec<PathBuf> = ["/", "/var/lib/docker", "/var/lib/rancher/k3s"].map(PathBuf::from).into();
    roots.extend(elsewhere(asked).await);
    roots.extend(scene.state.clone());
    let look = asked.look;
    let rooms = aside(look, move || {
        let mut seen = BTreeSet::new();
        let mut rooms = Vec::new();
        for root in roots {
            // A folder that is not made yet will lie on the disk of the one above it.
            let there = root.ancestors().find(|path| files::exists(look, path)).map(Path::to_owned);
            let Some(path) = there.filter(|path| *path == root || !root.starts_with("/var/lib")) else { continue };
            let is_new = files::identity(look, &path).is_ok_and(|(disk, _)| seen.insert(disk));
            if is_new {
                let space = files::space(look, &path).map_err(|error| error.to_string());
                rooms.push((path, space));
            }
        }
        rooms
    });
    let Some(Ok(rooms)) = asked.until.within(ONE, rooms).await else {
        answers.unknown("F26", scene.place(), "this host", "its disks do not say how much room they have", "an answer");
        return answers;
    };
    match far {
        Some((_, host, Ok(facts))) => {
            for (path, free, all) in facts.disks.iter().filter(|(_, _, all)| *all > 0) {
                tell(asked, &format!("{} of {host}", path.display()), (*free, *all), true, &mut answers);
            }
        }
        Some((_, host, Err(why))) => {
            let message = format!("how much room its disks have is not known: {why}");
            answers.unknown("F26", scene.place(), host, message, "its answer");
        }
        None => {}
    }
    for (path, space) in rooms {
        match space {
            Ok(space) if space.1 > 0 => tell(asked, &path.display().to_string(), space, nodes, &mut answers),
            Ok(_) => {}
            Err(why) => {
                let message = format!("how much room {} has is not known: {why}", path.display());
                answers.unknown("F26", scene.place(), "this host", message, "the right to look at it");
            }
        }
    }
    answers
}

fn tell(asked: Asked<'_>, disk: &str, (free, all): (u64, u64), nodes: bool, answers: &mut Answers) {
    let told = format!("{} of {} free ({} %)", size(free), size(all), u128::from(free) * 100 / u128::from(all));
    if let Some(severity) = judge(free, all, nodes) {
        let message = format!("has little room: {told}");
        let fix = "free some: below 15 % a node takes no new pods, below 5 % it throws pods out";
        answers.say("F26", severity, asked.scene.place(), &format!("disk of {disk}"), message, fix);
    }
    answers.figures.push((disk.to_owned(), told));
}

/// Where nodes will keep what they keep, when somebody has put that elsewhere. A Docker that does not answer is told of by who
/// asks whether the cluster exists.
async fn elsewhere(asked: Asked<'_>) -> Option<PathBuf> {
    let cluster = asked.here()?;
    match cluster.maker {
        Maker::K3d => asked.until.within(ONE, Docker::new(asked.look, ONE).root()).await?.ok(),
        Maker::K3s => cluster.flags.get("data-dir").map(|(path, _)| PathBuf::from(path)),
        Maker::Sandbox => None,
    }
}

/// Where nodes will live on this disk their limits count; else only a disk that is nearly full is told.
fn judge(free: u64, all: u64, nodes: bool) -> Option<Severity> {
    let part = u128::from(free) * 100 / u128::from(all);
    match part {
        part if part < u128::from(LEAST) && nodes => Some(Severity::Error),
        part if part < u128::from(LEAST) => Some(Severity::Warning),
        part if part < u128::from(LITTLE) && nodes => Some(Severity::Warning),
        _ => None,
    }
}

fn size(bytes: u64) -> String {
    match bytes >> 30 {
        0 => format!("{} MiB", bytes >> 20),
        whole => format!("{whole} GiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_of_nodes_count_where_nodes_will_be() {
        assert_eq!(judge(15, 100, true), None);
        assert_eq!(judge(14, 100, true), Some(Severity::Warning));
        assert_eq!(judge(5, 100, true), Some(Severity::Warning));
        assert_eq!(judge(4, 100, true), Some(Severity::Error));
        assert_eq!(judge(14, 100, false), None);
        assert_eq!(judge(4, 100, false), Some(Severity::Warning));
        assert_eq!(judge(u64::MAX, u64::MAX, true), None);
    }
}
