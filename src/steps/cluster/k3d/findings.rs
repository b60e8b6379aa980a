//! What can be known to be wrong with k3d's own files before anything is deleted. k3d finds most of it late, and some never.

use super::registries::{self, Registries};
use crate::manifests::pods::each;
use crate::manifests::{Node, Object, Value};
use crate::model::{Finding, Place, Severity, Spot};
use crate::steps::cluster::blueprint::{self, Blueprint, Named};
use crate::sys::{Look, files};
use std::path::Path;

/// What k3d reads below `registries`.
const REGISTRIES: &[&str] = &["use", "create", "config"];
/// Where the image of k3s itself has certificates.
const BUILT_IN: &str = "/etc/ssl/certs";

pub fn of(look: Look, blueprint: &Blueprint) -> Vec<Finding> {
    let mut found = Found { name: &blueprint.name, list: Vec::new() };
    let config = blueprint.config.as_ref().and_then(|config| Some((config, blueprint::object(config)?)));
    let registries = registries::given(blueprint);
    match &registries {
        Err((place, why)) => {
            found.error("F19", place.clone(), format!("its registries cannot be read: {why}"), "mend it")
        }
        Ok(None) => {}
        Ok(Some(registries)) => found.strict(registries),
    }
    let Some((config, object)) = config else {
        let place = blueprint.place.clone();
        let message = "no config of k3d: the image of its nodes is whatever this k3d brings".to_owned();
        found.say("F17", Severity::Warning, place, message, "name a config with an `image` and its tag");
        return found.list;
    };
    found.image(&object);
    found.shape(&object);
    found.twice(blueprint, &object, registries.as_ref().is_ok_and(Option::is_some));
    if let Ok(Some(registries)) = &registries {
        found.certificates(look, config, &object, registries);
    }
    found.list
}

struct Found<'a> {
    name: &'a str,
    list: Vec<Finding>,
}

impl Found<'_> {
    fn say(&mut self, id: &'static str, severity: Severity, place: Place, message: String, fix: &str) {
        let (object, fix) = (format!("cluster {}", self.name), fix.to_owned());
        self.list.push(Finding { id, severity, place, object, message, fix, patch: None });
    }
    fn error(&mut self, id: &'static str, place: Place, message: String, fix: &str) {
        self.say(id, Severity::Error, place, message, fix);
    }

    fn strict(&mut self, registries: &Registries) {
        for (place, why) in registries.wrong() {
            let message = format!("{why}; k3d drops what it does not know, and says nothing");
            self.error("F19", place, message, "mend the key, or take it out");
        }
    }

    fn image(&mut self, object: &Object) {
        let image = object.root.text_at(&["image"]);
        let tag = image.and_then(|image| image.rsplit('/').next()?.split_once([':', '@'])).map(|(_, tag)| tag);
        let message = match (image, tag) {
            (None, _) => "no image is named: its nodes run whatever this k3d brings".to_owned(),
            (Some(image), None | Some("latest")) => format!("image {image} is whatever is newest"),
            (Some(_), Some(_)) => return,
        };
        let fix = "write the image with the tag of the version that runs now";
        self.say("F17", Severity::Warning, object.place_of(&["image"]), message, fix);
    }

    /// Keys below `registries` that k3d passes over, and a path that depends on where it is started.
    fn shape(&mut self, object: &Object) {
        let Some(field) = object.root.field("registries") else { return };
        if !matches!(field.node.value, Value::Map(_) | Value::Nothing) {
            let message = "`registries` is no map: k3d passes over it without a word".to_owned();
            self.error("F19", object.place_at(field.at), message, "registries: {config: …}");
        }
        for key in field.node.fields().iter().filter(|key| !REGISTRIES.contains(&&*key.name)) {
            let message = format!("`registries` has no key `{}`: k3d drops it without a word", key.name);
            self.error("F19", object.place_at(key.at), message, "registries has use, create and config");
        }
        let config = field.node.field("config");
        if let Some(path) = config.and_then(|config| config.node.text())
            && !path.contains('\n')
            && !Path::new(path).is_absolute()
            && let Some(config) = config
        {
            let message = format!("{path} is looked for in whatever folder k3d is started in");
            let fix = "name it as `registries` of the plan's cluster, or write its text here";
            self.say("F19", Severity::Warning, object.place_at(config.at), message, fix);
        }
    }

    /// Registries that reach the nodes in two ways: k3d writes its file over one that is mounted, and cannot.
    fn twice(&mut self, blueprint: &Blueprint, object: &Object, given: bool) {
        let own = object.root.field("registries").filter(|field| !field.node.fields().is_empty());
        let mounted = volumes(object).into_iter().find(|volume| volume.node == registries::PATH);
        if let Some(volume) = mounted.filter(|_| given || own.is_some()) {
            let message = format!(
                "registries are given twice: as a volume on {}, and by `registries`; making the cluster fails with `device or \
                 resource busy`",
                registries::PATH
            );
            self.error("F19", object.place_at(volume.at), message, "take out the volume");
        }
        if let (Some(named), Some(_)) = (&blueprint.registries, object.root.walk(&["registries", "config"])) {
            let message =
                format!("is not used: {} takes its place ({}:{})", named.shown, named.at.file, named.at.spot.line);
            let place = object.place_of(&["registries", "config"]);
            self.say("F19", Severity::Warning, place, message, "keep one of the two");
        }
    }

    /// Files that registries name, and that nodes do not get.
    fn certificates(&mut self, look: Look, config: &Named, object: &Object, registries: &Registries) {
        let volumes = volumes(object);
        let copied: Vec<&str> = each(&object.root, "files").filter_map(|file| file.text_at(&["destination"])).collect();
        for field in registries.files() {
            let path = field.node.text().unwrap_or_default();
            let place = registries.place(field.at);
            if path.starts_with(BUILT_IN) || copied.contains(&path) {
                continue;
            }
            let around = volumes.iter().filter(|volume| Path::new(path).starts_with(volume.node));
            let Some(volume) = around.max_by_key(|volume| volume.node.len()) else {
                let message = format!("{path} is on no node: no volume of {} brings it", config.shown);
                self.error(
                    "F19",
                    place,
                    message,
                    "volumes: [{volume: /of/this/host:/in/the/node, nodeFilters: [all]}]",
                );
                continue;
            };
            if !volume.everywhere {
                let message = format!(
                    "{path} is not on every node: its volume has nodeFilters ({}:{})",
                    config.shown, volume.at.line
                );
                self.error("F19", place.clone(), message, "nodeFilters: [all]");
            }
            let inner = Path::new(path).strip_prefix(volume.node).unwrap_or(Path::new(""));
            let host = Path::new(volume.host).join(inner);
            if volume.host.starts_with('/') && !files::exists(look, &host.components().collect::<std::path::PathBuf>())
            {
                let message = format!("{path} is not there: it would be {} of this host", host.display());
                self.error("F19", place, message, "put the file there");
            }
        }
    }
}

/// A volume of k3d's config: `host:node[:options]`.
pub struct Volume<'o> {
    pub host: &'o str,
    pub node: &'o str,
    pub everywhere: bool,
    at: Spot,
}

pub fn volumes(object: &Object) -> Vec<Volume<'_>> {
    each(&object.root, "volumes").filter_map(volume).collect()
}

fn volume(one: &Node) -> Option<Volume<'_>> {
    let field = one.field("volume")?;
    let mut parts = field.node.text()?.split(':');
    let host = parts.next()?;
    let filters: Vec<&str> = each(one, "nodeFilters").filter_map(Node::text).collect();
    let has = |role: &str| filters.iter().any(|filter| filter.trim_end_matches(":*").trim_end_matches('s') == role);
    let everywhere = filters.is_empty() || has("all") || (has("server") && has("agent"));
    Some(Volume { host, node: parts.next().unwrap_or(host), everywhere, at: field.at })
}
