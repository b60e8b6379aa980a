//! The file that describes a sandbox: its nodes, its domain, the images that are known to it. Read as strictly as a plan.

use super::sandbox_like::Likeness;
use crate::checks::quantity::Quantity;
use crate::checks::rules::cluster::{Cluster, Maker, Planned};
use crate::model::digest::Digester;
use crate::model::{Place, Problem, Spot};
use crate::steps::fields::{Faults, Fields, shown};
use crate::steps::keys::{Key, Shape};
use crate::sys::yaml::{Body, Entry, Reader, Token};
use crate::sys::{Look, files};
use std::io;
use std::path::{Path, PathBuf};

const LARGEST: u64 = 1 << 20;
const AGAIN: &str = "mend it, then the same command again. Nothing was touched.";

pub const KEYS: &[Key] = &[
    Key::optional("nodes", Shape::Text, "The nodes; without it, one that is called as the cluster."),
    Key::optional("domain", Shape::Text, "The cluster's domain (default: cluster.local)."),
    Key::optional("images", Shape::Text, "A JSON file of the images that are there, with their architectures."),
];
/// The keys of a node.
pub const NODE: &[Key] = &[
    Key::required("name", Shape::Text, "What the node is called."),
    Key::optional("architecture", Shape::Word(ARCHITECTURES), "What it runs (default: that of this machine)."),
    Key::optional("labels", Shape::Env, "Labels beside those that every node has."),
    Key::optional("taints", Shape::Ids, "Taints, each key=value:Effect."),
    Key::optional("cpu", Shape::Text, "How many processors it has (default: 4)."),
    Key::optional("memory", Shape::Text, "How much memory it has (default: 8Gi)."),
];
const ARCHITECTURES: &[&str] = &["amd64", "arm64"];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    pub nodes: Vec<Node>,
    pub domain: Option<String>,
    pub images: Option<PathBuf>,
    /// Where it takes the place of a cluster of k3d or k3s.
    pub likeness: Likeness,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub name: String,
    pub architecture: String,
    pub labels: Vec<(String, String)>,
    pub taints: Vec<String>,
    pub cpu: Option<String>,
    pub memory: Option<String>,
}

impl Node {
    fn alone(name: &str) -> Self {
        Self::of_architecture(name, None)
    }
    pub fn of_architecture(name: &str, architecture: Option<&str>) -> Self {
        let architecture = architecture.unwrap_or(own_architecture()).to_owned();
        Self { name: name.to_owned(), architecture, labels: Vec::new(), taints: Vec::new(), cpu: None, memory: None }
    }
    /// As the companion program reads it.
    pub fn words(&self) -> String {
        let mut words = format!("name={},arch={}", self.name, self.architecture);
        let sized = [("cpu", &self.cpu), ("memory", &self.memory)];
        sized.iter().for_each(|(key, size)| words.extend(size.as_ref().map(|size| format!(",{key}={size}"))));
        self.labels.iter().for_each(|(key, value)| words.push_str(&format!(",label.{key}={value}")));
        self.taints.iter().for_each(|taint| words.push_str(&format!(",taint={taint}")));
        words
    }
}

/// What Kubernetes calls this machine's architecture.
fn own_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        _ => "amd64",
    }
}

impl Config {
    pub fn nodes_or(&self, name: &str) -> Vec<Node> {
        match self.nodes.is_empty() {
            true => vec![Node::alone(name)],
            false => self.nodes.clone(),
        }
    }
    pub fn is_nameless(&self) -> bool {
        self.nodes.is_empty()
    }
    /// The names of the nodes, where somebody gave them some.
    pub fn names(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.name.clone()).collect()
    }
    /// As the checks know it.
    pub fn planned(&self, name: &str, place: Place) -> Cluster {
        let node = |node: Node| {
            let mut planned = Planned::new(node.name, true);
            planned.labels.insert("kubernetes.io/arch".to_owned(), node.architecture);
            planned.labels.extend(node.labels);
            planned.taints = node.taints;
            planned.cpu = Quantity::read(node.cpu.as_deref().unwrap_or("4"));
            planned.memory = Quantity::read(node.memory.as_deref().unwrap_or("8Gi"));
            planned
        };
        let nodes = self.nodes_or(name).into_iter().map(node).collect();
        Cluster::of_nodes(Maker::Sandbox, name, place, nodes)
    }
    /// What is in the file of the images counts, and not where it lies: that depends on how the plan was named.
    pub fn add_to(&self, look: Look, digest: &mut Digester) -> Result<(), String> {
        self.nodes.iter().for_each(|node| digest.add(node.words().as_bytes()));
        digest.add(self.domain.as_deref().unwrap_or_default().as_bytes());
        self.likeness.add_to(digest);
        if let Some(images) = &self.images {
            let bytes = files::read(look, images, LARGEST);
            digest.add(&bytes.map_err(|error| format!("{}: {}", images.display(), why(&error)))?);
        }
        Ok(())
    }
}

/// Reads the file that the plan names at this spot.
pub fn read(look: Look, folder: &Path, plan: &str, named: &str, at: Spot) -> Result<Config, Problem> {
    let path = folder.join(named);
    // As people know it: beside the plan, as they named that.
    let shown = Path::new(plan).parent().unwrap_or(Path::new("")).join(named).display().to_string();
    let unread = |why: String| {
        Problem::usage("the file of the cluster cannot be read")
            .because(format!("{plan}:{}:{}: `config`: {shown} {why}", at.line, at.column))
            .next(AGAIN)
    };
    let bytes = files::read(look, &path, LARGEST).map_err(|error| unread(why(&error)))?;
    let text = String::from_utf8(bytes).map_err(|_| unread("is not UTF-8 text".to_owned()))?;
    let mut faults = Faults::default();
    let config = document(look, &text, path.parent().unwrap_or(Path::new(".")), &mut faults);
    match (config, faults.list.is_empty()) {
        (Some(config), true) => Ok(config),
        _ => Err(faults
            .list
            .iter()
            .fold(Problem::usage("the file of the cluster cannot be used").next(AGAIN), |problem, fault| {
                problem.because(format!("{shown}:{}:{}: {}", fault.at.line, fault.at.column, fault.text))
            })),
    }
}

fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "is not there".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be read by this user".to_owned(),
        io::ErrorKind::InvalidInput | io::ErrorKind::FileTooLarge => error.to_string(),
        _ => format!("cannot be read: {error}"),
    }
}

fn document(look: Look, text: &str, folder: &Path, faults: &mut Faults) -> Option<Config> {
    let mut reader = Reader::new(text);
    let node = reader.token().and_then(|(token, at)| match token {
        Token::DocumentEnd => Ok(None),
        token => reader.value(token, at).map(Some),
    });
    let node = match node {
        Ok(Some(node)) => node,
        Ok(None) => return Some(Config::default()),
        Err(broken) => {
            faults.add(broken.at, broken.message);
            return None;
        }
    };
    let (at, kind) = (node.at, node.kind());
    let Body::Map(entries) = node.body else {
        faults.add(at, format!("this wants a map, as nodes: [{{name: …}}], and here is {kind}"));
        return None;
    };
    let mut fields = Fields::new(at, entries, faults);
    let nodes = fields.take("nodes").map_or_else(Vec::new, |entry| nodes(entry, fields.faults));
    let domain = fields.text("domain", "a name").map(|(text, _)| text.into_owned());
    let images = fields.text("images", "the path of a file").map(|(text, at)| {
        let path = folder.join(&*text);
        if !files::exists(look, &path) {
            fields.faults.add(at, format!("`images`: {} is not there", shown(&text)));
        }
        path
    });
    fields.finish("the file of a sandbox", &[KEYS]);
    Some(Config { nodes, domain, images, likeness: Likeness::default() })
}

fn nodes(entry: Entry<'_>, faults: &mut Faults) -> Vec<Node> {
    let (at, kind) = (entry.value.at, entry.value.kind());
    let Body::List(items) = entry.value.body else {
        faults.add(at, format!("`nodes` wants a list, - {{name: …}}, and here is {kind}"));
        return Vec::new();
    };
    let mut nodes: Vec<Node> = Vec::new();
    for item in items {
        let (at, kind) = (item.at, item.kind());
        let Body::Map(entries) = item.body else {
            faults.add(at, format!("a node is a map, - {{name: …}}, and here is {kind}"));
            continue;
        };
        if let Some(node) = node(Fields::new(at, entries, faults)) {
            if nodes.iter().any(|other| other.name == node.name) {
                faults.add(at, format!("node {} is written twice: take one out", node.name));
            }
            nodes.push(node);
        }
    }
    nodes
}

fn node(mut fields: Fields<'_, '_>) -> Option<Node> {
    fields.require(NODE, "name", "a node");
    let plain = |text: &str| match text.contains([',', '\n', ' ']) || text.is_empty() {
        true => Err("may hold no comma, space or line break".to_owned()),
        false => Ok(text.to_owned()),
    };
    let word = |key: &str, fields: &mut Fields<'_, '_>| {
        let (text, at) = fields.text(key, "a word")?;
        plain(&text).map_err(|why| fields.faults.add(at, format!("`{key}` {why}"))).ok()
    };
    let name = word("name", &mut fields);
    let memory = word("memory", &mut fields);
    let cpu = fields.count("cpu", 1..=1024).map(|(cpu, _)| cpu.to_string());
    let architecture = fields.word("architecture", ARCHITECTURES).unwrap_or(own_architecture()).to_owned();
    let labels = labels(&mut fields);
    let taints = fields.list("taints", "taints, each key=value:Effect", plain).into_iter().map(|(t, _)| t).collect();
    fields.finish("a node", &[NODE]);
    Some(Node { name: name?, architecture, labels, taints, cpu, memory })
}

fn labels(fields: &mut Fields<'_, '_>) -> Vec<(String, String)> {
    let Some(entry) = fields.take("labels") else { return Vec::new() };
    let (at, kind) = (entry.value.at, entry.value.kind());
    let Body::Map(entries) = entry.value.body else {
        fields.faults.add(at, format!("`labels` wants a map of names and values, and here is {kind}"));
        return Vec::new();
    };
    let mut labels = Vec::new();
    for label in entries {
        match label.value.body {
            Body::Scalar(text, _) if !text.contains([',', '\n', ' ']) && !label.key.contains([',', '=', '\n', ' ']) => {
                labels.push((label.key.into_owned(), text.into_owned()));
            }
            Body::Scalar(..) | Body::List(_) | Body::Map(_) => {
                fields.faults.add(label.at, "a label is a word with a word as its value");
            }
        }
    }
    labels
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::Digest;

    fn digest(folder: &Path) -> Digest {
        let spot = Spot { line: 1, column: 1 };
        let config = read(Look::new(), folder, "plan.yaml", "rack.yaml", spot).unwrap();
        let mut digest = Digester::new("test");
        config.add_to(Look::new(), &mut digest).unwrap();
        digest.finish()
    }

    #[test]
    fn the_inputs_are_what_the_images_are_and_not_how_their_file_was_named() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        put("rack.yaml", "images: images.json\n");
        put("images.json", "[]");
        std::fs::create_dir(folder.path().join("below")).unwrap();
        let before = digest(folder.path());
        assert_eq!(digest(&folder.path().join("below/..")), before);
        put("images.json", "[{\"name\": \"nginx\"}]");
        assert_ne!(digest(folder.path()), before);
    }
}
