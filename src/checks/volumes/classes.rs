//! The storage classes that will be there: those of the files, and the one that k3s brings.

use super::is_filled_later;
use crate::checks::binder::ClaimFacts;
use crate::checks::rules::Ground;
use crate::manifests::Object;
use crate::model::Fact;
use std::collections::HashMap;
use std::sync::Arc;

const NOBODY: &str = "kubernetes.io/no-provisioner";
/// Today's annotation, and the one before it, which is still read.
const IS_DEFAULT: [&str; 2] =
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];
pub const LOCAL_PATH: &str = "rancher.io/local-path";
const OF_K3S: &str = "local-path";

/// What is known of the class of a claim.
pub enum Class<'c> {
    /// It says so itself; the empty one is a name too.
    Named,
    /// It says nothing, and is given this one.
    Default(&'c str),
    /// It says nothing, and there is no default class.
    None,
    /// It says nothing, and whether there is a default class no file tells.
    Open,
}

pub struct Classes<'o> {
    /// By name, with the provisioner.
    known: HashMap<&'o str, &'o str>,
    /// Classes whose volumes lie where a pattern of names says, and not below the uid of a claim.
    stable: Vec<&'o str>,
    /// Classes whose volumes are chosen, or made, where the first pod goes.
    waiting: Vec<&'o str>,
    default: Option<&'o str>,
    /// Whether there may be a default class that no file shows.
    open: bool,
    elsewhere: &'o dyn Fn(&Fact) -> bool,
}

impl<'o> Classes<'o> {
    pub fn of(ground: &Ground<'o>) -> Self {
        let objects = ground.of_kind("storage.k8s.io", "StorageClass");
        let mut known: HashMap<&str, &str> = HashMap::new();
        // k3s brings it, and a name that everybody knows is as good as a file where the cluster is not known.
        if ground.cluster.as_ref().is_none_or(|cluster| cluster.brings("local-storage")) {
            known.insert(OF_K3S, LOCAL_PATH);
        }
        let provisioner = |object: &Arc<Object>| object.root.text_at(&["provisioner"]).map(str::len);
        let named = objects.iter().filter(|object| provisioner(object).is_some());
        known.extend(named.filter_map(|object| Some((object.name(), object.root.text_at(&["provisioner"])?))));
        let marked = objects.iter().find(|object| {
            IS_DEFAULT.iter().any(|note| object.root.text_at(&["metadata", "annotations", note]) == Some("true"))
        });
        // Of several the one that was made last is taken, and k3s makes its own first.
        let brings = ground.cluster.as_ref().is_some_and(|cluster| cluster.brings("local-storage"));
        let unmarked = objects.iter().any(|object| object.name() == OF_K3S);
        let default = marked.map(|object| object.name()).or((brings && !unmarked).then_some(OF_K3S));
        let stable = objects.iter().filter(|object| object.root.walk(&["parameters", "pathPattern"]).is_some());
        let mode = |object: &&Arc<Object>| object.root.text_at(&["volumeBindingMode"]) == Some("WaitForFirstConsumer");
        let mut waiting: Vec<&str> = objects.iter().copied().filter(mode).map(|object| object.name()).collect();
        if known.contains_key(OF_K3S) && !unmarked {
            waiting.push(OF_K3S);
        }
        Self {
            known,
            waiting,
            stable: stable.map(|object| object.name()).collect(),
            default,
            open: ground.cluster.is_none(),
            elsewhere: ground.elsewhere,
        }
    }

    pub fn of_claim(&self, claim: &ClaimFacts) -> Class<'_> {
        match (&claim.class, self.default) {
            (Some(_), _) => Class::Named,
            (None, Some(default)) => Class::Default(default),
            (None, None) if self.open => Class::Open,
            (None, None) => Class::None,
        }
    }
    /// What makes volumes of this class. None where nobody does, or nobody knows.
    pub fn maker(&self, class: &str) -> Option<&str> {
        self.known.get(class).copied().filter(|maker| *maker != NOBODY)
    }
    pub fn waits(&self, class: &str) -> bool {
        self.waiting.contains(&class)
    }
    pub fn knows(&self, class: &str) -> bool {
        self.known.contains_key(class)
    }
    /// Whether something that no file shows answers for this class, or for its name.
    pub fn is_outside(&self, class: &str) -> bool {
        is_filled_later(class) || Fact::read(&format!("storageclass/{class}")).is_ok_and(|fact| (self.elsewhere)(&fact))
    }
    /// Whether its volumes lie below a folder that is called by the uid of the claim, and so is new each time.
    pub fn forgets(&self, class: &str) -> bool {
        self.maker(class) == Some(LOCAL_PATH) && !self.stable.contains(&class)
    }
    pub fn default(&self) -> Option<&str> {
        self.default
    }
}
