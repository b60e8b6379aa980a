//! What objects refer to and no file holds, because a controller is known to make it: told with who makes it, so that nobody
//! looks for it in the files.

use crate::manifests::facts::{gives, wants};
use crate::manifests::kinds::Scopes;
use crate::manifests::{Object, Papers};
use crate::model::{Fact, Made};
use std::collections::{HashMap, HashSet};

/// Each of them once, in the order of those that want them.
pub fn all(papers: &[Papers]) -> Vec<Made> {
    let objects = || papers.iter().flat_map(|papers| papers.objects.iter()).map(|object| -> &Object { object });
    let (mut written, mut makers): (HashSet<Fact>, HashMap<Fact, &Object>) = (HashSet::new(), HashMap::new());
    for object in objects() {
        for given in gives(object) {
            match given.generated {
                true => drop(makers.entry(given.fact).or_insert(object)),
                false => drop(written.insert(given.fact)),
            }
        }
    }
    if makers.is_empty() {
        return Vec::new();
    }
    let scopes = Scopes::of(objects());
    let mut told: HashSet<Fact> = HashSet::new();
    let mut all = Vec::new();
    for object in objects() {
        for want in wants(object, &scopes) {
            let Some(maker) = makers.get(&want.fact).filter(|_| !written.contains(&want.fact)) else { continue };
            // A controller needs no telling of what it makes for itself.
            if maker.id != object.id && told.insert(want.fact.clone()) {
                let (what, by) = (called(&want.fact), maker.id.to_string());
                all.push(Made { what, wanted_by: object.id.to_string(), at: want.at, by, place: maker.place() });
            }
        }
    }
    all
}

/// A fact as people call it: `Secret web/tls`.
fn called(fact: &Fact) -> String {
    let (kind, name) = fact.as_str().split_once('/').unwrap_or_default();
    let kind = match kind {
        "secret" => "Secret",
        "configmap" => "ConfigMap",
        "service" => "Service",
        "namespace" => "Namespace",
        "pvc" => "PersistentVolumeClaim",
        other => other,
    };
    format!("{kind} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests::objects_of;
    use std::sync::Arc;

    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: web}\nspec:\n  containers:\n  - name: a\n    image: a:1\n    envFrom:\n    - secretRef: {name: tls}\n";
    const CERTIFICATE: &str = "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: site, namespace: web}\nspec: {secretName: tls}\n";
    const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: tls, namespace: web}\n";

    fn of(texts: &[&str]) -> Vec<Made> {
        let (objects, wrong) = objects_of(texts.join("---\n").as_bytes(), false, "all.yaml");
        assert!(wrong.is_empty(), "{wrong:?}");
        all(&[Papers { objects: objects.into_iter().map(Arc::new).collect(), ..Papers::default() }])
    }

    #[test]
    fn what_a_controller_makes_is_told_with_it_and_what_a_file_holds_is_not() {
        let found = of(&[POD, CERTIFICATE]);
        let told: Vec<_> =
            found.iter().map(|made| (&*made.what, &*made.wanted_by, &*made.by, made.place.spot.line)).collect();
        assert_eq!(told, [("Secret web/tls", "Pod web/p", "Certificate web/site", 11)]);
        assert_eq!(of(&[POD, CERTIFICATE, SECRET]), []);
        assert_eq!(of(&[POD]), []);
    }
}
