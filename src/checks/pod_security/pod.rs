//! A pod as the admission plugin sees it: its containers in the plugin's order, and what the server fills in before.

use crate::manifests::pods::each;
use crate::manifests::{Field, Node, Value};
use crate::model::Spot;

/// At which point the plugin looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A pod on its way in: the server has filled in ports of the host, and made AppArmor annotations into fields.
    Pod,
    /// The template of an object that makes pods, as it was written. Of it the plugin only warns.
    Template,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Init,
    Main,
    Ephemeral,
}

#[derive(Clone, Copy, Debug)]
pub struct Container<'n> {
    pub name: &'n str,
    pub part: Part,
    /// Its place in its list.
    pub index: usize,
    pub node: &'n Node,
}

#[derive(Clone, Debug)]
pub struct Pod<'n> {
    pub seen: Seen,
    pub spec: &'n Node,
    /// Where it begins when its spec has nothing nearer.
    pub at: Spot,
    pub annotations: Vec<(&'n Field, &'n str)>,
    pub containers: Vec<Container<'n>>,
}

/// The value behind these names, where it is more than null.
pub fn there<'n>(node: &'n Node, names: &[&str]) -> Option<&'n Node> {
    node.walk(names).filter(|node| node.value != Value::Nothing)
}

impl<'n> Pod<'n> {
    /// Of a pod, or of the template of one. None where it has no spec.
    pub fn of(root: &'n Node, seen: Seen) -> Option<Self> {
        let spec = root.field("spec").filter(|field| field.node.value != Value::Nothing)?;
        Some(Self::new(root.get("metadata"), &spec.node, spec.at, seen))
    }

    pub fn new(metadata: Option<&'n Node>, spec: &'n Node, at: Spot, seen: Seen) -> Self {
        let annotations = metadata.and_then(|metadata| metadata.get("annotations")).map_or(&[][..], Node::fields);
        let annotations = annotations.iter().map(|field| (field, field.node.text().unwrap_or_default())).collect();
        let lists =
            [("initContainers", Part::Init), ("containers", Part::Main), ("ephemeralContainers", Part::Ephemeral)];
        let containers = lists.into_iter().flat_map(|(list, part)| {
            each(spec, list).enumerate().map(move |(index, node)| Container {
                name: node.text_at(&["name"]).unwrap_or_default(),
                part,
                index,
                node,
            })
        });
        Self { seen, spec, at, annotations, containers: containers.collect() }
    }

    pub fn flag(&self, names: &[&str]) -> Option<bool> {
        self.spec.walk(names)?.flag()
    }
    pub fn windows(&self) -> bool {
        self.spec.text_at(&["os", "name"]) == Some("windows")
    }
    /// Whether its users are not those of the node.
    pub fn users_of_its_own(&self) -> bool {
        self.flag(&["hostUsers"]) == Some(false)
    }
    pub fn annotation(&self, name: &str) -> Option<(Spot, &'n str)> {
        self.annotations.iter().find(|(field, _)| &*field.name == name).map(|(field, value)| (field.at, *value))
    }
    /// Where this field of the spec stands, or should stand.
    pub fn place(&self, names: &[&str]) -> Spot {
        if self.spec.field(names.first().copied().unwrap_or_default()).is_none() {
            self.at
        } else {
            self.spec.nearest(names)
        }
    }
    /// The containers for which this holds.
    pub fn which(&self, wrong: impl Fn(&Container<'n>) -> bool) -> Vec<&Container<'n>> {
        self.containers.iter().filter(|container| wrong(container)).collect()
    }
    /// The ports of the host that a container takes. The server gives a pod in the network of the host those of its containers.
    pub fn host_ports(&self, container: &Container<'n>) -> Vec<(Spot, i64)> {
        let fills =
            self.seen == Seen::Pod && container.part != Part::Ephemeral && self.flag(&["hostNetwork"]) == Some(true);
        let ports = each(container.node, "ports").map(|port| {
            let own = port.get("hostPort").and_then(Node::whole).filter(|number| *number != 0);
            let number = match own {
                None if fills => port.get("containerPort").and_then(Node::whole).unwrap_or(0),
                own => own.unwrap_or(0),
            };
            (port.nearest(&["hostPort"]), number)
        });
        ports.filter(|(_, number)| *number != 0).collect()
    }
}

impl<'n> Container<'n> {
    /// The value behind these names within its security context, where it is more than null.
    pub fn context(&self, names: &[&str]) -> Option<&'n Node> {
        there(there(self.node, &["securityContext"])?, names)
    }
    pub fn context_flag(&self, name: &str) -> Option<bool> {
        self.context(&[name])?.flag()
    }
    /// Where this field of its security context stands, or should stand.
    pub fn place(&self, names: &[&str]) -> Spot {
        let all: Vec<&str> = std::iter::once("securityContext").chain(names.iter().copied()).collect();
        self.node.nearest(&all)
    }
    pub fn texts(&self, names: &[&str]) -> impl Iterator<Item = &'n Node> + use<'n> {
        self.context(names).map_or(&[][..], Node::items).iter()
    }
}

/// Names of containers, in their order.
pub fn names<'n>(containers: &[&Container<'n>]) -> Vec<&'n str> {
    containers.iter().map(|container| container.name).collect()
}
