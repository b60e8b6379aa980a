//! F17, F43, F50: an image that does not come, and whether it ever will.

use super::cause::{Cause, Sight};
use super::container::Container;
use super::missing;
use super::redact;
use super::scene::Scene;
use crate::model::ObjectId;

/// What the registry answered.
enum Answer {
    NoSuchImage,
    OtherPlatform,
    NotAllowed,
    TooOften,
    WrongName,
    Unreachable,
}

fn answer(said: &str) -> Answer {
    let low = said.to_ascii_lowercase();
    let has = |marks: &[&str]| marks.iter().any(|mark| low.contains(mark));
    if has(&[
        "no match for platform",
        "no matching manifest for",
        "exec format error",
        "does not match the specified platform",
    ]) {
        Answer::OtherPlatform
    } else if has(&["toomanyrequests", "rate limit", "429 too many requests"]) {
        Answer::TooOften
    } else if has(&[
        "no such host",
        "i/o timeout",
        "connection refused",
        "deadline exceeded",
        "tls handshake",
        "no route to host",
        "connection reset",
    ]) {
        Answer::Unreachable
    } else if has(&[
        "unauthorized",
        "authentication required",
        "denied",
        "401",
        "403 forbidden",
        "authorization failed",
    ]) {
        Answer::NotAllowed
    } else if has(&["invalid reference format", "invalidimagename", "couldn't parse image"]) {
        Answer::WrongName
    } else if has(&["not found", "manifest unknown", "name unknown"]) {
        Answer::NoSuchImage
    } else {
        Answer::Unreachable
    }
}

pub fn stand<'a>(scene: &Scene<'a>, container: Container<'a>, reason: &str, message: &str) -> Sight {
    let pod = container.pod;
    let image = container.spec()["image"].as_str().or(container.state["image"].as_str()).unwrap_or_default();
    let events = scene.live.events_of(pod);
    let failed: Vec<_> = events
        .iter()
        .filter(|event| {
            event.reason == "Failed" && event.message.contains("Failed to pull image") && event.message.contains(image)
        })
        .collect();
    // A back-off alone does not tell what went wrong; the newest failure does.
    let told = if message.contains("rpc error") || message.contains(": ErrImagePull: ") || failed.is_empty() {
        message
    } else {
        failed.last().map_or(message, |event| event.message)
    };
    let since = failed.first().and_then(|event| event.first).or(pod.created());
    let tries: u64 = failed.iter().map(|event| event.count).sum();
    let long = pod.created().is_some_and(|at| scene.now.since(at).as_secs() >= 30);
    // The kubelet waits ten seconds before its second attempt.
    let second = tries >= 2 || (tries == 0 && long) || (reason == "ImagePullBackOff" && long);
    let says = format!("{} {}: {reason}", container.kind(), container.name());

    if let Some(cause) = credentials(scene, container, told) {
        return cause.raw(redact::shown(scene, pod, told)).seen_from(&pod.id, says).sight();
    }
    let (id, what, fix, never) = match (reason, answer(told)) {
        ("ErrImageNeverPull", _) => (
            "F50",
            "is not on the node, and its pull policy is Never",
            "import it into every node (k3d image import, k3s ctr images import), or use policy IfNotPresent with a registry that has it",
            false,
        ),
        ("InvalidImageName", _) | (_, Answer::WrongName) => ("F17", "is no name of an image", "correct the name", true),
        (_, Answer::OtherPlatform) => (
            "F43",
            "does not come for the architecture of the node",
            "use an image that has it, or send the pod to a node of the image's architecture (nodeSelector kubernetes.io/arch)",
            second,
        ),
        (_, Answer::NoSuchImage) => (
            "F17",
            "is not in its registry",
            "choose a tag that is there; one that was purged or collected does not come back",
            second,
        ),
        (_, Answer::NotAllowed) => (
            "F17",
            "may not be read without credentials, or is not there",
            "give the pod imagePullSecrets that are good for this registry, or choose another image",
            second,
        ),
        (_, Answer::TooOften) => (
            "F17",
            "is not given out now: the registry's limit of pulls is reached",
            "log in to the registry, use a mirror, or wait (the limit is counted over six hours)",
            false,
        ),
        (_, Answer::Unreachable) => (
            "F17",
            "cannot be fetched: its registry does not answer as it should",
            "see whether the node reaches the registry (name, proxy, certificate, mirror); if the registry lives in this cluster, it has to come first",
            false,
        ),
    };
    // The same for all that use the image.
    let object = scene.origin(pod).item.id.clone();
    let cause = Cause::new(id, &object, format!("image {image} {what}"), fix);
    let cause = cause.field_in_pod(scene, pod, &container.way().key("image"));
    let cause = cause.may_heal(60, since).never_heals_if(never);
    cause.raw(redact::shown(scene, pod, told)).seen_from(&pod.id, says).sight()
}

/// The pod names credentials that are not there: then that is the cause.
fn credentials<'a>(scene: &Scene<'a>, container: Container<'a>, told: &str) -> Option<Cause> {
    if !matches!(answer(told), Answer::NotAllowed | Answer::NoSuchImage) {
        return None;
    }
    let pod = container.pod;
    let events = scene.live.events_of(pod);
    let said = events.iter().rev().find(|event| event.reason == "FailedToRetrieveImagePullSecret")?;
    let names = pod.value["spec"]["imagePullSecrets"].as_array()?;
    let name = names.iter().filter_map(|one| one["name"].as_str()).find(|name| said.message.contains(*name))?;
    let id = ObjectId::new("v1", "Secret", Some(pod.namespace()), name);
    let cause = missing::object(scene, "F01", &id, said.first)?;
    Some(cause.raw(said.whole).field_in_pod(scene, pod, &super::way::Way::to(&["spec", "imagePullSecrets"])))
}
