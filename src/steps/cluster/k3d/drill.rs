//! The config of a drill's cluster, made from the real one: another name, network and token, no published port but the API's on
//! the loopback, and nothing of the host behind its volumes but empty folders and copies of small files.

use super::names::Names;
use crate::manifests::pods::each;
use crate::manifests::{Node, Object};
use crate::steps::cluster::blueprint::{self, Blueprint, Named};
use crate::steps::scene::Scene;
use crate::sys::Look;
use crate::sys::files::{self, Sort};
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};

const FOLDER: &str = "drill";
const CONFIG: &str = "k3d.json";
const DAEMON: &str = "daemon";
/// A file of this size is copied: certificates and the like. A larger one is data.
const SMALL: u64 = 1 << 20;

/// The config as a file in the folder of the run.
pub struct Drilled {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
    /// What of the real one it leaves out.
    pub told: Vec<String>,
}

/// Where the stand-ins of the host's folders lie.
pub fn folder(run: &Path) -> PathBuf {
    run.join(FOLDER)
}

/// What the cluster of this run is called; none where the drill made nothing, or has cleared all of it away.
pub fn name(look: Look, run: &Path) -> Result<Option<String>, String> {
    let path = folder(run).join(CONFIG);
    let text = match files::read(look, &path, SMALL) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let config: Value = serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let name = config["metadata"]["name"].as_str().map(str::to_owned);
    name.map(Some).ok_or_else(|| format!("{}: names no cluster", path.display()))
}

/// Writes down which daemon the cluster is made in: nobody finds it by asking another.
pub fn remember(scene: &Scene<'_>, daemon: &str) -> Result<(), String> {
    let path = folder(scene.run).join(DAEMON);
    files::replace(scene.touch, &path, daemon.as_bytes()).map_err(|error| format!("{}: {error}", path.display()))
}

/// The daemon that the cluster of this run was made in, as far as it came to that.
pub fn daemon(look: Look, run: &Path) -> Result<Option<String>, String> {
    let path = folder(run).join(DAEMON);
    match files::read(look, &path, SMALL) {
        Ok(text) => Ok(Some(String::from_utf8_lossy(&text).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// Also where the plan names no config: a drill has one of its own, or its cluster would be like any other.
pub fn config(scene: &Scene<'_>, blueprint: &Blueprint, names: &Names) -> Result<Drilled, String> {
    let folder = folder(scene.run);
    files::make_folder(scene.touch, &folder, 0o755).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut told = Vec::new();
    let config = match &blueprint.config {
        Some(named) => changed(scene, named, &folder, names, &mut told)?,
        None => {
            let mut config = json!({"apiVersion": "k3d.io/v1alpha5", "kind": "Simple"});
            plain(&mut config, names, &mut told);
            config
        }
    };
    let path = folder.join(CONFIG);
    let bytes = serde_json::to_vec_pretty(&config).map_err(|error| error.to_string())?;
    files::replace(scene.touch, &path, &bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(Drilled { path, bytes, told })
}

/// The real config with everything taken out or replaced by which the drill would meet the real cluster.
fn changed(
    scene: &Scene<'_>,
    named: &Named,
    folder: &Path,
    names: &Names,
    told: &mut Vec<String>,
) -> Result<Value, String> {
    let Some(object) = blueprint::object(named) else { return Err(format!("{} cannot be read any more", named.shown)) };
    let mut config = object.root.json();
    plain(&mut config, names, told);
    let beside = files::absolute(scene.touch.look(), &named.path).map_err(|error| error.to_string())?;
    let from = beside.parent().unwrap_or(Path::new("/"));
    if let Some(files) = config.get_mut("files").and_then(Value::as_array_mut) {
        files.iter_mut().for_each(|file| absolute(file, from));
    }
    let volumes = volumes(scene, &object, folder, told)?;
    if let Some(map) = config.as_object_mut() {
        map.insert("volumes".to_owned(), Value::Array(volumes));
    }
    Ok(config)
}

/// What needs nothing of the host to be changed.
fn plain(config: &mut Value, names: &Names, told: &mut Vec<String>) {
    let Some(map) = config.as_object_mut() else { return };
    map.insert("metadata".to_owned(), json!({"name": names.cluster}));
    // Without a port of the host k3d takes a free one.
    map.insert("kubeAPI".to_owned(), json!({"hostIP": "127.0.0.1"}));
    for key in ["subnet", "token"] {
        map.remove(key);
    }
    // It is there already, behind its fence.
    map.insert("network".to_owned(), names.network().into());
    if map.remove("ports").is_some_and(|ports| ports.as_array().is_some_and(|ports| !ports.is_empty())) {
        told.push("no port of the host is published in a drill".to_owned());
    }
    if let Some(registries) = map.get_mut("registries").and_then(Value::as_object_mut) {
        for key in ["create", "use"] {
            if registries.remove(key).is_some() {
                let why = "the registry of the real cluster is not touched";
                told.push(format!("registries.{key} is left out of a drill: {why}"));
            }
        }
    }
}

/// A file that k3d copies is looked for beside its config, which lies elsewhere now.
fn absolute(file: &mut Value, from: &Path) {
    let Some(source) = file.get("source").and_then(Value::as_str).filter(|source| !source.contains('\n')) else {
        return;
    };
    let source = from.join(source).display().to_string();
    file["source"] = source.into();
}

fn volumes(scene: &Scene<'_>, object: &Object, folder: &Path, told: &mut Vec<String>) -> Result<Vec<Value>, String> {
    let mut volumes = Vec::new();
    for (at, one) in each(&object.root, "volumes").enumerate() {
        let Some(text) = one.text_at(&["volume"]) else { continue };
        let mut parts = text.splitn(2, ':');
        let (host, Some(rest)) = (parts.next().unwrap_or_default(), parts.next()) else {
            // A volume without a name is new each time.
            volumes.push(one.json());
            continue;
        };
        match stand_in(scene, host, &folder.join("volumes").join(at.to_string()))? {
            Some(path) => volumes.push(with(one, &format!("{}:{rest}", path.display()))),
            None => told.push(format!("volume {text} is left out of a drill: it is neither a folder nor a file")),
        }
    }
    Ok(volumes)
}

fn with(one: &Node, volume: &str) -> Value {
    let mut one = one.json();
    one["volume"] = volume.into();
    one
}

/// An empty folder in place of a folder or a named volume, with its rights; a copy of a small file; nothing for a device.
fn stand_in(scene: &Scene<'_>, host: &str, place: &Path) -> Result<Option<PathBuf>, String> {
    let look = scene.touch.look();
    let wrong = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let own = Path::new(host);
    let sort = match host.contains('/') {
        true => files::sort_at(look, own).map_err(|error| wrong(own, error))?,
        false => Sort::Folder,
    };
    match sort {
        Sort::Other => Ok(None),
        Sort::File => {
            let bytes = files::read(look, own, SMALL).map_err(|error| wrong(own, error))?;
            files::make_folder(scene.touch, place, 0o755).map_err(|error| wrong(place, error))?;
            let copy = place.join(own.file_name().unwrap_or_default());
            files::replace(scene.touch, &copy, &bytes).map_err(|error| wrong(&copy, error))?;
            files::set_mode(scene.touch, &copy, 0o644).map_err(|error| wrong(&copy, error))?;
            Ok(Some(copy))
        }
        Sort::Folder | Sort::Nothing => {
            let about = files::about(look, own).map_err(|error| wrong(own, error))?;
            let mode = about.filter(|_| host.contains('/')).map_or(0o755, |about| about.mode);
            files::make_folder(scene.touch, place, mode).map_err(|error| wrong(place, error))?;
            if let Some(about) = about.filter(|_| host.contains('/')) {
                // Where it may not be given away, its programs find a folder that is not theirs, as they would in a new place.
                drop(files::give(scene.touch, place, about.user, about.group));
            }
            Ok(Some(place.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_config_of_a_drill_has_nothing_by_which_it_meets_the_real_cluster() {
        let mut config = json!({
            "apiVersion": "k3d.io/v1alpha5", "kind": "Simple", "metadata": {"name": "home"}, "servers": 1, "network": "lan",
            "subnet": "172.30.0.0/16", "token": "canary-4711", "kubeAPI": {"host": "k.example.org", "hostPort": "6443"},
            "ports": [{"port": "80:80"}], "image": "rancher/k3s:v1.34.4-k3s1",
            "registries": {"use": ["k3d-r"], "create": {"name": "r"}, "config": "mirrors: {}\n"},
        });
        let mut told = Vec::new();
        plain(&mut config, &Names::of("home-drill-1"), &mut told);
        let wanted = json!({
            "apiVersion": "k3d.io/v1alpha5", "kind": "Simple", "metadata": {"name": "home-drill-1"}, "servers": 1,
            "network": "k3d-home-drill-1",
            "kubeAPI": {"hostIP": "127.0.0.1"}, "image": "rancher/k3s:v1.34.4-k3s1", "registries": {"config": "mirrors: {}\n"},
        });
        assert_eq!(config, wanted);
        assert_eq!(told.len(), 3, "{told:?}");
    }

    #[test]
    fn a_file_beside_the_config_is_still_found() {
        let mut file = json!({"source": "a/b.txt", "destination": "/x"});
        absolute(&mut file, Path::new("/plans"));
        assert_eq!(file["source"], "/plans/a/b.txt");
        let mut text = json!({"source": "one\ntwo\n"});
        absolute(&mut text, Path::new("/plans"));
        assert_eq!(text["source"], "one\ntwo\n");
    }
}
