//! F09: an admission webhook that must answer and has nobody behind it. And why its own pods are not up.

use super::cause::{Cause, Sight};
use super::refusal::{after, between};
use super::scene::Scene;
use super::way::Way;
use crate::checks::live::Item;
use crate::checks::selector::{Selector, labels};
use crate::model::{ObjectId, Stamp};

const KINDS: [&str; 2] = ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];

pub fn cause(scene: &Scene<'_>, said: &str, whole: &str, since: Option<Stamp>) -> Sight {
    let name = between(said, "failed calling webhook \"", "\"").unwrap_or_default();
    let has = |item: &&Item| list(item).any(|hook| hook["name"] == name);
    let config = KINDS.into_iter().flat_map(|kind| scene.live.of_kind("admissionregistration.k8s.io", kind)).find(has);
    let hook = config.and_then(|item| list(item).find(|hook| hook["name"] == name));
    let service = &hook.map(|hook| &hook["clientConfig"]["service"]);
    let named = service.and_then(|service| Some((service["namespace"].as_str()?, service["name"].as_str()?)));
    let (space, service) = named.or_else(|| of_url(said)).unwrap_or_default();
    let why = reason(said);
    let id = config
        .map_or_else(|| ObjectId::new("admissionregistration.k8s.io/v1", KINDS[0], None, name), |item| item.id.clone());
    let service_id = ObjectId::new("v1", "Service", Some(space), service);

    let below = scene.behind(&service_id, || backend(scene, &service_id));
    let (behind, below) = match below {
        // The way came back to here: the webhook refuses the very pods that would answer for it.
        None => return own_pods(scene, &id, &service_id, why, whole),
        Some((behind, below)) => (behind, below),
    };
    let (state, chain, never, raws) = match below {
        Sight::Cause(cause) if cause.trouble.id == "F09" && cause.trouble.object == id => return cause.sight(),
        Sight::Cause(cause) => {
            let trouble = cause.trouble;
            (trouble.message, trouble.chain, trouble.heals == super::Heals::Never, trouble.raw)
        }
        Sight::Waiting(why) => (why, Vec::new(), false, Vec::new()),
        Sight::Ready(_) if why.contains("x509") => {
            ("its certificate is not the one that the webhook was told of".to_owned(), Vec::new(), false, Vec::new())
        }
        Sight::Ready(_) => {
            ("its pods are ready, so the network or the port is at fault".to_owned(), Vec::new(), false, Vec::new())
        }
    };
    let message = format!(
        "webhook {name} must answer before anything is let in, and does not ({why}): behind it is {behind}: {state}"
    );
    let fix = format!(
        "bring {behind} up, or except its namespace {space} from the webhook (namespaceSelector), or for this run: kubectl delete {} {}",
        id.kind.to_lowercase(),
        id.name
    );
    let mut cause = Cause::new("F09", &id, message, fix).may_heal(60, since).never_heals_if(never).raw(whole);
    cause = cause.field_of(scene, &id, &Way::to(&["webhooks"]));
    cause.trouble.chain = chain;
    for raw in raws {
        cause = cause.raw(raw);
    }
    cause.seen_from(&id, format!("asks {service_id}")).sight()
}

fn own_pods(scene: &Scene<'_>, id: &ObjectId, service: &ObjectId, why: &str, whole: &str) -> Sight {
    let space = service.namespace.as_deref().unwrap_or_default();
    let message = format!("{id} refuses the pods of its own {service} ({why}): it waits for itself");
    let fix = format!(
        "except namespace {space} from it (namespaceSelector), or delete it until its pods run: kubectl delete {} {}",
        id.kind.to_lowercase(),
        id.name
    );
    let cause = Cause::new("F09", id, message, fix).raw(whole);
    cause.field_of(scene, id, &Way::to(&["webhooks"])).seen_from(id, format!("asks {service}")).sight()
}

fn list(item: &Item) -> impl Iterator<Item = &serde_json::Value> {
    item.value["webhooks"].as_array().into_iter().flatten()
}

/// `Post "https://NAME.NAMESPACE.svc:443/path?timeout=10s": …`
fn of_url(said: &str) -> Option<(&str, &str)> {
    let host = after(said, "\"https://")?.split(['/', ':', '"']).next()?;
    let (name, rest) = host.split_once('.')?;
    Some((rest.split('.').next()?, name))
}

fn reason(said: &str) -> &str {
    let at = said.rfind("\": ").map_or(0, |at| at + 3);
    &said[at..]
}

/// Who should answer, and how that stands.
fn backend(scene: &Scene<'_>, service: &ObjectId) -> (String, Sight) {
    let Some(item) = scene.live.get(service) else {
        return (service.to_string(), Sight::Waiting("it is not there".into()));
    };
    let wants = Selector::of_map(&item.value["spec"]["selector"]);
    let space = item.namespace();
    for kind in ["Deployment", "StatefulSet", "DaemonSet"] {
        let chosen =
            |workload: &&Item| !wants.wants.is_empty() && wants.holds(&labels(&workload.value["spec"]["template"]));
        if let Some(workload) = scene.live.of_kind_in("apps", kind, space).find(chosen) {
            return (workload.id.to_string(), scene.see(workload));
        }
    }
    let mut pods = scene
        .live
        .of_kind_in("", "Pod", space)
        .filter(|pod| !wants.wants.is_empty() && wants.holds(&labels(&pod.value)));
    match pods.next() {
        Some(pod) => (pod.id.to_string(), scene.see(pod)),
        None => (service.to_string(), Sight::Waiting("no pod and no workload has the labels that it selects".into())),
    }
}
