//! Objects of other kinds: ready when they are there, or when their own conditions say so. What they say against it is shown
//! whole, for nobody here knows what it means.

use super::cause::{Cause, Sight, UNKNOWN};
use super::leaving;
use super::scene::Scene;
use super::way::Way;
use crate::checks::live::{Item, moment};

/// The conditions by which kinds say that they are ready, the telling one first.
const READY: &[&str] = &["Ready", "Available", "Established", "Synced", "Healthy", "Accepted", "Succeeded"];

pub fn stand(scene: &Scene<'_>, item: &Item) -> Sight {
    if item.is_deleted() {
        return leaving::stand(scene, item);
    }
    if &*item.id.kind == "Service" && item.value["spec"]["type"] == "LoadBalancer" {
        let ingress = item.value["status"]["loadBalancer"]["ingress"].as_array().is_some_and(|list| !list.is_empty());
        return if ingress {
            Sight::Ready("it has an address".into())
        } else {
            Sight::Waiting("nobody has given it an address".into())
        };
    }
    let Some(state) = READY.iter().find_map(|name| item.condition(name)) else {
        return match item.conditions().next() {
            None => Sight::Ready("it is there".into()),
            Some(_) => Sight::Waiting("none of its conditions says that it is ready".into()),
        };
    };
    let name = state["type"].as_str().unwrap_or_default();
    if state["status"] == "True" {
        return Sight::Ready(name.to_owned());
    }
    let reason = state["reason"].as_str().unwrap_or("no reason given");
    let told = item.conditions().filter_map(|state| state["message"].as_str()).filter(|text| !text.is_empty());
    let message = format!("{} is not {name}: {reason}", item.id);
    let fix =
        format!("kubectl describe {} {}; what it says is shown as it is", item.id.kind.to_lowercase(), item.name());
    let since = moment(&state["lastTransitionTime"]).or(item.created());
    let cause = Cause::new(UNKNOWN, &item.id, message, fix).may_heal(60, since);
    told.fold(cause, |cause, text| cause.raw(text))
        .field_of(scene, &item.id, &Way::to(&["status", "conditions"]))
        .sight()
}
