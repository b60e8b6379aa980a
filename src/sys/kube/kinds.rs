//! The kinds that a server knows, asked for once and again when one is missing: a definition may have come since.

use super::ask::{Ask, encoded};
use super::{Kube, Trouble};
use crate::model::ObjectId;
use kube::client::APIGroupDiscoveryList;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// All kinds of all groups, in one answer each for the core and for the rest.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
/// A kind that is missing is not asked for again sooner.
const FRESH: Duration = Duration::from_millis(250);

/// How objects of a kind are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// As it stands in a path: `deployments`.
    pub plural: String,
    pub namespaced: bool,
    pub verbs: Vec<String>,
}

/// Everything that a server serves.
#[derive(Debug, Default)]
pub struct Kinds {
    by_name: HashMap<String, HashMap<String, Resource>>,
    /// Versions of the API whose list of kinds the server itself could not refresh: their own server does not answer.
    pub stale: Vec<String>,
}

impl Kinds {
    pub fn find(&self, api_version: &str, kind: &str) -> Option<&Resource> {
        self.by_name.get(api_version)?.get(kind)
    }
    /// Every kind whose objects can be listed, each in the version that its server takes for the best.
    pub fn listable(&self) -> Vec<(String, String)> {
        let mut best: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for (api_version, kinds) in &self.by_name {
            let group = api_version.split_once('/').map_or("", |(group, _)| group);
            let lists = |resource: &Resource| resource.verbs.iter().any(|verb| verb == "list");
            for (kind, _) in kinds.iter().filter(|(_, resource)| lists(resource)) {
                let now = best.entry((group, kind)).or_insert(api_version);
                if rank(api_version) > rank(now) {
                    *now = api_version;
                }
            }
        }
        best.into_iter().map(|((_, kind), api_version)| (api_version.to_owned(), kind.to_owned())).collect()
    }
    fn add(&mut self, list: APIGroupDiscoveryList) {
        for group in list.items {
            let name = group.metadata.and_then(|about| about.name).unwrap_or_default();
            for version in group.versions {
                let number = version.version.unwrap_or_default();
                let api_version = if name.is_empty() { number } else { format!("{name}/{number}") };
                if version.freshness.as_deref() == Some("Stale") {
                    self.stale.push(api_version.clone());
                }
                let kinds = self.by_name.entry(api_version).or_default();
                for resource in version.resources {
                    let kind = resource.response_kind.and_then(|kind| kind.kind).unwrap_or_default();
                    // Some kinds are the answer of several resources; those that can be listed are the objects.
                    let new = Resource {
                        plural: resource.resource.unwrap_or_default(),
                        namespaced: resource.scope.as_deref() == Some("Namespaced"),
                        verbs: resource.verbs,
                    };
                    let lists = |resource: &Resource| resource.verbs.iter().any(|verb| verb == "list");
                    if kinds.get(&kind).is_none_or(|old| !lists(old) && lists(&new)) {
                        kinds.insert(kind, new);
                    }
                }
            }
        }
    }
}

/// The order of versions as Kubernetes has it: v2 before v1, and those before v1beta1 and v1alpha1.
fn rank(api_version: &str) -> (u8, u32, u32) {
    let version = api_version.rsplit('/').next().unwrap_or_default().trim_start_matches('v');
    let number = |text: &str| text.parse().unwrap_or(0);
    match (version.split_once("beta"), version.split_once("alpha")) {
        (Some((major, minor)), _) => (1, number(major), number(minor)),
        (None, Some((major, minor))) => (0, number(major), number(minor)),
        (None, None) => (2, number(version), 0),
    }
}

/// What was asked last, and when.
#[derive(Default)]
pub struct Known(Mutex<Option<(Arc<Kinds>, Instant)>>);

impl Known {
    fn get(&self) -> Option<(Arc<Kinds>, Instant)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    fn set(&self, kinds: &Arc<Kinds>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((kinds.clone(), Instant::now()));
    }
}

impl Kube {
    /// The kinds as they were when they were asked for first, or refreshed.
    pub async fn kinds(&self) -> Result<Arc<Kinds>, Trouble> {
        match self.shared.known.get() {
            Some((kinds, _)) => Ok(kinds),
            None => self.fresh_kinds().await,
        }
    }

    /// Asks for the kinds anew.
    pub async fn fresh_kinds(&self) -> Result<Arc<Kinds>, Trouble> {
        let mut kinds = Kinds::default();
        for path in ["/api", "/apis"] {
            kinds.add(self.json(&Ask { accept: AGGREGATED, ..Ask::get(path.to_owned()) }).await?);
        }
        let kinds = Arc::new(kinds);
        self.shared.known.set(&kinds);
        Ok(kinds)
    }

    /// How this kind is asked for. One that is not known is looked for again before it is said to be missing.
    pub async fn resource(&self, api_version: &str, kind: &str) -> Result<Resource, Trouble> {
        if let Some(found) = self.kinds().await?.find(api_version, kind) {
            return Ok(found.clone());
        }
        let old = self.shared.known.get().is_none_or(|(_, at)| at.elapsed() >= FRESH);
        let kinds = if old { self.fresh_kinds().await? } else { self.kinds().await? };
        let missing = || Trouble::NoSuchKind { api_version: api_version.to_owned(), kind: kind.to_owned() };
        kinds.find(api_version, kind).cloned().ok_or_else(missing)
    }

    /// The path of this object.
    pub(super) async fn path(&self, id: &ObjectId) -> Result<String, Trouble> {
        if matches!(&*id.name, "" | "." | "..") || id.name.contains('/') {
            return Err(Trouble::NoName(format!("{} {:?}: this is no name that can be asked for", id.kind, id.name)));
        }
        let collection = self.collection(&id.api_version, &id.kind, Some(id.namespace.as_deref())).await?;
        Ok(format!("{collection}/{}", encoded(&id.name)))
    }

    /// The path of the objects of a kind: of all namespaces, or of this one; none is the one called `default`.
    pub(super) async fn collection(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<Option<&str>>,
    ) -> Result<String, Trouble> {
        let resource = self.resource(api_version, kind).await?;
        let root = if api_version.contains('/') { "apis" } else { "api" };
        let inner = match namespace {
            Some(namespace) if resource.namespaced => {
                format!("namespaces/{}/", encoded(namespace.unwrap_or("default")))
            }
            Some(_) | None => String::new(),
        };
        Ok(format!("/{root}/{api_version}/{inner}{}", resource.plural))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_versions_the_best_is_taken() {
        let order = ["x/v1alpha1", "x/v1alpha2", "x/v1beta1", "x/v2beta1", "v1", "x/v2"];
        assert!(order.windows(2).all(|pair| rank(pair[0]) < rank(pair[1])));
        let mut kinds = Kinds::default();
        let resource = |verb: &str| Resource { plural: "lamps".into(), namespaced: true, verbs: vec![verb.into()] };
        for (version, kind, verb) in
            [("x/v1beta1", "Lamp", "list"), ("x/v1", "Lamp", "list"), ("v1", "Binding", "create")]
        {
            kinds.by_name.entry(version.into()).or_default().insert(kind.into(), resource(verb));
        }
        assert_eq!(kinds.listable(), [("x/v1".to_owned(), "Lamp".to_owned())]);
    }
}
