//! The least change with which a pod passes a level and still does what it did: what a security context gives, and nothing
//! else. What no such change takes away is named, with the level that the namespace would need.

use super::context::Unconfined;
use super::level::{Level, Policy};
use super::pod::{Container, Part, Pod, Seen, there};
use super::registry::evaluate;
use super::restricted::{MAY_ADD, escalates, keeps_some};
use super::{Violation, baseline, user_of};
use crate::checks::ladder::edit::{Edit, Set};
use crate::checks::ladder::way::Way;
use crate::manifests::{Node, Object, reread};
use serde_json::{Value, json};

#[derive(Clone, Debug, Default)]
pub struct Remedy {
    /// What to set, seen from the template.
    pub sets: Vec<Set>,
    /// Images whose user has to be known and is not.
    pub blank: Vec<String>,
    /// What is left all the same.
    pub stubborn: Vec<Violation>,
}

impl Remedy {
    /// The strictest level below the one that was asked for at which nothing would be left.
    pub fn level_needed(&self, pod: &Pod<'_>, policy: Policy, newest: u64) -> Option<Level> {
        let below = Level::ALL.into_iter().rev().filter(|level| *level < policy.level);
        let mut fits =
            below.filter(|level| remedy(pod, Policy::new(*level, policy.version), newest).stubborn.is_empty());
        if self.stubborn.is_empty() { None } else { fits.next() }
    }
}

pub fn remedy(pod: &Pod<'_>, policy: Policy, newest: u64) -> Remedy {
    let mut remedy = Remedy::default();
    for violation in evaluate(pod, policy, newest) {
        if !mend(pod, &violation, policy.version.minor(newest), &mut remedy) {
            remedy.stubborn.push(violation);
        }
    }
    // Only where somebody has to say that it is not root does the number matter.
    if remedy.sets.iter().any(|set| set.way.to_string().ends_with("runAsNonRoot")) {
        users(pod, &mut remedy);
    }
    remedy
}

fn list_of(part: Part) -> &'static str {
    match part {
        Part::Init => "initContainers",
        Part::Main => "containers",
        Part::Ephemeral => "ephemeralContainers",
    }
}

fn within(container: &Container<'_>, keys: &[&str]) -> Way {
    Way::to(&["spec", list_of(container.part)]).named(container.name).key("securityContext").keys(keys)
}

fn of_pod(keys: &[&str]) -> Way {
    Way::to(&["spec", "securityContext"]).keys(keys)
}

/// False where nothing that may be set takes it away.
fn mend(pod: &Pod<'_>, violation: &Violation, minor: u64, remedy: &mut Remedy) -> bool {
    // The server takes none of these fields from a pod for Windows.
    if pod.windows() {
        return false;
    }
    let mut set = |way: Way, value: Value| remedy.sets.push(Set { way, value });
    match violation.id {
        "allowPrivilegeEscalation" => {
            pod.which(escalates)
                .into_iter()
                .for_each(|container| set(within(container, &["allowPrivilegeEscalation"]), json!(false)));
            true
        }
        "capabilities_restricted" => {
            let every = pod.which(keeps_some).into_iter();
            every.for_each(|container| set(within(container, &["capabilities", "drop"]), json!(["ALL"])));
            baseline::added(pod, MAY_ADD).is_none()
        }
        "runAsNonRoot" => {
            let own = |container: &Container<'_>| container.context_flag("runAsNonRoot");
            let silent = !pod.which(|container| own(container).is_none()).is_empty();
            let pod_says = pod.flag(&["securityContext", "runAsNonRoot"]);
            if pod_says == Some(false) || (pod_says.is_none() && silent) {
                set(of_pod(&["runAsNonRoot"]), json!(true));
            }
            let explicit = pod.which(|container| own(container) == Some(false)).into_iter();
            explicit.for_each(|container| set(within(container, &["runAsNonRoot"]), json!(true)));
            true
        }
        "runAsUser" => root(pod, remedy),
        "seccompProfile_baseline" if minor >= 19 => {
            unconfined(pod, remedy);
            true
        }
        "seccompProfile_restricted" => {
            unconfined(pod, remedy);
            let silent = !pod.which(|container| container.context(&["seccompProfile"]).is_none()).is_empty();
            if silent && there(pod.spec, &["securityContext", "seccompProfile"]).is_none() {
                remedy.sets.push(Set { way: of_pod(&["seccompProfile", "type"]), value: json!("RuntimeDefault") });
            }
            true
        }
        _ => false,
    }
}

/// Profiles that confine nothing become the one of the runtime.
fn unconfined(pod: &Pod<'_>, remedy: &mut Remedy) {
    let found = Unconfined::of(pod);
    let mut set = |way: Way| remedy.sets.push(Set { way, value: json!("RuntimeDefault") });
    if found.pod {
        set(of_pod(&["seccompProfile", "type"]));
    }
    let bad = pod.which(|container| found.containers.contains(&container.name));
    bad.into_iter().for_each(|container| set(within(container, &["seccompProfile", "type"])));
}

fn is_root(node: Option<&Node>) -> bool {
    node.and_then(Node::whole) == Some(0)
}

/// A container that is root by its own word, with an image whose user is known, can be that user.
fn root(pod: &Pod<'_>, remedy: &mut Remedy) -> bool {
    let mut all = !is_root(there(pod.spec, &["securityContext", "runAsUser"]));
    for container in pod.which(|container| is_root(container.context(&["runAsUser"]))) {
        match number(container) {
            Some(number) => {
                remedy.sets.push(Set { way: within(container, &["runAsUser"]), value: json!(number) });
            }
            None => all = false,
        }
    }
    all
}

fn number(container: &Container<'_>) -> Option<i64> {
    user_of(container.node.text_at(&["image"]).unwrap_or_default())
}

/// The user of each container that has none: where the image tells it.
fn users(pod: &Pod<'_>, remedy: &mut Remedy) {
    let of_pod = there(pod.spec, &["securityContext", "runAsUser"]);
    for container in pod.containers.iter().filter(|container| container.part != Part::Ephemeral) {
        let user = container.context(&["runAsUser"]).or(of_pod);
        if user.and_then(Node::whole).is_some_and(|user| user != 0) {
            continue;
        }
        let way = within(container, &["runAsUser"]);
        let image = container.node.text_at(&["image"]).unwrap_or_default();
        match number(container) {
            Some(_) if remedy.sets.iter().any(|set| set.way == way) => {}
            Some(number) => remedy.sets.push(Set { way, value: json!(number) }),
            None if !remedy.blank.iter().any(|other| other == image) => remedy.blank.push(image.to_owned()),
            None => {}
        }
    }
}

/// Values as a tree, for what came from a cluster and not from a file.
pub fn tree(value: &Value) -> Option<Node> {
    reread(&value.to_string())?.into_iter().next()
}

/// Whether the pods of this object pass with these changes.
pub fn passes(template: &[&str], object: &Value, sets: &[Set], policy: Policy, newest: u64) -> bool {
    let mut after = object.clone();
    sets.iter().for_each(|set| set.way.set(&mut after, set.value.clone()));
    let Some(after) = tree(Way::to(template).find(&after)) else { return false };
    Pod::of(&after, Seen::Pod).is_some_and(|pod| evaluate(&pod, policy, newest).is_empty())
}

/// The change of an object with which its pods pass, and what its reader has to know. None where they pass as they are, or
/// where no change helps.
pub fn edit(object: &Object, policy: Policy, newest: u64) -> Option<Edit> {
    let (root, path) = object.pod_template()?;
    let pod = Pod::of(root, Seen::Pod)?;
    let Remedy { sets, blank, stubborn } = remedy(&pod, policy, newest);
    if sets.is_empty() || !stubborn.is_empty() {
        return None;
    }
    let mut edit = Edit::of(&object.id);
    for set in sets {
        edit = edit.set(set.way.under(path), set.value);
    }
    for image in &blank {
        edit = edit.note(blank_note(image));
    }
    passes(path, &object.root.json(), &edit.sets, policy, newest).then_some(edit)
}

/// What stands in a patch in the place of a number that is not known.
pub fn blank_note(image: &str) -> String {
    format!(
        "runAsUser: (to be filled in) the user of image {image} is not known here; where it is root or a name, pods will not \
         start without a number"
    )
}
