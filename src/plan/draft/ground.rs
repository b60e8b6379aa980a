//! The ways in and the store of secrets of a plan, with questions where files say nothing.

use super::Sketch;
use super::found::Found;
use super::tree::{relative, shown};
use crate::manifests::Object;
use crate::manifests::pods::each;
use crate::manifests::write::flow;
use crate::model::Place;
use crate::secrets::store::{self, Held};
use crate::sys::Look;
use crate::sys::files;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The store that the plan takes.
#[derive(Default)]
pub struct Store {
    /// The values of `files` and `identity`.
    named: Option<(String, Option<String>)>,
    pub held: Vec<Held>,
    /// Whether it is known what all its files hold.
    known: bool,
    questions: Vec<String>,
}

impl Store {
    pub fn is_there(&self) -> bool {
        self.named.is_some()
    }
    /// Whether the controller gets a new key, and what is asked about it. `sealed` is a SealedSecret in the files.
    pub fn key(&self, sealed: Option<Place>) -> (bool, Option<String>) {
        let has = self.held.iter().any(|held| held.sealing_key.is_some()) || (self.is_there() && !self.known);
        let import = "blackstart secrets import --from-cluster, while the old cluster lives";
        match (has, self.is_there(), sealed) {
            (true, _, _) => (false, None),
            (false, true, Some(place)) => {
                (false, Some(format!("the store has no sealing key, and {place} was sealed for one: {import}?")))
            }
            (false, false, Some(place)) => {
                let text = format!(
                    "no store keeps the sealing key, so a new one is made, which does not open {place}: {import}; then \
                     take `key: fresh` out?"
                );
                (true, Some(text))
            }
            (false, _, None) => {
                let text =
                    "nothing in these files is sealed, so a new key is made each time: is anything sealed elsewhere?";
                (true, Some(text.to_owned()))
            }
        }
    }
}

/// The folder of age files that looks most like a store of ours, and what it holds.
pub fn store(look: Look, found: &Found, home: &Path) -> Store {
    let has = |folder: &PathBuf, name: &str| files::exists(look, &folder.join(name));
    let mut folders: Vec<&PathBuf> = found.stores.keys().collect();
    folders.sort_by_key(|folder| !has(folder, store::RECIPIENTS));
    let mut done = Store::default();
    let Some((first, others)) = folders.split_first() else { return done };
    let way = relative(home, first);
    let names = &found.stores[*first];
    let alike = names.iter().all(|name| name.ends_with(".yaml.age"));
    let written = if alike { shown(&way.join("*.yaml.age")) } else { shown(&way) };
    match store::Store::find(look, home, &written, "") {
        Ok(store) => {
            let outline = store.outline();
            done.known = outline.stale.is_empty();
            done.held = outline.held;
            done.questions.extend(outline.stale.first().map(|stale| {
                format!("{} {}: blackstart secrets rotate writes down what it holds", stale.file, stale.why)
            }));
            let identity = has(first, "identity.txt").then(|| shown(&way.join("identity.txt")));
            done.questions.extend(identity.iter().map(|identity| {
                format!(
                    "{identity} lies beside what it opens: is it a throw-away one? Yours belongs out of the repository"
                )
            }));
            done.named = Some((written, identity));
        }
        Err(problem) => done.questions.push(format!(
            "{}: is it a store of secrets? It cannot be read: {}",
            shown(&way),
            problem.fact
        )),
    }
    let others = others.iter().map(|other| {
        format!("{}: does this hold secrets of this plan too? It takes one folder", shown(&relative(home, other)))
    });
    done.questions.extend(others);
    done
}

pub fn secrets(store: &Store, sketch: &mut Sketch) {
    sketch.about_secrets.extend(store.questions.iter().cloned());
    match &store.named {
        Some((files, identity)) => {
            let mut value = json!({ "files": files });
            if let Some(identity) = identity {
                value["identity"] = Value::from(identity.as_str());
            } else {
                let text = "where does the age identity lie when all is down? Without `identity` it is \
                            ~/.config/blackstart/identity.txt";
                sketch.about_secrets.push(text.to_owned());
            }
            sketch.secrets = Some(flow(&value));
        }
        None => sketch.about_secrets.push(
            "secrets: {files: secrets/*.yaml.age}   where are the secrets kept when all is down? \
             blackstart secrets init makes a store"
                .to_owned(),
        ),
    }
}

/// Programs that are a way in from outside, by a part of their image.
const WAYS: [(&str, &str); 6] = [
    ("cloudflare/cloudflared", "tunnel"),
    ("tailscale/", "tailscale"),
    ("fosrl/newt", "newt"),
    ("ngrok/", "ngrok"),
    ("linuxserver/wireguard", "wireguard"),
    ("frpc", "frp"),
];

pub fn access(objects: &[Arc<Object>], sketch: &mut Sketch) {
    for object in objects {
        let spec = object.pod_template().and_then(|(template, _)| template.get("spec"));
        let mut images =
            spec.into_iter().flat_map(|spec| each(spec, "containers")).filter_map(|one| one.text_at(&["image"]));
        let Some((_, name)) = images.find_map(|image| WAYS.iter().find(|(part, _)| image.contains(part))) else {
            continue;
        };
        let inside = format!("{}/{}", object.namespace().unwrap_or("default"), object.name());
        if !sketch.access.iter().any(|(known, _)| known == name) {
            sketch.access.push(((*name).to_owned(), flow(&json!({ "inside": inside }))));
        }
    }
}
