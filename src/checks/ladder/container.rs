//! The containers of a pod, those that come first before the others: what keeps one from running.

use super::cause::{Cause, Sight};
use super::pod::unknown;
use super::scene::Scene;
use super::way::Way;
use super::{crash, image, missing, redact};
use crate::checks::live::{Item, moment};
use crate::checks::pod_security::user_of;
use crate::model::Stamp;
use serde_json::Value;

/// One container: which list of the pod it stands in, and its state.
#[derive(Clone, Copy)]
pub struct Container<'a> {
    pub pod: &'a Item,
    pub list: &'static str,
    pub state: &'a Value,
}

impl<'a> Container<'a> {
    pub fn name(&self) -> &'a str {
        self.state["name"].as_str().unwrap_or_default()
    }
    /// What the pod says about it.
    pub fn spec(&self) -> &'a Value {
        let list = self.pod.value["spec"][self.list].as_array();
        list.and_then(|list| list.iter().find(|one| one["name"] == self.name())).unwrap_or(&Value::Null)
    }
    pub fn way(&self) -> Way {
        Way::to(&["spec", self.list]).named(self.name())
    }
    pub fn kind(&self) -> &'static str {
        if self.list == "initContainers" { "init container" } else { "container" }
    }
    pub fn restarts(&self) -> u64 {
        self.state["restartCount"].as_u64().unwrap_or(0)
    }
    fn waiting(&self) -> Option<(&'a str, &'a str)> {
        let waiting = &self.state["state"]["waiting"];
        Some((waiting["reason"].as_str()?, waiting["message"].as_str().unwrap_or_default()))
    }
    /// How it ended, now or the last time.
    pub fn end(&self) -> Option<&'a Value> {
        ["state", "lastState"].into_iter().map(|which| &self.state[which]["terminated"]).find(|end| end.is_object())
    }
}

pub fn all(pod: &Item) -> Vec<Container<'_>> {
    let of = |list: &'static str, states: &str| {
        let states = pod.value["status"][states].as_array().into_iter().flatten();
        states.map(move |state| Container { pod, list, state }).collect::<Vec<_>>()
    };
    let mut all = of("initContainers", "initContainerStatuses");
    all.extend(of("containers", "containerStatuses"));
    all
}

/// The first container that is kept from running. None where none is, as far as its state tells.
pub fn worst<'a>(scene: &Scene<'a>, pod: &'a Item) -> Option<Sight> {
    let mut found: Option<Sight> = None;
    for container in all(pod) {
        if let Some(sight) = one(scene, container) {
            found = Some(match found {
                Some(other) => other.or_worse(sight),
                None => sight,
            });
        }
    }
    found.filter(|sight| matches!(sight, Sight::Cause(_) | Sight::Waiting(_)))
}

fn one<'a>(scene: &Scene<'a>, container: Container<'a>) -> Option<Sight> {
    let Some((reason, message)) = container.waiting() else {
        return crash::again_and_again(scene, container);
    };
    let since = container.pod.created();
    match reason {
        "ContainerCreating" | "PodInitializing" => None,
        "CrashLoopBackOff" => Some(crash::cause(scene, container, message).sight()),
        "ErrImagePull"
        | "ImagePullBackOff"
        | "ErrImageNeverPull"
        | "InvalidImageName"
        | "ImageInspectError"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => Some(image::stand(scene, container, reason, message)),
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            Some(not_made(scene, container, reason, message, since))
        }
        _ => {
            let said = redact::shown(scene, container.pod, message);
            let what = format!("{} {}: {reason}", container.kind(), container.name());
            Some(unknown(scene, container.pod, &what, &said, since).sight())
        }
    }
}

/// The kubelet could not make the container, or the runtime could not start it.
fn not_made<'a>(
    scene: &Scene<'a>,
    container: Container<'a>,
    reason: &str,
    message: &str,
    since: Option<Stamp>,
) -> Sight {
    let pod = container.pod;
    let said = redact::shown(scene, pod, message);
    let says = format!("{} {}: {reason}", container.kind(), container.name());
    if let Some((kind, name, key)) = missing::told(pod, message) {
        return match missing::reference(scene, pod, (kind, name, key), since) {
            Some(cause) => cause.raw(said).seen_from(&pod.id, says).sight(),
            None => Sight::Waiting(format!("{kind} {name} is there now: the kubelet tries again")),
        };
    }
    if message.contains("container has runAsNonRoot and image") {
        return user(scene, container).raw(said).seen_from(&pod.id, says).sight();
    }
    match crash::told(scene, container, &said) {
        Some(cause) => cause.raw(said).seen_from(&pod.id, says).sight(),
        None => match cannot_start(scene, container, message) {
            Some(cause) => cause.raw(said).seen_from(&pod.id, says).sight(),
            None => unknown(scene, pod, &says, &said, since).sight(),
        },
    }
}

/// F23: the pod must not be root, and nothing but a number can prove that it is not.
fn user<'a>(scene: &Scene<'a>, container: Container<'a>) -> Cause {
    let origin = scene.origin(container.pod);
    let image = container.spec()["image"].as_str().unwrap_or_default();
    let way = container.way().keys(&["securityContext", "runAsUser"]);
    let message = format!(
        "{}: image {image} names its user by a word or runs as root, and the pod may not be root: without runAsUser nothing shows who it is",
        origin.item.id
    );
    let known = user_of(image);
    let fix = match known {
        Some(user) => format!("write the number of the image's user: runAsUser: {user}"),
        None => "write the number of the image's user into runAsUser; the image's own documentation tells it (docker inspect shows its name)".to_owned(),
    };
    let cause = Cause::new("F23", &origin.item.id, message, fix).field_in_pod(scene, container.pod, &way);
    match (known, origin.template) {
        (Some(user), Some(template)) => {
            cause.mended_by(scene, super::edit::Edit::of(&origin.item.id).set(way.under(template), user))
        }
        _ => cause,
    }
}

/// The runtime tried to start the program and could not.
fn cannot_start<'a>(scene: &Scene<'a>, container: Container<'a>, message: &str) -> Option<Cause> {
    let absent = message.contains("executable file not found") || message.contains("no such file or directory");
    if !absent {
        return None;
    }
    let origin = scene.origin(container.pod);
    let image = container.spec()["image"].as_str().unwrap_or_default();
    let text = format!(
        "{}: {} {} cannot be started: image {image} does not have the program that is asked for",
        origin.item.id,
        container.kind(),
        container.name()
    );
    let cause = Cause::new("F53", &origin.item.id, text, "look at command and args, and at what the image holds");
    Some(cause.field_in_pod(scene, container.pod, &container.way().key("command")))
}

/// A pod that ended badly and is not started again: the container that did.
pub fn ended<'a>(scene: &Scene<'a>, pod: &'a Item) -> Option<Sight> {
    let bad = all(pod)
        .into_iter()
        .find(|container| container.state["state"]["terminated"]["exitCode"].as_i64().is_some_and(|code| code != 0))?;
    Some(crash::cause(scene, bad, "").sight())
}

/// When a container ended the last time.
pub fn ended_at(container: Container<'_>) -> Option<Stamp> {
    container.end().and_then(|end| moment(&end["finishedAt"]))
}
