//! What one look at the cluster shares between all objects that are asked about: the files by name, the volumes, the claims
//! that were judged already.

use super::cause::Sight;
use super::claim::claims_of;
use super::fit;
use crate::checks::binder::VolumeFacts;
use crate::checks::live::{Item, Live};
use crate::checks::quantity::Quantity;
use crate::checks::selector::{Labels, labels};
use crate::manifests::{Object, Papers};
use crate::model::{ObjectId, Stamp};
use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub struct Scene<'a> {
    pub live: &'a Live,
    pub now: Stamp,
    papers: &'a [&'a Papers],
    index: OnceCell<HashMap<Key<'a>, &'a Arc<Object>>>,
    volumes: OnceCell<Vec<VolumeFacts>>,
    nodes: OnceCell<Vec<(&'a Item, Labels)>>,
    used: OnceCell<HashSet<(&'a str, &'a str)>>,
    ports: OnceCell<HashMap<u64, Vec<(&'a Item, &'a str)>>>,
    asked: RefCell<HashMap<Box<str>, HashMap<&'a str, Quantity>>>,
    judged: RefCell<HashMap<ObjectId, Sight>>,
    /// Who should answer behind a Service, and how that stands.
    behind: RefCell<HashMap<ObjectId, (String, Sight)>>,
    /// What is being climbed right now: who meets himself again waits for himself.
    climbing: RefCell<Vec<ObjectId>>,
}

/// Group, kind, namespace and name.
type Key<'a> = (&'a str, &'a str, &'a str, &'a str);

fn key(id: &ObjectId) -> Key<'_> {
    (id.group(), &id.kind, id.namespace.as_deref().unwrap_or_default(), &id.name)
}

/// Where a pod comes from.
pub struct Origin<'a> {
    /// The topmost object that led to it; the pod itself where nobody made it.
    pub item: &'a Item,
    pub paper: Option<&'a Arc<Object>>,
    /// The names that lead from that object to the template of the pod, where it has one.
    pub template: Option<&'static [&'static str]>,
}

impl<'a> Scene<'a> {
    pub fn new(live: &'a Live, papers: &'a [&'a Papers], now: Stamp) -> Self {
        Self {
            live,
            now,
            papers,
            index: OnceCell::new(),
            volumes: OnceCell::new(),
            nodes: OnceCell::new(),
            used: OnceCell::new(),
            ports: OnceCell::new(),
            asked: RefCell::default(),
            judged: RefCell::default(),
            behind: RefCell::default(),
            climbing: RefCell::default(),
        }
    }
    pub fn paper(&self, id: &ObjectId) -> Option<&'a Arc<Object>> {
        let index = self.index.get_or_init(|| {
            let objects = self.papers.iter().flat_map(|papers| &papers.objects);
            objects.map(|object| (key(&object.id), object)).collect()
        });
        index.get(&key(id)).copied()
    }
    pub fn papers_of(&self, kind: &'a str) -> impl Iterator<Item = &'a Arc<Object>> {
        self.papers.iter().flat_map(move |papers| papers.of_kind(kind))
    }
    /// There are files at all, so that "in no file" means something.
    pub fn has_papers(&self) -> bool {
        self.papers.iter().any(|papers| !papers.objects.is_empty())
    }
    pub fn origin(&self, pod: &'a Item) -> Origin<'a> {
        let mut item = pod;
        let mut named = self.paper(&pod.id).map(|paper| (pod, paper));
        // Nobody has more owners than this; a circle of them would never end.
        for _ in 0..8 {
            let Some(owner) = self.live.owner_of(item) else { break };
            item = owner;
            named = self.paper(&item.id).map(|paper| (item, paper)).or(named);
        }
        let paper = named.map(|(_, paper)| paper);
        let item = named.map_or(item, |(item, _)| item);
        Origin { item, paper, template: template(&item.id) }
    }
    pub fn volumes(&self) -> &[VolumeFacts] {
        let read =
            || self.live.of_kind("", "PersistentVolume").filter_map(|item| VolumeFacts::of(&item.value)).collect();
        self.volumes.get_or_init(read)
    }
    /// The nodes with their labels.
    pub fn nodes(&self) -> &[(&'a Item, Labels)] {
        self.nodes.get_or_init(|| self.live.of_kind("", "Node").map(|node| (node, labels(&node.value))).collect())
    }
    pub fn node_names(&self) -> String {
        self.nodes().iter().map(|(node, _)| node.name()).collect::<Vec<_>>().join(", ")
    }
    /// A pod uses this claim.
    pub fn is_used(&self, claim: &Item) -> bool {
        let pods = || self.live.of_kind("", "Pod").flat_map(|pod| claims_of(pod).map(|name| (pod.namespace(), name)));
        self.used.get_or_init(|| pods().collect()).contains(&(claim.namespace(), claim.name()))
    }
    /// The pods that have this port of their node.
    pub fn holders(&self, port: u64) -> &[(&'a Item, &'a str)] {
        let all = self.ports.get_or_init(|| {
            let mut all: HashMap<u64, Vec<(&'a Item, &'a str)>> = HashMap::new();
            for pod in self.live.of_kind("", "Pod").filter(|pod| fit::is_on_node(pod)) {
                for (port, protocol) in fit::host_ports(pod) {
                    all.entry(port).or_default().push((pod, protocol));
                }
            }
            all
        });
        all.get(&port).map_or(&[], Vec::as_slice)
    }
    /// What the pods of a node ask for together.
    pub fn asked_of(&self, node: &str, resource: &str) -> Quantity {
        let mut asked = self.asked.borrow_mut();
        let by_node = asked.entry(resource.into()).or_insert_with(|| {
            let mut sums: HashMap<&str, Quantity> = HashMap::new();
            for pod in self.live.of_kind("", "Pod").filter(|pod| fit::is_on_node(pod)) {
                let sum = sums
                    .entry(pod.value["spec"]["nodeName"].as_str().unwrap_or_default())
                    .or_insert_with(Quantity::zero);
                *sum = sum.plus(&fit::asked(pod, resource));
            }
            sums
        });
        by_node.get(node).cloned().unwrap_or_else(Quantity::zero)
    }
    /// Judges what many wait for once.
    pub fn once(&self, id: &ObjectId, judge: impl FnOnce() -> Sight) -> Sight {
        if let Some(sight) = self.judged.borrow().get(id) {
            return sight.clone();
        }
        let sight = judge();
        self.judged.borrow_mut().insert(id.clone(), sight.clone());
        sight
    }
    /// The same for what answers behind a Service. None when that is being asked already.
    pub fn behind(&self, id: &ObjectId, judge: impl FnOnce() -> (String, Sight)) -> Option<(String, Sight)> {
        if let Some(found) = self.behind.borrow().get(id) {
            return Some(found.clone());
        }
        let found = self.within(id, judge)?;
        self.behind.borrow_mut().insert(id.clone(), found.clone());
        Some(found)
    }
    /// Climbs from an object, unless it is being climbed from already.
    fn within<T>(&self, id: &ObjectId, climb: impl FnOnce() -> T) -> Option<T> {
        if self.climbing.borrow().contains(id) {
            return None;
        }
        self.climbing.borrow_mut().push(id.clone());
        let found = climb();
        self.climbing.borrow_mut().pop();
        Some(found)
    }
}

fn template(id: &ObjectId) -> Option<&'static [&'static str]> {
    Some(match (id.group(), &*id.kind) {
        ("", "Pod") => &[],
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet")
        | ("batch", "Job")
        | ("", "ReplicationController") => &["spec", "template"],
        ("batch", "CronJob") => &["spec", "jobTemplate", "spec", "template"],
        _ => return None,
    })
}
