//! The controller of sealed secrets as its manifests show it: which namespace, which version, how it is started.

use crate::manifests::pods::each;
use crate::manifests::{Node, Object, Papers};
use crate::model::{Finding, ObjectId, Severity};
use crate::secrets::key::ACTIVE;
use crate::secrets::store::Held;
use crate::steps::contract::Mishap;
use crate::steps::scene::Scene;
use crate::steps::secrets::certificate;
use crate::sys::kube::Kube;

const IMAGE: &str = "sealed-secrets-controller";
/// Before this a scope could be widened from outside (CVE-2026-22728).
const OLDEST: [u32; 3] = [0, 36, 0];
const RENEWAL: &str = "--key-renew-period";

/// The object that runs it, and its container.
fn find(own: &Papers) -> Option<(&Object, &Node)> {
    own.objects.iter().find_map(|object| {
        let (template, _) = object.pod_template()?;
        let containers = each(template.get("spec")?, "containers");
        let ours = |container: &&Node| container.text_at(&["image"]).is_some_and(|image| image.contains(IMAGE));
        let mut containers = containers;
        Some((&**object, containers.find(ours)?))
    })
}

/// The namespace that it runs in, and looks for its keys in.
pub fn home(own: &Papers) -> &str {
    find(own).map_or("kube-system", |(object, _)| object.namespace().unwrap_or("default"))
}

/// The ServiceAccount that it works as, with its namespace.
pub fn account(own: &Papers) -> Option<(&str, &str)> {
    let (object, _) = find(own)?;
    let spec = object.pod_template()?.0.get("spec")?;
    Some((home(own), spec.text_at(&["serviceAccountName"]).unwrap_or("default")))
}

/// `v0.36.6` or `0.36.6`, out of an image.
fn version(image: &str) -> Option<[u32; 3]> {
    let tag = image.split('@').next()?.rsplit_once(':')?.1;
    let tag = tag.strip_prefix('v').unwrap_or(tag);
    let mut parts = tag.split(['.', '-', '+']).map(|part| part.parse().ok());
    Some([parts.next()??, parts.next()??, parts.next()??])
}

fn has_argument(container: &Node, name: &str, value: &str) -> bool {
    let words: Vec<&str> =
        ["command", "args"].iter().flat_map(|list| each(container, list)).filter_map(Node::text).collect();
    let pairs = words.windows(2).any(|pair| pair[0] == name && pair[1] == value);
    pairs || words.iter().any(|word| word.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) == Some(value))
}

/// What its manifests show to be wrong before there is a cluster.
pub fn findings(own: &Papers, held: &[Held], fresh: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some((object, container)) = find(own) else { return findings };
    let place = |names: &[&str]| object.place_at(container.nearest(names));
    let mut add = |id, severity, place, message: String, fix: &str| {
        let object = object.id.to_string();
        findings.push(Finding { id, severity, place, object, message, fix: fix.to_owned(), patch: None });
    };
    let image = container.text_at(&["image"]).unwrap_or_default();
    if let Some(version) = version(image).filter(|version| *version < OLDEST) {
        let [major, minor, patch] = version;
        let message =
            format!("version {major}.{minor}.{patch} lets who may rotate a secret read others (CVE-2026-22728)");
        add("F02", Severity::Error, place(&["image"]), message, "take 0.36.0 or newer");
    }
    if !fresh && !has_argument(container, RENEWAL, "0") {
        let message = "it makes a key of its own when the one in the store is older than 30 days, and seals for that";
        let place = place(&["args"]);
        add("F02", Severity::Warning, place, message.to_owned(), "start it with --key-renew-period=0");
    }
    if !fresh && !held.iter().any(|key| key.sealing_key.as_deref() == Some(ACTIVE)) {
        let message = match held.len() {
            0 => "the store has no sealing key for it: it would make one, and nothing sealed before would open",
            _ => "no sealing key of the store is labelled active, so it loads none of them",
        };
        let fix =
            "blackstart secrets import --from-cluster, while there is one; or blackstart secrets init --sealing-key";
        add("F02", Severity::Error, object.place(), message.to_owned(), fix);
    }
    for key in held.iter().filter(|key| *key.namespace != *home(own)) {
        let message = format!(
            "it looks for its keys in {}, and sealing key {} of the store is for {}",
            home(own),
            key.name,
            key.namespace
        );
        add(
            "F02",
            Severity::Error,
            object.place(),
            message,
            "put the key of the store into the controller's namespace",
        );
    }
    findings
}

/// Ends the pods of a controller that began before its newest key was there, or all that run: it reads its keys when it starts.
pub async fn restart(scene: &Scene<'_>, kube: &Kube, own: &Papers, all: bool) -> Result<(), Mishap> {
    let Some((object, _)) = find(own) else { return Ok(()) };
    let keys = certificate::active(kube).await.map_err(|trouble| Mishap::failed(trouble, true))?;
    let newest = keys.iter().filter_map(|key| key.creation_timestamp.as_deref()).max();
    let namespace = object.namespace().unwrap_or("default");
    let labels = object.root.walk(&["spec", "selector", "matchLabels"]).map_or(&[][..], Node::fields);
    let pods = kube.list("v1", "Pod", Some(namespace)).await.map_err(|trouble| Mishap::failed(trouble, true))?;
    let is_its = |pod: &serde_json::Value| {
        let has = |name: &str, text: Option<&str>| pod["metadata"]["labels"][name].as_str() == text;
        !labels.is_empty() && labels.iter().all(|label| has(&label.name, label.node.text()))
    };
    // Pods that have not begun yet will read what is there now.
    let begun = |pod: &serde_json::Value| pod["status"]["phase"] == "Running";
    // Both in whole seconds and the same form. Of one that began in the very second of the key, the key came first.
    let late = |pod: &serde_json::Value| pod["status"]["startTime"].as_str() < newest;
    for pod in pods.iter().filter(|pod| is_its(pod) && begun(pod) && (all || late(pod))) {
        let name = pod["metadata"]["name"].as_str().unwrap_or_default();
        let id = ObjectId::new("v1", "Pod", Some(namespace), name);
        kube.delete(scene.touch, &id).await.map_err(|trouble| Mishap::failed(format!("{id}: {trouble}"), true))?;
        (scene.say)(format!("{id} is started anew, to read the key"));
    }
    Ok(())
}
