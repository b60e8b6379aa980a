//! A set of objects from files onto a cluster, in an order that it can take, and the question whether they are there as
//! the files say. Plain functions: which step asks for it is not known here.

mod body;
mod compare;
mod differ;
mod live;
mod one;
pub mod owners;
mod place;
pub mod proof;
mod rank;
mod ready;
mod told;

pub use body::body;
pub use compare::compare;
pub use told::{Applied, Compared, Hitch, Left};

use crate::manifests::{Object, Papers};
use crate::model::ObjectId;
use crate::sys::Touch;
use crate::sys::kube::{Kube, Trouble, Unmet, Verdict, many};
use crate::sys::pace::Pace;
use body::Item;
use live::Live;
use one::Did;
use rank::{RANKS, Rank};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Applies all objects. Everything is tried that does not rest on what failed; the end says what came of each.
pub async fn apply(kube: &Kube, touch: &Touch, papers: &Papers, pace: &Pace, say: &dyn Fn(&str)) -> Applied {
    let (heard, mut end) = (RefCell::new(HashSet::new()), Applied::default());
    // Many objects meet the same outage; it is one piece of news.
    let once = |text: &str| {
        if heard.borrow_mut().insert(text.to_owned()) {
            say(text);
        }
    };
    let mut seen = HashMap::new();
    for rank in RANKS {
        let objects: Vec<_> = papers.objects.iter().filter(|object| rank::of(&object.id) == rank).collect();
        // Those that are waited for in vain take all the time there is, and the rest has none.
        let over = pace.pause(Duration::from_millis(1)).await.is_err();
        let held_back = over || rank == Rank::Gates && !end.hitches.is_empty();
        if held_back || end.hitches.iter().any(|hitch| rank::of(&hitch.id) <= Rank::Namespaces) {
            end.not_tried += objects.len();
            continue;
        }
        let (items, hitches) = items(kube, &objects, &mut seen, pace, &once).await;
        end.hitches.extend(hitches);
        one_rank(kube, touch, &items, pace, &once, &mut end).await;
    }
    end
}

/// The objects as they go to the server; one that is there twice goes once, and the other is a fault.
async fn items(
    kube: &Kube,
    objects: &[&Arc<Object>],
    seen: &mut HashMap<ObjectId, String>,
    pace: &Pace,
    say: &dyn Fn(&str),
) -> (Vec<Item>, Vec<Hitch>) {
    let (mut items, mut hitches) = (Vec::new(), Vec::new());
    for object in objects {
        let place = object.place();
        match kube.patiently(pace, say, async |kube| Item::of(kube, object).await).await {
            Err(trouble) => hitches.push(Hitch::of(object, &object.id, &trouble)),
            Ok(item) => match seen.insert(item.id.clone(), place.to_string()) {
                Some(first) => hitches.push(Hitch::new(&item.id, place, format!("it stands at {first} too"))),
                None => items.push(item),
            },
        }
    }
    (items, hitches)
}

async fn one_rank(kube: &Kube, touch: &Touch, items: &[Item], pace: &Pace, say: &dyn Fn(&str), end: &mut Applied) {
    let all: Vec<&Item> = items.iter().collect();
    let live = match live::read(kube, &all, pace, say).await {
        Ok(live) => live,
        Err(trouble) => return end.hitches.extend(items.iter().map(|item| Hitch::of_item(item, &trouble))),
    };
    let done = Cell::new(0);
    let each = many(items, async |item| {
        let did = one::apply(kube, touch, item, live.get(&item.id), pace, say).await;
        done.set(done.get() + 1);
        if done.get() % 250 == 0 {
            say(&format!("{} of {} applied", done.get(), items.len()));
        }
        let stands = match &did {
            Ok(did) => stands(kube, item, did, &live, pace, say).await,
            Err(_) => Ok(()),
        };
        (did, stands)
    })
    .await;
    for (item, (did, stands)) in items.iter().zip(each) {
        match did {
            Ok(Did::Created(_)) => end.created += 1,
            Ok(Did::Changed(_)) => end.changed += 1,
            Ok(Did::Unchanged) => end.unchanged += 1,
            Ok(Did::LeftTo(keeper)) => end.left_to.push(Left { id: item.id.clone(), keeper }),
            Err(hitch) => end.hitches.push(hitch),
        }
        end.hitches.extend(stands.err());
    }
    if let Err(hitch) = served(kube, items, pace, say).await {
        end.hitches.push(hitch);
    }
}

/// Waits until what others rest on can bear them.
async fn stands(
    kube: &Kube,
    item: &Item,
    did: &Did,
    live: &Live,
    pace: &Pace,
    say: &dyn Fn(&str),
) -> Result<(), Hitch> {
    let now = match did {
        Did::Created(now) | Did::Changed(now) => Some(now),
        Did::Unchanged | Did::LeftTo(_) => live.get(&item.id),
    };
    if now.is_some_and(|now| ready::stands(now) == Verdict::Met) {
        return Ok(());
    }
    let absent = || Verdict::NotYet("it is not there".to_owned());
    let asked = kube.until(&item.id, pace, say, |object| object.map_or_else(absent, ready::stands)).await;
    match asked {
        Ok(_) => Ok(()),
        Err(Unmet::Trouble(trouble)) => Err(Hitch::of_item(item, &trouble)),
        Err(unmet @ (Unmet::Never(_) | Unmet::Over { .. })) => {
            Err(Hitch::new(&item.id, item.object.place(), unmet.to_string()))
        }
    }
}

/// Waits until the kinds that these definitions give are found and served: that comes a moment after `Established`, and
/// no watch tells it.
async fn served(kube: &Kube, items: &[Item], pace: &Pace, say: &dyn Fn(&str)) -> Result<(), Hitch> {
    let defined = items.iter().filter(|item| rank::of(&item.id) == Rank::Definitions);
    for item in defined {
        for (api_version, kind) in gives(&item.body) {
            let asked = kube.patiently(pace, say, async |kube| match kube.list(&api_version, &kind, None).await {
                Err(Trouble::NoSuchKind { .. }) => Err(not_yet(&kind)),
                Err(Trouble::Refused(refusal)) if refusal.code == 404 => Err(not_yet(&kind)),
                answer => answer,
            });
            asked.await.map_err(|trouble| Hitch::of_item(item, &trouble))?;
        }
    }
    Ok(())
}

fn not_yet(kind: &str) -> Trouble {
    Trouble::Unreachable(format!("the kind {kind} is defined and not served yet"))
}

/// The versions of the kind that this definition gives.
fn gives(definition: &Value) -> Vec<(String, String)> {
    let spec = &definition["spec"];
    let (Some(group), Some(kind)) = (spec["group"].as_str(), spec["names"]["kind"].as_str()) else { return Vec::new() };
    let versions = spec["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let served = versions.iter().filter(|version| version["served"] == true);
    served.filter_map(|version| Some((format!("{group}/{}", version["name"].as_str()?), kind.to_owned()))).collect()
}
