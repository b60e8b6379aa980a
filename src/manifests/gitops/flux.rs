//! Kustomizations and HelmReleases of Flux: which folder or chart each of them means.

use super::repo::find;
use super::{Repo, Wanted, archive, unknown};
use crate::manifests::render::helm::Release;
use crate::manifests::render::{Asked, Entry};
use crate::manifests::{Node, Object};
use crate::sys::Look;
use serde_json::json;
use std::collections::BTreeMap;

/// Kinds of sources that are a repository of files.
const GIT: &str = "GitRepository";
/// Flux puts what it syncs from under this name, and so do those who copy it.
const OWN: [&str; 2] = ["flux-system", "home-kubernetes"];

pub fn kustomization(look: Look, object: &Object, repos: &[Repo]) -> Vec<Wanted> {
    let Some(spec) = object.root.get("spec") else { return Vec::new() };
    let text = |names: &[&str]| spec.text_at(names);
    let path = text(&["path"]).unwrap_or("./");
    let source = (text(&["sourceRef", "kind"]).unwrap_or(GIT), text(&["sourceRef", "name"]).unwrap_or("?"));
    let found = find(look, repos, None, path.trim_start_matches("./"));
    let Some(folder) = found.filter(|_| source.0 == GIT || OWN.contains(&source.1)) else {
        let why = format!("{path} of {} {} is not in this repository", source.0, source.1);
        return vec![unknown(object, object.place_of(&["spec", "path"]), why, "that source")];
    };
    let asked_by = Some(Asked { place: object.place_of(&["spec", "path"]), object: object.id.to_string() });
    let mut entry = Entry { folder, loose: true, asked_by, ..Entry::default() };
    if let Some(namespace) = text(&["targetNamespace"]) {
        entry.namespace = Some(namespace.into());
        entry.overlay.insert("namespace".to_owned(), json!(namespace));
    }
    for name in ["namePrefix", "nameSuffix", "images", "patches"] {
        if let Some(value) = spec.get(name) {
            entry.overlay.insert(name.to_owned(), value.json());
        }
    }
    let values = spec.walk(&["postBuild", "substitute"]).map_or(&[][..], Node::fields).iter();
    let text = |node: &Node| node.text().map_or_else(|| node.json().to_string(), str::to_owned);
    let values: BTreeMap<String, String> = values.map(|field| (field.name.to_string(), text(&field.node))).collect();
    // Flux puts nothing in where nothing is given, not even what stands behind `:=`.
    entry.substitute = spec.get("postBuild").map(|_| values);
    vec![Wanted::Entry(Box::new(entry), true)]
}

pub fn release(look: Look, object: &Object, repos: &[Repo]) -> Vec<Wanted> {
    let Some(spec) = object.root.get("spec") else { return Vec::new() };
    let at = |names: &[&str]| object.place_of(names);
    if let Some(other) = spec.get("chartRef") {
        let text = |name: &str| other.text_at(&[name]).unwrap_or("?");
        let why = format!("its chart is that of {} {}, which is not in this repository", text("kind"), text("name"));
        return vec![unknown(object, at(&["spec", "chartRef"]), why, "the chart")];
    }
    let Some(chart) = spec.walk(&["chart", "spec"]) else { return Vec::new() };
    let text = |names: &[&str]| chart.text_at(names).unwrap_or("?");
    let (kind, source) = (text(&["sourceRef", "kind"]), text(&["sourceRef", "name"]));
    let name = text(&["chart"]);
    let place = at(&["spec", "chart", "spec", "chart"]);
    let folder = if kind == GIT {
        match find(look, repos, None, name.trim_start_matches("./")) {
            Some(folder) => folder,
            None => {
                let why = format!("chart {name} of {kind} {source} is not in this repository");
                return vec![unknown(object, place, why, "the chart")];
            }
        }
    } else {
        let version = text(&["version"]);
        match archive(look, object, place.clone(), [name, version, &format!("{kind} {source}")]) {
            Ok(path) => path,
            Err(unknown) => return vec![unknown],
        }
    };
    let namespace = spec.text_at(&["targetNamespace"]).or(object.namespace());
    let own = match (spec.text_at(&["releaseName"]), spec.text_at(&["targetNamespace"])) {
        (Some(name), _) => name.to_owned(),
        (None, Some(namespace)) => format!("{namespace}-{}", object.name()),
        (None, None) => object.name().to_owned(),
    };
    let elsewhere = spec.get("valuesFrom").filter(|from| !from.items().is_empty());
    let values = spec.get("values").map(|values| values.json().to_string());
    let helm = Release { name: own, values, wanted: elsewhere.is_none(), ..Release::default() };
    let asked_by = Some(Asked { place, object: object.id.to_string() });
    let entry = Entry { folder, namespace: namespace.map(Into::into), asked_by, helm, ..Entry::default() };
    let mut all = vec![Wanted::Entry(Box::new(entry), false)];
    if let Some(from) = elsewhere {
        let why = "takes values from objects, which are not put in here".to_owned();
        all.push(unknown(object, object.place_at(from.at), why, "what the chart makes with all its values"));
    }
    all
}
