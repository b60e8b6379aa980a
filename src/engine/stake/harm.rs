//! F21: data that lies only in what dies; nothing is deleted before the plan names it as such that may. And F15: what holds a
//! part of it, so that a delete would end in its middle.

use crate::checks::told::Told;
use crate::model::{Finding, Place, Severity, Spot, Unknown};
use crate::steps::cluster::contract::Blast;
use std::path::Path;

const ID: &str = "F21";
const HELD: &str = "F15";

pub fn judge(blast: &Blast, discard: &[(String, Spot)], place: &Place, told: &mut Told) {
    let covers = |entry: &str, path: &str| Path::new(path).starts_with(entry);
    for (path, whose) in &blast.lost {
        if discard.iter().any(|(entry, _)| covers(entry, path)) {
            continue;
        }
        told.add(Finding {
            id: ID,
            severity: Severity::Error,
            place: place.clone(),
            object: path.clone(),
            message: format!("holds data that lies nowhere else and dies with the cluster: {whose}"),
            fix: format!("copy it out; where it may die, say so in the plan: discard: [{path}]"),
            patch: None,
        });
    }
    for (what, holder) in &blast.held {
        told.add(Finding {
            id: HELD,
            severity: Severity::Error,
            place: place.clone(),
            object: what.clone(),
            message: format!("cannot be deleted with the cluster: {holder}"),
            fix: "take away what holds it, or take it off; then the same command".to_owned(),
            patch: None,
        });
    }
    // Of what could not be looked at nobody can say that an entry is about nothing.
    let unused = discard.iter().filter(|(entry, _)| !blast.lost.iter().any(|(path, _)| covers(entry, path)));
    for (entry, at) in unused.filter(|_| blast.unknown.is_empty()) {
        told.add(Finding {
            id: ID,
            severity: Severity::Note,
            place: Place { file: place.file.clone(), spot: *at },
            object: entry.clone(),
            message: "may die, says the plan, and nothing of it lies in what dies".to_owned(),
            fix: "take it out of `discard`, or mend the path".to_owned(),
            patch: None,
        });
    }
    told.unknowns.extend(blast.unknown.iter().map(|why| Unknown {
        id: ID,
        place: place.clone(),
        object: "what dies".to_owned(),
        message: why.clone(),
        missing: "a cluster that answers".to_owned(),
    }));
}
