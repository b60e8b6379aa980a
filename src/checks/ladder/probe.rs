//! F94: a container that runs, and whose probe says that it does not.

use super::cause::{Cause, Sight};
use super::container::{self, Container, ended_at};
use super::redact;
use super::scene::Scene;
use crate::checks::live::{Event, Item};

const KINDS: [(&str, &str); 3] =
    [("Startup", "startupProbe"), ("Readiness", "readinessProbe"), ("Liveness", "livenessProbe")];

fn is_of(event: &Event<'_>, container: &Container<'_>) -> bool {
    event.part.is_none_or(|part| part.contains(&format!("{{{}}}", container.name())))
}

fn cause<'a>(scene: &Scene<'a>, container: Container<'a>, event: &Event<'_>) -> Option<Cause> {
    let (kind, field) = KINDS.into_iter().find(|(kind, _)| event.message.starts_with(&format!("{kind} probe ")))?;
    let origin = scene.origin(container.pod);
    let message = format!(
        "{}: {} {} runs, and its {} probe fails",
        origin.item.id,
        container.kind(),
        container.name(),
        kind.to_lowercase()
    );
    let probe = &container.spec()[field];
    let allowed = probe["initialDelaySeconds"].as_u64().unwrap_or(0)
        + probe["periodSeconds"].as_u64().unwrap_or(10) * probe["failureThreshold"].as_u64().unwrap_or(3);
    let fix = format!(
        "see what the probe asks (path, port, command) and what the program says; a slow start needs a startupProbe (this probe allows {allowed} s)"
    );
    let cause = Cause::new("F94", &origin.item.id, message, fix).raw(redact::shown(scene, container.pod, event.whole));
    let cause = cause.field_in_pod(scene, container.pod, &container.way().key(field));
    // At least as long as the probe itself is ready to wait, from the first failure on.
    Some(cause.may_heal(allowed.max(60), event.first))
}

/// Runs, is not ready, and a probe of it failed after it was started.
pub fn stand<'a>(scene: &Scene<'a>, pod: &'a Item) -> Option<Sight> {
    let events = scene.live.events_of(pod);
    let waits = container::all(pod)
        .into_iter()
        .filter(|one| one.state["state"]["running"].is_object() && one.state["ready"] != true);
    let mut found = waits.filter_map(|container| {
        let started = crate::checks::live::moment(&container.state["state"]["running"]["startedAt"]);
        let event = events
            .iter()
            .rev()
            .find(|event| event.reason == "Unhealthy" && event.last >= started && is_of(event, &container))?;
        Some(cause(scene, container, event)?.seen_from(&pod.id, "it runs and is not ready"))
    });
    found.next().map(Cause::sight)
}

/// The kubelet ended the container because its probe failed.
pub fn killed<'a>(scene: &Scene<'a>, container: Container<'a>) -> Option<Cause> {
    let events = scene.live.events_of(container.pod);
    let name = container.name();
    let killing = events.iter().rev().find(|event| {
        event.reason == "Killing"
            && event.message.contains(&format!("ontainer {name} failed "))
            && event.message.contains("probe")
    })?;
    // A restart that came long after was another one.
    let ended = ended_at(container)?;
    if killing.last.is_some_and(|at| ended.since(at).as_secs() > 120) {
        return None;
    }
    let kind = KINDS
        .into_iter()
        .find(|(kind, _)| killing.message.contains(&format!("failed {} probe", kind.to_lowercase())))?
        .0;
    let event = events
        .iter()
        .rev()
        .find(|event| event.reason == "Unhealthy" && event.message.starts_with(kind) && is_of(event, &container))?;
    Some(cause(scene, container, event)?.raw(killing.whole))
}
