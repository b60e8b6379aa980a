//! Applications of Argo CD: which folder or chart each of their sources means, and with what it is rendered.

use super::repo::{find, is_own};
use super::{Repo, Wanted, archive, unknown};
use crate::manifests::render::helm::Release;
use crate::manifests::render::{Asked, Entry};
use crate::manifests::{Node, Object};
use crate::sys::Look;
use serde_json::{Value, json};
use std::path::PathBuf;

pub fn application(look: Look, object: &Object, repos: &[Repo]) -> Vec<Wanted> {
    let Some(spec) = object.root.get("spec") else { return Vec::new() };
    of_spec(look, object, spec, object.name(), repos)
}

/// The sources of an Application, or of the template of one.
pub fn of_spec(look: Look, object: &Object, spec: &Node, name: &str, repos: &[Repo]) -> Vec<Wanted> {
    let several = spec.get("sources").map_or(&[][..], Node::items);
    let sources: Vec<&Node> =
        if several.is_empty() { spec.get("source").into_iter().collect() } else { several.iter().collect() };
    let asked = Sources { look, object, spec, name, repos, all: &sources };
    sources.iter().filter_map(|source| asked.one(source)).collect()
}

struct Sources<'a> {
    look: Look,
    object: &'a Object,
    spec: &'a Node,
    name: &'a str,
    repos: &'a [Repo],
    all: &'a [&'a Node],
}

impl Sources<'_> {
    fn one(&self, source: &Node) -> Option<Wanted> {
        let text = |name: &str| source.text_at(&[name]).filter(|text| !text.is_empty());
        let at = |name: &str| self.object.place_at(source.nearest(&[name]));
        let url = text("repoURL").unwrap_or("?");
        let chart = text("chart");
        let folder = match (chart, text("path")) {
            (Some(chart), _) => {
                let version = text("targetRevision").unwrap_or("?");
                match archive(self.look, self.object, at("chart"), [chart, version, url]) {
                    Ok(path) => path,
                    Err(unknown) => return Some(unknown),
                }
            }
            // Only the values of another source.
            (None, None) if text("ref").is_some() => return None,
            (None, path) => {
                let path = path.unwrap_or(".");
                match find(self.look, self.repos, text("repoURL"), path) {
                    Some(path) => path,
                    None if is_own(self.repos, url) => {
                        let why = format!("its path {path} is not in this repository");
                        return Some(unknown(self.object, at("path"), why, "the folder"));
                    }
                    None => {
                        let why = format!("{path} of {url} is not in this repository");
                        return Some(unknown(self.object, at("repoURL"), why, "that repository"));
                    }
                }
            }
        };
        if let Some(plugin) = source.get("plugin") {
            let why = "is put together by a plugin of Argo CD, which is not run here".to_owned();
            return Some(unknown(self.object, self.object.place_at(plugin.at), why, "what the plugin makes"));
        }
        let helm = match self.release(source, &folder) {
            Ok(release) => release,
            Err(unknown) => return Some(unknown),
        };
        let mut entry = Entry { folder, helm, ..Entry::default() };
        entry.namespace =
            self.spec.text_at(&["destination", "namespace"]).filter(|name| !name.is_empty()).map(Into::into);
        entry.asked_by = Some(Asked { place: at("path"), object: self.object.id.to_string() });
        for (name, of) in [
            ("namePrefix", "namePrefix"),
            ("nameSuffix", "nameSuffix"),
            ("namespace", "namespace"),
            ("patches", "patches"),
        ] {
            if let Some(value) = source.walk(&["kustomize", name]) {
                entry.overlay.insert(of.to_owned(), value.json());
            }
        }
        let images = source.walk(&["kustomize", "images"]).map_or(&[][..], Node::items);
        let images: Vec<Value> = images.iter().filter_map(|image| image_of(image.text()?)).collect();
        if !images.is_empty() {
            entry.overlay.insert("images".to_owned(), Value::Array(images));
        }
        let recurse = source.walk(&["directory", "recurse"]).and_then(Node::flag).unwrap_or(false);
        Some(Wanted::Entry(Box::new(entry), recurse))
    }

    fn release(&self, source: &Node, folder: &std::path::Path) -> Result<Release, Wanted> {
        let name = self.name.to_owned();
        let mut release = Release { name, wanted: true, ..Release::default() };
        let Some(helm) = source.get("helm") else { return Ok(release) };
        if let Some(name) = helm.text_at(&["releaseName"]) {
            release.name = name.to_owned();
        }
        release.without_crds = helm.get("skipCrds").and_then(Node::flag).unwrap_or(false);
        let lenient = helm.get("ignoreMissingValueFiles").and_then(Node::flag).unwrap_or(false);
        for file in helm.get("valueFiles").map_or(&[][..], Node::items) {
            let Some(text) = file.text() else { continue };
            match self.values(folder, text) {
                Some(path) if crate::sys::files::exists(self.look, &path) => release.files.push(path),
                Some(_) if lenient => {}
                Some(_) | None => {
                    let why = format!("its values {text} are not in this repository");
                    return Err(unknown(self.object, self.object.place_at(file.at), why, "the file of values"));
                }
            }
        }
        release.values = match (helm.get("valuesObject"), helm.text_at(&["values"])) {
            (Some(values), _) => Some(values.json().to_string()),
            (None, Some(text)) => Some(text.to_owned()),
            (None, None) => None,
        };
        for one in helm.get("parameters").map_or(&[][..], Node::items) {
            let (Some(name), Some(value)) = (one.text_at(&["name"]), one.get("value")) else { continue };
            let text = value.text().map_or_else(|| value.json().to_string(), str::to_owned);
            release.set.push((name.to_owned(), text, one.get("forceString").and_then(Node::flag).unwrap_or(false)));
        }
        Ok(release)
    }

    /// A file of values: beside the chart, from the root of the repository, or in the source that it names.
    fn values(&self, folder: &std::path::Path, text: &str) -> Option<PathBuf> {
        if text.contains("://") {
            return None;
        }
        if let Some((name, path)) = text.strip_prefix('$').and_then(|rest| rest.split_once('/')) {
            let source = self.all.iter().find(|one| one.text_at(&["ref"]) == Some(name))?;
            return find(self.look, self.repos, source.text_at(&["repoURL"]), path);
        }
        match text.strip_prefix('/') {
            Some(path) => find(self.look, self.repos, None, path),
            None => Some(folder.join(text)),
        }
    }
}

/// `name=new:tag` or `name:tag` as kustomize writes it.
fn image_of(text: &str) -> Option<Value> {
    let (name, new) = text.split_once('=').unwrap_or((text, text));
    let (new, tag) = match new.rsplit_once(':') {
        Some((new, tag)) if !tag.contains('/') => (new, Some(tag)),
        Some(_) | None => (new, None),
    };
    let name = if text.contains('=') { name } else { new };
    let mut image = json!({"name": name, "newName": new});
    if let Some(tag) = tag {
        image["newTag"] = json!(tag);
    }
    Some(image)
}
