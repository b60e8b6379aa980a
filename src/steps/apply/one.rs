//! One object: from what is there to what its file says. It has not heard of sets.

use super::body::Item;
use super::told::Hitch;
use super::{owners, proof, ready};
use crate::sys::Touch;
use crate::sys::kube::{Force, Kube, Trouble, Unmet};
use crate::sys::pace::Pace;
use serde_json::Value;
use std::time::Duration;

/// What it came to, with the object as it is now.
pub enum Did {
    Created(Value),
    Changed(Value),
    Unchanged,
    /// Somebody else keeps it.
    LeftTo(String),
}

/// How long to wait for what a controller makes a moment after a namespace.
const MOMENT: Duration = Duration::from_millis(200);

pub async fn apply(
    kube: &Kube,
    touch: &Touch,
    item: &Item,
    live: Option<&Value>,
    pace: &Pace,
    say: &dyn Fn(&str),
) -> Result<Did, Hitch> {
    let hitch = |trouble: Trouble| Hitch::of_item(item, &trouble);
    let mut live = live.cloned();
    if let Some(old) = live.as_ref().filter(|live| !live["metadata"]["deletionTimestamp"].is_null()) {
        say(&format!("{}: {}; waiting for its end", item.id, ready::leaving(old)));
        live = match kube.until(&item.id, pace, say, ready::gone).await {
            Ok(live) => live,
            Err(Unmet::Trouble(trouble)) => return Err(hitch(trouble)),
            Err(unmet @ (Unmet::Never(_) | Unmet::Over { .. })) => {
                return Err(Hitch::new(&item.id, item.object.place(), unmet.to_string()));
            }
        };
    }
    if let Some(live) = &live {
        if let Some(keeper) = owners::keeper(live, &item.body) {
            return Ok(Did::LeftTo(keeper));
        }
        if proof::holds(&item.body, live) {
            return Ok(Did::Unchanged);
        }
    }
    let after = match send(kube, touch, item, Force::No, pace, say).await {
        Ok(after) => after,
        Err(Trouble::Conflict(owners)) => {
            if let Some(owner) = owners.iter().find(|owner| owners::is_gitops(&owner.manager)) {
                return Ok(Did::LeftTo(owner.manager.clone()));
            }
            // Others wrote there by hand or as part of their work; the file is what a recovery goes by.
            send(kube, touch, item, Force::Yes, pace, say).await.map_err(hitch)?
        }
        Err(trouble) => return Err(hitch(trouble)),
    };
    Ok(match live {
        None => Did::Created(after),
        Some(before) if version(&before) == version(&after) => Did::Unchanged,
        Some(_) => Did::Changed(after),
    })
}

fn version(object: &Value) -> &Value {
    &object["metadata"]["resourceVersion"]
}

/// An apply may be repeated: whether an answer was lost makes no difference to what is there in the end.
async fn send(
    kube: &Kube,
    touch: &Touch,
    item: &Item,
    force: Force,
    pace: &Pace,
    say: &dyn Fn(&str),
) -> Result<Value, Trouble> {
    loop {
        match kube.patiently(pace, say, async |kube| kube.apply(touch, &item.body, force).await).await {
            Err(trouble) if comes_by_itself(&trouble) => match pace.pause(MOMENT).await {
                Ok(()) => {}
                Err(why) => return Err(Trouble::BrokenOff(why, Some(Box::new(trouble)))),
            },
            answer => return answer,
        }
    }
}

/// The account under which pods run is made by a controller in each new namespace; before that, pods are refused.
fn comes_by_itself(trouble: &Trouble) -> bool {
    trouble
        .refusal()
        .is_some_and(|refusal| refusal.code == 403 && refusal.message.contains("serviceaccount \"default\" not found"))
}
