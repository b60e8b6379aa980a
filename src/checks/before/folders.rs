//! F31 and F33: what lies in the folders of this host that volumes point to, where the nodes of the cluster see them: is it
//! there, whose is it, and which version of a database has written it? Folders behind a root of their own are not looked at.

use super::{Answers, Asked, ONE};
use crate::checks::rules::cluster::{Cluster, Maker};
use crate::checks::rules::ground::{Ground, Workload};
use crate::manifests::pods::each;
use crate::manifests::{Node, Object};
use crate::model::Severity;
use crate::sys::files::{self, About};
use crate::sys::side::aside;
use std::io;
use std::path::{Path, PathBuf};

/// What was seen of a folder.
struct Seen {
    about: io::Result<Option<About>>,
    empty: io::Result<bool>,
    /// The version that a database says to have written it, and the file that says so.
    version: io::Result<Option<(PathBuf, String)>>,
}

pub async fn ask(asked: Asked<'_>) -> Answers {
    let mut answers = Answers::default();
    let ground = asked.scene.ground;
    let cluster = ground.cluster.as_ref().filter(|one| matches!(one.maker, Maker::K3d | Maker::K3s));
    let Some(cluster) = cluster else {
        answers.unasked.push("folders of volumes: a sandbox keeps them under a root of its own".to_owned());
        return answers;
    };
    for volume in ground.of_kind("", "PersistentVolume") {
        let path = ["local", "hostPath"].into_iter().find_map(|sort| volume.root.text_at(&["spec", sort, "path"]));
        let Some(path) = path.and_then(|path| on_host(cluster, path)) else { continue };
        if let Some(host) = asked.scene.host {
            let message = format!("what lies in {} of {host} was not looked at", path.display());
            answers.told.unknown("F31", volume, volume.place_of(&["spec"]), message, "a look at it there");
            continue;
        }
        let (look, shown) = (asked.look, path.display().to_string());
        let seen = asked.until.within(ONE, aside(look, move || see(look, &path))).await;
        let place = volume.place_of(&["spec"]);
        match seen {
            Some(Ok(seen)) => judge(ground, volume, &shown, &seen, &mut answers),
            Some(Err(_)) | None => {
                let message = format!("what lies in {shown} is not known: its disk does not answer");
                answers.told.unknown("F31", volume, place, message, "the disk or the host that it belongs to");
            }
        }
    }
    answers
}

/// The folder of this host that nodes see under this path.
fn on_host(cluster: &Cluster, path: &str) -> Option<PathBuf> {
    if cluster.maker == Maker::K3s {
        return Some(path.into());
    }
    cluster.volumes.iter().find_map(|(text, _)| {
        let mut parts = text.split('@').next()?.split(':');
        let (own, inner) = (parts.next()?, parts.next()?);
        let below = Path::new(path).strip_prefix(inner).ok()?;
        own.starts_with('/').then(|| if below.as_os_str().is_empty() { own.into() } else { Path::new(own).join(below) })
    })
}

const FOLDERS: [&str; 4] = ["", "data", "pgdata", "data/pgdata"];

fn see(look: crate::sys::Look, path: &Path) -> Seen {
    let version = || {
        for folder in FOLDERS {
            let file = path.join(folder).join("PG_VERSION");
            match files::read(look, &file, 64) {
                Ok(bytes) => return Ok(Some((file, String::from_utf8_lossy(&bytes).trim().to_owned()))),
                Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    };
    let empty = files::entries(look, path).map(|entries| entries.iter().all(|(name, _)| name == "lost+found"));
    Seen { about: files::about(look, path), empty, version: version() }
}

fn judge(ground: &Ground<'_>, volume: &Object, path: &str, seen: &Seen, answers: &mut Answers) {
    let place = volume.place_of(&["spec"]);
    let told = &mut answers.told;
    let about = match &seen.about {
        Ok(Some(about)) => about,
        Ok(None) => {
            let message = format!("{path} is not on this host: what it held is lost, or its disk is not mounted");
            let fix = "mount the disk or put the data back before anything makes it anew and empty";
            told.say("F31", Severity::Warning, volume, place, message, fix);
            return;
        }
        Err(error) => {
            told.unknown("F31", volume, place, format!("what {path} is is not known: {error}"), "the right to look");
            return;
        }
    };
    if !about.folder {
        let message = format!("{path} is there and is no folder");
        told.say("F31", Severity::Error, volume, place, message, "move it away, or correct the path");
        return;
    }
    answers.figures.push((path.to_owned(), figure(about, seen)));
    if let Ok(true) = seen.empty {
        let message = format!("{path} is empty: whoever expects data there begins without");
        let fix = "put the data back first, if there was any; is its disk mounted?";
        told.say("F31", Severity::Note, volume, place.clone(), message, fix);
    }
    let users: Vec<&Workload<'_>> = users(ground, volume);
    for workload in &users {
        if let Some((who, group)) = stranger(workload, about) {
            let (user, own, mode) = (about.user, about.group, about.mode);
            let message = format!(
                "{path} belongs to {user}:{own} (mode {mode:04o}), and {} runs as {who}: it may not write there",
                workload.object.id
            );
            let fix = format!("chown -R {who}:{group} {path}");
            told.say("F31", Severity::Warning, volume, place.clone(), message, fix);
        }
    }
    let Some((workload, image, wanted)) = users.iter().find_map(|one| database(one)) else { return };
    match &seen.version {
        Ok(Some((file, written))) if *written != wanted => {
            let message = format!("{} says {written}, and {} is {image}", file.display(), workload.object.id);
            let fix = format!("run postgres {written}, or restore a dump into {wanted}: it refuses files of {written}");
            told.say("F33", Severity::Error, volume, place, message, fix);
        }
        Ok(_) => {}
        Err(error) => {
            let message = format!("which postgres has written {path} is not known: PG_VERSION: {error}");
            told.unknown("F33", volume, place, message, "the right to read it");
        }
    }
}

fn figure(about: &About, seen: &Seen) -> String {
    let filled = match seen.empty {
        Ok(true) => "empty",
        Ok(false) => "holds data",
        Err(_) => "may not be looked into",
    };
    format!("{filled}, of {}:{} with mode {:04o}", about.user, about.group, about.mode)
}

/// The workloads whose pods mount the claim of this volume.
fn users<'g, 'o>(ground: &'g Ground<'o>, volume: &Object) -> Vec<&'g Workload<'o>> {
    let claim = |namespace: &str, name: &str| -> Vec<&'g Workload<'o>> {
        let mounts = |workload: &&Workload<'_>| {
            let mut claims = each(workload.spec, "volumes")
                .filter_map(|volume| volume.text_at(&["persistentVolumeClaim", "claimName"]));
            workload.namespace() == namespace && claims.any(|claim| claim == name)
        };
        ground.workloads.iter().filter(mounts).collect()
    };
    let named = volume.root.walk(&["spec", "claimRef"]);
    if let Some(name) = named.and_then(|claim| claim.text_at(&["name"])) {
        return claim(named.and_then(|claim| claim.text_at(&["namespace"])).unwrap_or("default"), name);
    }
    let claims = ground.of_kind("", "PersistentVolumeClaim").iter();
    let own = claims.filter(|claim| claim.root.text_at(&["spec", "volumeName"]) == Some(volume.name()));
    own.flat_map(|own| claim(own.namespace().unwrap_or("default"), own.name())).collect()
}

/// The user that may not write there, with the group to give it to.
fn stranger(workload: &Workload<'_>, about: &About) -> Option<(i64, i64)> {
    let context = |key: &str| workload.spec.walk(&["securityContext", key]).and_then(Node::whole);
    let user = context("runAsUser").filter(|user| *user != 0)?;
    let groups = [context("runAsGroup"), context("fsGroup")];
    let own = i64::from(about.user) == user && about.mode & 0o300 == 0o300;
    let shared = groups.contains(&Some(i64::from(about.group))) && about.mode & 0o030 == 0o030;
    let open = about.mode & 0o003 == 0o003;
    (!own && !shared && !open).then(|| (user, groups[0].or(groups[1]).unwrap_or(user)))
}

/// The image of a postgres, and its major version.
fn database<'g, 'o>(workload: &'g Workload<'o>) -> Option<(&'g Workload<'o>, &'o str, String)> {
    workload.containers().find_map(|(_, container)| {
        let image = container.text_at(&["image"])?;
        let (name, tag) = image.split('@').next()?.rsplit_once(':')?;
        let is_postgres = matches!(name.rsplit('/').next()?, "postgres" | "postgresql");
        let major: String = tag.chars().take_while(char::is_ascii_digit).collect();
        (is_postgres && !major.is_empty()).then_some((workload, image, major))
    })
}
