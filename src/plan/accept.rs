//! Reads `accept` of a plan: findings that may stand until a day. What there is to be found is not known here.

use crate::checks::accept::{Acceptance, Scope, is_id};
use crate::model::time::Day;
use crate::model::{Place, Spot};
use crate::steps::fields::Fields;
use crate::steps::keys;
use crate::sys::yaml::{Body, Node};

/// One entry of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept {
    pub id: String,
    pub object: String,
    pub reason: String,
    pub until: Day,
    pub at: Spot,
}

impl Accept {
    /// As the checks take it; `file` is the plan as people know it.
    pub fn acceptance(&self, file: &str) -> Acceptance {
        Acceptance {
            id: self.id.clone(),
            until: self.until,
            reason: self.reason.clone(),
            scope: Scope::Object(self.object.clone()),
            place: Place { file: file.to_owned(), spot: self.at },
            object: self.object.clone(),
        }
    }
}

pub fn read(fields: &mut Fields<'_, '_>) -> Vec<Accept> {
    let Some(entry) = fields.take("accept") else { return Vec::new() };
    let kind = entry.value.kind();
    let Body::List(items) = entry.value.body else {
        let like = "- {id: F47, object: ConfigMap apps/page, reason: why, until: 2027-03-01}";
        fields.faults.add(entry.value.at, format!("`accept` wants a list, as {like}, and here is {kind}"));
        return Vec::new();
    };
    items.into_iter().filter_map(|item| one(item, fields)).collect()
}

fn one(item: Node<'_>, fields: &mut Fields<'_, '_>) -> Option<Accept> {
    let (at, kind) = (item.at, item.kind());
    let Body::Map(entries) = item.body else {
        fields.faults.add(at, format!("an entry of `accept` wants id, object, reason and until, and here is {kind}"));
        return None;
    };
    let mut own = Fields::new(at, entries, fields.faults);
    for key in keys::ACCEPT {
        own.require(keys::ACCEPT, key.name, "an entry of `accept`");
    }
    let id = own.read("id", "what the finding is called, as F47", |text| match is_id(text) && text.starts_with('F') {
        true => Ok(text.to_owned()),
        false => Err("is no id of a finding: F and two digits".to_owned()),
    });
    let words = |text: &str| match text.trim() {
        "" => Err("is empty: say it in words".to_owned()),
        text => Ok(text.to_owned()),
    };
    let object = own.read("object", "what the finding is about, as ConfigMap apps/page", words);
    let reason = own.read("reason", "why it may stand, in words", words);
    let until = own.read("until", "a day, as 2027-03-01", |text| {
        Day::read(text).ok_or_else(|| "is no day of the calendar: write it as 2027-03-01".to_owned())
    });
    own.finish("an entry of `accept`", &[keys::ACCEPT]);
    Some(Accept { id: id?, object: object?, reason: reason?, until: until?, at })
}
