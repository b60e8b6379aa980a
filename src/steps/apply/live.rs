//! What is there already, of a set of objects: as few questions as there can be, and never all Secrets of a cluster.

use super::body::Item;
use crate::model::ObjectId;
use crate::sys::kube::{Kube, Trouble, many};
use crate::sys::pace::Pace;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// So many objects of a kind in a namespace are asked for by their names.
const BY_NAME: usize = 2;
/// From so many namespaces on, a kind is asked for once for all of them.
const EVERYWHERE: usize = 4;

/// What there is, by name. An object that is not in it is not there.
pub type Live = HashMap<ObjectId, Value>;

type Group<'a> = (&'a str, &'a str, Option<&'a str>);

type Namespaces<'a> = BTreeMap<Option<&'a str>, Vec<&'a ObjectId>>;

enum Question<'a> {
    One(&'a ObjectId),
    All(Group<'a>),
}

pub async fn read(kube: &Kube, items: &[&Item], pace: &Pace, say: &dyn Fn(&str)) -> Result<Live, Trouble> {
    let questions = questions(items);
    let answers = many(&questions, async |question| {
        kube.patiently(pace, say, async |kube| match question {
            Question::One(id) => Ok(kube.get(id).await?.into_iter().collect()),
            Question::All((api_version, kind, namespace)) => match kube.list(api_version, kind, *namespace).await {
                // A kind that is known and cannot be listed is asked for by name where it matters.
                Err(Trouble::Refused(refusal)) if refusal.code == 405 => Ok(Vec::new()),
                answer => answer,
            },
        })
        .await
    })
    .await;
    let mut live = Live::new();
    for answer in answers {
        live.extend(answer?.into_iter().filter_map(|object| Some((ObjectId::of(&object)?, object))));
    }
    Ok(live)
}

fn questions<'a>(items: &[&'a Item]) -> Vec<Question<'a>> {
    let mut kinds: BTreeMap<(&str, &str), Namespaces<'_>> = BTreeMap::new();
    for id in items.iter().map(|item| &item.id) {
        let groups = kinds.entry((&*id.api_version, &*id.kind)).or_default();
        groups.entry(id.namespace.as_deref()).or_default().push(id);
    }
    let mut questions = Vec::new();
    for ((api_version, kind), groups) in kinds {
        let everywhere = groups.len() >= EVERYWHERE && kind != "Secret";
        if everywhere && groups.values().map(Vec::len).sum::<usize>() > 2 * EVERYWHERE {
            questions.push(Question::All((api_version, kind, None)));
            continue;
        }
        for (namespace, ids) in groups {
            if ids.len() <= BY_NAME {
                questions.extend(ids.into_iter().map(Question::One));
            } else {
                questions.push(Question::All((api_version, kind, namespace)));
            }
        }
    }
    questions
}
