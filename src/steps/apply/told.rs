//! What came of a set of objects: how many were made, changed or left alone, and what stood in the way of which.

use super::body::Item;
use super::place;
use crate::manifests::Object;
use crate::model::{ObjectId, Place};
use crate::sys::kube::Trouble;
use std::fmt;

/// An object that did not become what its file says.
#[derive(Clone, Debug)]
pub struct Hitch {
    pub id: ObjectId,
    /// The field that is the matter where one is known, else the object.
    pub place: Place,
    pub what: String,
    /// What to do about it, where that is known.
    pub advice: Option<String>,
    /// False when the cluster could not be asked.
    pub known: bool,
}

/// An object that somebody else keeps, and who.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    pub id: ObjectId,
    pub keeper: String,
}

/// The end of an apply.
#[derive(Clone, Debug, Default)]
pub struct Applied {
    pub created: usize,
    pub changed: usize,
    pub unchanged: usize,
    pub left_to: Vec<Left>,
    pub hitches: Vec<Hitch>,
    /// Objects that were not tried, because others that they may rest on had failed or took all the time.
    pub not_tried: usize,
}

/// The end of a comparison.
#[derive(Clone, Debug, Default)]
pub struct Compared {
    /// Objects that an apply would not change.
    pub same: usize,
    pub left_to: Vec<Left>,
    /// What is not there, is otherwise, or could not be asked.
    pub hitches: Vec<Hitch>,
}

impl Hitch {
    pub fn new(id: &ObjectId, place: Place, what: impl Into<String>) -> Self {
        Self { id: id.clone(), place, what: what.into(), advice: None, known: true }
    }
    /// A trouble with this object, at the field that it is about.
    pub fn of(object: &Object, id: &ObjectId, trouble: &Trouble) -> Self {
        let refusal = trouble.refusal();
        let causes = refusal.map(|refusal| &*refusal.causes).unwrap_or_default();
        let named = causes.iter().map(|cause| &*cause.field).find(|field| !field.is_empty());
        let field = named.or_else(|| refusal.and_then(|refusal| place::field_in(&refusal.message)));
        let place = field.map_or_else(|| object.place(), |field| place::of(object, field));
        Self { advice: advice(id, trouble), known: is_answer(trouble), ..Self::new(id, place, trouble.to_string()) }
    }
    pub fn of_item(item: &Item, trouble: &Trouble) -> Self {
        Self::of(&item.object, &item.id, trouble)
    }
}

/// `kubernetes/apps.yaml:31:5: Deployment apps/jellyfin: …`
impl fmt::Display for Hitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.id, self.what)?;
        self.advice.as_ref().map_or(Ok(()), |advice| write!(f, "; {advice}"))
    }
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} created, {} changed, {} as they were", self.created, self.changed, self.unchanged)?;
        for (count, what) in [
            (self.left_to.len(), "left to who keeps them"),
            (self.hitches.len(), "failed"),
            (self.not_tried, "not tried"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

/// Whether this trouble is the server's word about the object, or only that it could not be asked about it.
fn is_answer(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Refused(refusal) => !refusal.transient && refusal.code != 403,
        Trouble::Conflict(_) | Trouble::NoSuchKind { .. } | Trouble::NoName(_) => true,
        Trouble::Unreachable(_)
        | Trouble::Timeout(_)
        | Trouble::Throttled { .. }
        | Trouble::Unauthorised(_)
        | Trouble::Unreadable(_)
        | Trouble::Unusable(_)
        | Trouble::BrokenOff(..) => false,
    }
}

/// What a person can do, where the words of the server do not say it.
fn advice(id: &ObjectId, trouble: &Trouble) -> Option<String> {
    if let Trouble::NoSuchKind { .. } = trouble {
        return Some("its CustomResourceDefinition has to be applied before".to_owned());
    }
    let refusal = trouble.refusal()?;
    let says = |words: &str| refusal.message.contains(words);
    let namespace = id.namespace.as_deref().unwrap_or_default();
    Some(match refusal.code {
        404 if says("namespaces \"") => format!("Namespace {namespace} has to be applied before"),
        403 if says("exceeded quota") => {
            format!("look at what is used: kubectl -n {namespace} describe resourcequota")
        }
        403 if says("is being terminated") => {
            format!("what holds it: kubectl get namespace {namespace} -o jsonpath='{{.status.conditions}}'")
        }
        422 if says("immutable") => {
            format!("write the old value, or delete the object if nothing in it is needed: {}", kubectl(id, "delete"))
        }
        _ => return None,
    })
}

fn kubectl(id: &ObjectId, verb: &str) -> String {
    let namespace = id.namespace.as_deref().map_or_else(String::new, |namespace| format!("-n {namespace} "));
    format!("kubectl {namespace}{verb} {} {}", id.kind.to_lowercase(), id.name)
}
