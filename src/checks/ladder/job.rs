//! Job and CronJob: whether they came to their end, and why not.

use super::cause::{Cause, Sight};
use super::edit::Edit;
use super::scene::Scene;
use super::way::Way;
use super::workload::{count, pods_of};
use super::{pod, refusal};
use crate::checks::live::Item;
use crate::model::ObjectId;
use serde_json::Value;

pub fn job<'a>(scene: &Scene<'a>, item: &'a Item) -> Sight {
    if item.is("Complete", "True") {
        return match ends_soon(&item.value) {
            Some(seconds) => Sight::Waiting(format!("complete; to be cleared away {seconds} s after its end")),
            None => Sight::Ready("complete".into()),
        };
    }
    let failed = ["Failed", "FailureTarget"].into_iter().find(|name| item.is(name, "True"));
    if let Some(condition) = failed.and_then(|name| item.condition(name)) {
        let reason = condition["reason"].as_str().unwrap_or_default();
        let said = condition["message"].as_str().unwrap_or_default();
        return gave_up(scene, item, reason, said);
    }
    if item.value["spec"]["suspend"] == true {
        return Sight::Waiting("it is suspended".into());
    }
    let pods: Vec<&Item> = scene.live.owned_by(item, "Pod").filter(|pod| !pod.is_deleted()).collect();
    let done = count(&item.value["status"]["succeeded"]);
    let why = format!("{done} of {} ended well", item.value["spec"]["completions"].as_u64().unwrap_or(1));
    if pods.is_empty() {
        let events = scene.live.events_of(item);
        if let Some(event) =
            events.iter().rev().find(|event| event.reason.contains("Create")).filter(|event| event.warning)
        {
            let sight = refusal::while_making(scene, item, event.message, event.whole, event.first.or(item.created()));
            return sight.from(&item.id, "no pod was created");
        }
        return Sight::Waiting("no pod was made yet".into());
    }
    match pods_of(scene, item, &pods) {
        Sight::Ready(_) => Sight::Waiting(why),
        Sight::Waiting(more) => Sight::Waiting(format!("{why}: {more}")),
        cause @ Sight::Cause(_) => cause.from(&item.id, why),
    }
}

/// So near its end a finished Job is waited for until it is gone: whether it goes is part of whether it ended.
const SOON: u64 = 60;

/// How long after its end it is cleared away, where that is soon and somebody else has to let it go.
fn ends_soon(job: &Value) -> Option<u64> {
    let held = job["metadata"]["finalizers"].as_array().is_some_and(|finalizers| !finalizers.is_empty());
    job["spec"]["ttlSecondsAfterFinished"].as_u64().filter(|seconds| held && *seconds <= SOON)
}

/// A Job that is no more: one that said that it was complete and may be cleared away has done what it was for.
pub fn gone(scene: &Scene<'_>, id: &ObjectId) -> Option<String> {
    let said = scene.live.events_about(id);
    let ended = said.last().filter(|event| event.reason == "Completed" && !event.warning)?;
    Some(format!("complete, and cleared away ({})", ended.message))
}

/// The Job tries no more. Why its last pod ended badly is the cause, where that can still be seen.
fn gave_up<'a>(scene: &Scene<'a>, item: &'a Item, reason: &str, said: &str) -> Sight {
    let says = format!("it gave up: {reason}");
    let pods = scene.live.owned_by(item, "Pod");
    let last = pods
        .filter(|pod| !pod.is_deleted())
        .max_by_key(|pod| (pod.value["status"]["phase"] == "Failed", pod.created()));
    if let Some(Sight::Cause(mut cause)) = last.map(|last| pod::stand(scene, last)) {
        // Whatever the pod waits for: nobody starts it again.
        cause.trouble.heals = super::Heals::Never;
        cause.trouble.fix.push_str(&again(item));
        return cause.raw(said).seen_from(&item.id, says).sight();
    }
    let field = match reason {
        "DeadlineExceeded" => Way::to(&["spec", "activeDeadlineSeconds"]),
        _ => Way::to(&["spec", "backoffLimit"]),
    };
    let message = format!("{} gave up ({reason}), and no pod is left that tells why", item.id);
    let fix = format!("look at its logs where they are kept{}", again(item));
    Cause::new("F91", &item.id, message, fix).field_of(scene, &item.id, &field).raw(said).sight()
}

fn again(item: &Item) -> String {
    format!(
        ". A Job that gave up does not start again: kubectl delete job {} -n {}, then apply it anew",
        item.name(),
        item.namespace()
    )
}

/// It is ready when it would start what it is for: it may not have been time yet.
pub fn cron_job<'a>(scene: &Scene<'a>, item: &'a Item) -> Sight {
    if item.value["spec"]["suspend"] == true {
        let way = Way::to(&["spec", "suspend"]);
        let meant = scene.paper(&item.id).is_none_or(|paper| {
            paper.root.walk(&["spec", "suspend"]).and_then(crate::manifests::Node::flag) == Some(true)
        });
        if meant {
            return Sight::Ready("suspended: it starts nothing".into());
        }
        let message = format!("{} is suspended, and its file does not say so", item.id);
        let edit = Edit::of(&item.id).set(way.clone(), false);
        let cause = Cause::new("F92", &item.id, message, "let it go on: set spec.suspend to false");
        return cause.field_of(scene, &item.id, &way).mended_by(scene, edit).sight();
    }
    let last = scene.live.owned_by(item, "Job").max_by_key(|job| (job.created(), job.name()));
    match last.map(|last| job(scene, last)) {
        Some(cause @ Sight::Cause(_)) => cause.from(&item.id, "its last Job does not end"),
        Some(Sight::Ready(_)) => Sight::Ready("its last Job is complete".into()),
        Some(Sight::Waiting(_)) => Sight::Ready("a Job of it is at work".into()),
        None => Sight::Ready("not due yet".into()),
    }
}
