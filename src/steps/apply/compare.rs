//! Whether a set of objects is there as its files say: by proof where there is one, else by asking what an apply would
//! change. Changes nothing.

use super::body::Item;
use super::{Compared, Hitch, Left, differ, items, live, owners, place, proof, ready};
use crate::manifests::Papers;
use crate::sys::Look;
use crate::sys::kube::{Force, Kube, Trouble, Verdict, is_secret, many};
use crate::sys::pace::Pace;
use serde_json::Value;
use std::collections::HashMap;

/// How often an object that changes under our eyes is looked at anew.
const LOOKS: usize = 3;

enum Is {
    Same,
    LeftTo(String),
    /// In these fields.
    Otherwise(Vec<String>),
    Not(String),
}

pub async fn compare(kube: &Kube, look: Look, papers: &Papers, pace: &Pace, say: &dyn Fn(&str)) -> Compared {
    let (mut end, mut seen) = (Compared::default(), HashMap::new());
    let objects: Vec<_> = papers.objects.iter().collect();
    let (items, hitches) = items(kube, &objects, &mut seen, pace, say).await;
    end.hitches = hitches;
    let all: Vec<&Item> = items.iter().collect();
    let live = match live::read(kube, &all, pace, say).await {
        Ok(live) => live,
        Err(trouble) => {
            end.hitches.extend(items.iter().map(|item| Hitch::of_item(item, &trouble)));
            return end;
        }
    };
    let each = many(&items, async |item| one(kube, look, item, live.get(&item.id).cloned(), pace, say).await).await;
    for (item, is) in items.iter().zip(each) {
        let object = &item.object;
        match is {
            Ok(Is::Same) => end.same += 1,
            Ok(Is::LeftTo(keeper)) => end.left_to.push(Left { id: item.id.clone(), keeper }),
            Ok(Is::Not(why)) => end.hitches.push(Hitch::new(&item.id, object.place(), why)),
            Ok(Is::Otherwise(fields)) => {
                let at = fields.first().map_or_else(|| object.place(), |field| place::of(object, field));
                let what = format!("it is otherwise than the file says: {}", fields.join(", "));
                end.hitches.push(Hitch::new(&item.id, at, what));
            }
            Err(trouble) => end.hitches.push(Hitch::of_item(item, &trouble)),
        }
    }
    end
}

async fn one(
    kube: &Kube,
    look: Look,
    item: &Item,
    mut live: Option<Value>,
    pace: &Pace,
    say: &dyn Fn(&str),
) -> Result<Is, Trouble> {
    let mut fields = Vec::new();
    for _ in 0..LOOKS {
        let Some(now) = &live else { return Ok(Is::Not("it is not there".to_owned())) };
        if let Some(keeper) = owners::keeper(now, &item.body) {
            return Ok(Is::LeftTo(keeper));
        }
        match ready::stands(now) {
            Verdict::Met => {}
            Verdict::NotYet(why) | Verdict::Never(why) => return Ok(Is::Not(why)),
        }
        if proof::holds(&item.body, now) {
            return Ok(Is::Same);
        }
        if is_secret(&item.body) {
            // Its values would come back with the answer to a dry run; what stands there is compared as it is.
            let fields = differ::from_file(&item.body, now);
            return Ok(if fields.is_empty() { Is::Same } else { Is::Otherwise(fields) });
        }
        let asked = kube.patiently(pace, say, async |kube| kube.apply_dry(look, &item.body, Force::No).await).await;
        fields = match asked {
            Ok(dry) => differ::after_dry(now, &dry, &item.body),
            Err(Trouble::Conflict(owners)) => {
                if let Some(owner) = owners.iter().find(|owner| owners::is_gitops(&owner.manager)) {
                    return Ok(Is::LeftTo(owner.manager.clone()));
                }
                owners.iter().map(|owner| owner.field.trim_start_matches('.').to_owned()).collect()
            }
            Err(trouble) => return Err(trouble),
        };
        if fields.is_empty() {
            return Ok(Is::Same);
        }
        // A controller may have written between the two questions.
        live = kube.patiently(pace, say, async |kube| kube.get(&item.id).await).await?;
    }
    Ok(Is::Otherwise(fields))
}
