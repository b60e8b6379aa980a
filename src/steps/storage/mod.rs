//! Kind `storage`: classes and volumes, with the folders on the host that they keep their data in. Its verify reads the
//! live volumes: a label that is missing there is the fault that nobody sees.

pub mod fit;
pub mod host;
pub mod judge;

use super::apply;
use super::contract::{Kind, Mishap, Seen, Work};
use super::fields::Fields;
use super::keys::{Key, Shape};
use super::papers;
use super::scene::Scene;
use super::target::Up;
use crate::manifests::Papers;
use crate::model::{Digest, Finding, Mode, Severity, Spot};
use crate::sys::Look;
use crate::sys::kube::Trouble;
use crate::sys::pace::Halt;
use host::Rights;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub const NAME: &str = "storage";
pub const DOC: &str = "Puts storage classes and volumes in place, with their folders, and reads the live ones back.";
pub const KEYS: &[Key] = &[
    Key::required("path", Shape::Paths, "The manifests: files, or folders of them."),
    Key::optional("labels", Shape::Pairs, "Labels that each live volume must have, as claims ask for them."),
    Key::optional("nodes", Shape::Pairs, "Which node of the files is which of the cluster, where it has several."),
    Key::optional("owner", Shape::Text, "Who the folders on the host belong to: \"1000:1000\"."),
    Key::optional("mode", Shape::Text, "The mode of the folders on the host: \"0750\"."),
];

struct Storage {
    paths: Vec<(String, Spot)>,
    labels: Vec<(String, String)>,
    nodes: Vec<(String, String)>,
    rights: Rights,
    papers: Papers,
}

pub fn read(fields: &mut Fields<'_, '_>) -> Option<Box<dyn Kind>> {
    let there = fields.require(KEYS, "path", "a storage step");
    let paths = fields.paths("path");
    let (labels, nodes) = (fields.pairs("labels"), fields.pairs("nodes"));
    let owner = fields.read("owner", "an owner", host::read_owner);
    let mode = fields.read("mode", "a mode", host::read_mode);
    let rights = Rights { owner, mode };
    there.then(|| Box::new(Storage { paths, labels, nodes, rights, papers: Papers::default() }) as Box<dyn Kind>)
}

impl Storage {
    /// The papers made fit for the nodes of this cluster. Says what was changed.
    async fn fitted(&self, up: &Up, say: Option<&dyn Fn(String)>) -> Result<Result<Papers, String>, Trouble> {
        let nodes = up.kube.list("v1", "Node", None).await?;
        let names: Vec<String> =
            nodes.iter().filter_map(|node| Some(node["metadata"]["name"].as_str()?.to_owned())).collect();
        let mut objects = Vec::with_capacity(self.papers.objects.len());
        for object in &self.papers.objects {
            let nodes = fit::Nodes { names: &names, nameless: up.nameless, renamed: &self.nodes };
            match fit::fit(object, nodes) {
                Err(misfit) => return Ok(Err(misfit.to_string())),
                Ok(fitted) => {
                    fitted.changes.into_iter().for_each(|change| say.iter().for_each(|say| say(change.clone())));
                    objects.push(Arc::new(fitted.object));
                }
            }
        }
        Ok(Ok(Papers { objects, ..self.papers.clone() }))
    }

    /// The folders of the volumes, as they are called on the host of this cluster.
    fn folders(&self, up: &Up) -> Vec<PathBuf> {
        let bodies = self.papers.objects.iter().map(|object| object.root.json());
        bodies.filter_map(|body| host::folder(&body)).filter_map(|path| up.on_host(&path)).collect()
    }

    async fn put(&self, scene: &Scene<'_>) -> Result<(), Mishap> {
        let up = scene.target.required().map_err(|why| Mishap::failed(why, false))?;
        let papers = match self.fitted(&up, Some(scene.say)).await {
            Err(trouble) => return Err(Mishap::failed(trouble, false)),
            Ok(Err(why)) => return Err(Mishap::failed(why, false)),
            Ok(Ok(papers)) => papers,
        };
        for folder in self.folders(&up) {
            // Who may not give files away makes them its own; the verify then says whose they are.
            if host::make(scene.touch, &folder, &self.rights).map_err(|why| Mishap::failed(why, true))? {
                (scene.say)(format!("made {}, new and empty", folder.display()));
            }
        }
        papers::put(scene, &up, &papers).await
    }

    async fn ask(&self, scene: &Scene<'_>) -> Seen {
        let up = match scene.target.required() {
            Ok(up) => up,
            Err(why) => return Seen::Unknown(why),
        };
        let papers = match self.fitted(&up, None).await {
            Err(trouble) => return Seen::Unknown(trouble.to_string()),
            Ok(Err(why)) => return Seen::Absent(why),
            Ok(Ok(papers)) => papers,
        };
        let (nodes, volumes, claims) = match self.live(&up).await {
            Ok(live) => live,
            Err(trouble) => return Seen::Unknown(trouble.to_string()),
        };
        let mut wrong: Vec<String> = Vec::new();
        for object in papers.of_kind("PersistentVolume") {
            let live = volumes.iter().find(|live| live["metadata"]["name"] == object.name());
            wrong.extend(judge::volume(&apply::body(object), live, &self.labels, &nodes));
        }
        wrong.extend(judge::claims(&claims, &volumes));
        let folders = self.folders(&up);
        wrong.extend(folders.iter().filter_map(|folder| host::judge(scene.touch.look(), folder, &self.rights)));
        if !wrong.is_empty() {
            return Seen::Absent(papers::listed(&format!("{} wrong", wrong.len()), &wrong));
        }
        match papers::ask(scene, &up, &papers).await {
            Seen::Present(_) => {
                let count = papers.of_kind("PersistentVolume").count();
                let labels: Vec<String> = self.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
                let labels = if labels.is_empty() { String::new() } else { format!(" with {}", labels.join(", ")) };
                Seen::Present(format!(
                    "{count} volumes{labels}, {} folders, each as the files say{}",
                    folders.len(),
                    papers::unmoved(scene)
                ))
            }
            other => other,
        }
    }

    /// A volume is Pending for a moment after it was made. What is wrong with it beyond that the judge will say.
    async fn settled(&self, scene: &Scene<'_>) {
        let Ok(up) = scene.target.required() else { return };
        let say = |text: &str| (scene.say)(text.to_owned());
        for object in self.papers.of_kind("PersistentVolume") {
            let asked = up.kube.until(&object.id, &scene.pace, &say, judge::settled).await;
            if asked.is_err() {
                return;
            }
        }
    }

    async fn live(&self, up: &Up) -> Result<(Vec<Value>, Vec<Value>, Vec<Value>), Trouble> {
        Ok((
            up.kube.list("v1", "Node", None).await?,
            up.kube.list("v1", "PersistentVolume", None).await?,
            up.kube.list("v1", "PersistentVolumeClaim", None).await?,
        ))
    }
}

impl Kind for Storage {
    fn name(&self) -> &'static str {
        NAME
    }
    fn summary(&self, _: Mode) -> String {
        let count = |kind: &str, what: &str, more: &str| match self.papers.of_kind(kind).count() {
            1 => format!("1 {what}"),
            n => format!("{n} {more}"),
        };
        let labels: Vec<String> = self.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!(", check label {}", labels.join(", ")) };
        let classes = count("StorageClass", "class", "classes");
        format!("{classes}, {}{labels}", count("PersistentVolume", "volume", "volumes"))
    }
    fn reaches(&self, _: Mode) -> String {
        "folders on the host, made where they are missing".to_owned()
    }
    fn wants_cluster(&self) -> bool {
        true
    }
    fn repeatable(&self) -> bool {
        true
    }
    fn deadline(&self) -> Duration {
        Duration::from_secs(120)
    }
    fn stops_at(&self) -> Halt {
        Halt::Gently
    }
    fn paths(&self) -> &[(String, Spot)] {
        &self.paths
    }
    fn take(&mut self, papers: Papers) {
        self.papers = papers;
    }
    fn papers(&self) -> Option<&Papers> {
        Some(&self.papers)
    }
    fn unproven(&self, scene: &Scene<'_>) -> Vec<String> {
        let own = scene.target.up().map(|up| self.folders(&up).len()).unwrap_or_default();
        vec![format!(
            "{own} folders were made under the sandbox's own root: what is on the host's disks was not looked at"
        )]
    }
    fn findings(&self, nodes: &[String]) -> Vec<Finding> {
        if nodes.is_empty() {
            return Vec::new();
        }
        let nodes = fit::Nodes { names: nodes, nameless: false, renamed: &self.nodes };
        let misfits = self.papers.objects.iter().filter_map(|object| fit::fit(object, nodes).err());
        let finding = |misfit: fit::Misfit| {
            let fit::Misfit { at, object, why, fix } = misfit;
            Finding { id: "F32", severity: Severity::Error, place: at, object, message: why, fix, patch: None }
        };
        misfits.map(finding).collect()
    }
    fn inputs(&self, _: Look, _: &Path) -> Result<Digest, String> {
        let mut digest = papers::digest(NAME, &self.papers);
        for (key, value) in self.labels.iter().chain(&self.nodes) {
            digest.add(key.as_bytes());
            digest.add(value.as_bytes());
        }
        digest.add(format!("{:?}", self.rights).as_bytes());
        Ok(digest.finish())
    }
    fn look<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(self.ask(scene))
    }
    fn touch<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Result<(), Mishap>> {
        Box::pin(self.put(scene))
    }
    fn verify<'a>(&'a self, scene: &'a Scene<'a>) -> Work<'a, Seen> {
        Box::pin(async {
            self.settled(scene).await;
            self.ask(scene).await
        })
    }
}
