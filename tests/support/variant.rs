//! A variant of the example: what its `what.yaml` says, and how it is laid over a copy of the example.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::drills::{Home, PLAN, copy};
use blackstart::model::Hidden;
use blackstart::sys::age::{self, Identities};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const KEYS: &[&str] = &[
    "fault", "story", "expect", "object", "file", "says", "remove", "forget", "images", "node", "as", "applies", "seen",
];
const CLUSTER: &str = "plans/cluster/sandbox.yaml";

#[derive(Debug)]
pub struct Variant {
    pub name: String,
    pub folder: PathBuf,
    pub fault: String,
    pub expect: String,
    pub object: String,
    pub file: Option<String>,
    pub says: String,
    pub remove: Vec<String>,
    pub forget: Vec<String>,
    pub images: bool,
    pub node: Option<String>,
    pub who: Option<String>,
    pub applies: Option<String>,
}

/// All variants there are.
pub fn all() -> Vec<Variant> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/variants");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    assert!(folders.len() >= 25, "{}", folders.len());
    folders.into_iter().map(Variant::read).collect()
}

impl Variant {
    fn read(folder: PathBuf) -> Self {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(folder.join("what.yaml")).unwrap();
        let what: Value = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let known: BTreeSet<&str> = KEYS.iter().copied().collect();
        let keys: BTreeSet<&str> = what.as_object().unwrap().keys().map(String::as_str).collect();
        assert!(keys.is_subset(&known), "{name}: {keys:?}");
        let maybe = |key: &str| match &what[key] {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let must = |key: &str| maybe(key).unwrap_or_else(|| panic!("{name}: {key} is missing"));
        let list = |key: &str| {
            what[key].as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        let (expect, file) = (must("expect"), must("file"));
        assert!(["refused", "cause"].contains(&&*expect), "{name}: expect: {expect}");
        Self {
            fault: must("fault"),
            object: must("object"),
            says: must("says"),
            file: Some(file).filter(|file| file != "none"),
            remove: list("remove"),
            forget: list("forget"),
            images: what.get("images").is_some(),
            node: maybe("node"),
            who: maybe("as"),
            applies: maybe("applies"),
            expect,
            name,
            folder,
        }
    }

    /// The object without its namespace, as `Role review-apps`.
    pub fn named(&self) -> String {
        let (kind, name) = self.object.split_once(' ').unwrap();
        format!("{kind} {}", name.rsplit('/').next().unwrap())
    }

    /// The files under `changes/`, by their paths below `plans/kubernetes/`.
    pub fn changes(&self) -> Vec<String> {
        let (top, mut found, mut left) = (self.folder.join("changes"), Vec::new(), vec![self.folder.join("changes")]);
        while let Some(folder) = left.pop() {
            for path in std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
                match path.is_dir() {
                    true => left.push(path),
                    false => found.push(path.strip_prefix(&top).unwrap().to_string_lossy().into_owned()),
                }
            }
        }
        found.sort();
        found
    }

    /// Lays it over the copy of the example in this home.
    pub fn put(&self, home: &Home) {
        let objects = home.lab.path("plans/kubernetes");
        self.remove.iter().for_each(|file| std::fs::remove_file(objects.join(file)).unwrap());
        if self.folder.join("changes").exists() {
            copy(&self.folder.join("changes"), &objects);
        }
        if let Some(file) = &self.applies {
            std::fs::remove_file(objects.join(file)).unwrap();
        }
        self.put_store(home);
        let more = self.folder.join("images.json");
        match self.images {
            false => home.edit(CLUSTER, |text| text.replace("images: images.json\n", "")),
            true if more.exists() => home.edit("plans/cluster/images.json", |text| {
                let read = |text: &str| serde_json::from_str::<Vec<Value>>(text).unwrap();
                let known = [read(text), read(&std::fs::read_to_string(&more).unwrap())].concat();
                serde_json::to_string(&known).unwrap()
            }),
            true => {}
        }
        if let Some(node) = &self.node {
            let taint = node.strip_prefix("taint=").unwrap();
            home.edit(CLUSTER, |text| text.replace("memory: 8Gi}", &format!("memory: 8Gi, taints: [\"{taint}\"]}}")));
        }
    }

    /// Where the files show the fault as well, the plan accepts it, so that the drill goes on to what a cluster says of it.
    /// Both have to know it by the same id. Gives how many were accepted.
    pub fn accept(&self, home: &Home) -> usize {
        let plan = home.does(&["plan", PLAN, "--mode", "drill", "--output", "json"]).code(0);
        let plan: Value = serde_json::from_str(&plan.out).unwrap();
        let errors = plan["findings"].as_array().unwrap().iter().filter(|found| found["severity"] == "error");
        let objects: BTreeSet<&str> = errors
            .map(|found| {
                assert_eq!(found["id"], *self.fault, "{found:#}");
                found["object"].as_str().unwrap()
            })
            .collect();
        let entry = |object: &&str| {
            let id = &self.fault;
            format!("  - {{id: {id}, object: \"{object}\", reason: to see it live, until: 2099-01-01}}\n")
        };
        if !objects.is_empty() {
            let entries: String = objects.iter().map(entry).collect();
            home.edit(PLAN, |text| format!("{text}\naccept:\n{entries}"));
        }
        objects.len()
    }

    /// Files under `store/` are encrypted into the store of the example, in place of those of the same name; what it shall
    /// forget goes.
    fn put_store(&self, home: &Home) {
        let store = home.lab.path("secrets.example");
        let (own, identity) = (self.folder.join("store"), store.join("identity.txt"));
        if self.forget.is_empty() && !own.exists() {
            return;
        }
        self.forget.iter().for_each(|name| std::fs::remove_file(store.join(format!("{name}.yaml.age"))).unwrap());
        let text = Hidden::new(std::fs::read(&identity).unwrap());
        let identities = Identities::read(&text).map_err(|trouble| trouble.to_string()).unwrap();
        for path in std::fs::read_dir(own).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            let plain = Hidden::new(std::fs::read(&path).unwrap());
            let cipher = age::close(&plain, &identities.recipients(), true).map_err(|trouble| trouble.to_string());
            let name = format!("{}.age", path.file_name().unwrap().to_string_lossy());
            std::fs::write(store.join(name), cipher.unwrap()).unwrap();
        }
        let identity = identity.display().to_string();
        home.does(&["secrets", "rotate", "--store", "secrets.example", "--identity", &identity]).code(0);
    }
}
